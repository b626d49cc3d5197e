internal import Values

/// `format()`: `%s %d %f %e %b %o %x %X %%`, with a precision for `%f` and `%e`.
struct TextFormat {
    static let function = LibraryFunction(
        { (bounds: [Bound]) in
            // A clause of six bytes writes some 400; a value's step is at most 64 bytes.
            let text = bounds[0].text * 210 + bounds[1].weight * 64
            let sorting = bounds[1].weight * Size(Work.rounds(bounds[1].count.count))
            return Estimate(
                bounds[0].text.read + bounds[0].text * 11 + bounds[1].weight * 2 + sorting
                    + text.read,
                .text(text)
            )
        },
        { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(2...2, "format")
            let text = try arguments.text(0, "format")
            guard arguments[1].elementCount != nil else {
                throw Library.noOverload("format", arguments)
            }
            try frame.read(text.utf8.count)
            var format = TextFormat(Array(text.utf8), arguments[1])
            return .string(try Texts.built(try format.written(&frame), &frame))
        }
    )

    private let text: [UInt8]
    private let arguments: ExpressionValue
    private var index = 0
    private var next: Int64 = 0

    private init(_ text: [UInt8], _ arguments: ExpressionValue) {
        self.text = text
        self.arguments = arguments
    }

    private mutating func written(_ frame: inout Frame) throws(EvaluationError) -> String {
        var result = ""
        while index < text.count {
            let start = index
            while index < text.count, text[index] != UInt8(ascii: "%") { index += 1 }
            result += String(decoding: text[start..<index], as: UTF8.self)
            guard index < text.count else { break }
            index += 1
            try frame.spend(1)
            result += try clause(&frame)
            try Texts.checkSize(result.utf8.count)
        }
        return result
    }

    private mutating func clause(_ frame: inout Frame) throws(EvaluationError) -> String {
        let precision = try precision()
        guard index < text.count else { throw Self.invalid("the format ends within a clause") }
        let verb = text[index]
        index += 1
        if verb == UInt8(ascii: "%") { return "%" }
        guard "sdfeboxX".utf8.contains(verb) else {
            throw Self.invalid(
                "'%\(Character(Unicode.Scalar(verb)))' is no clause; known are s d f e b o x X"
            )
        }
        guard next < Int64(arguments.elementCount ?? 0) else {
            throw Self.invalid("the format has more clauses than there are values")
        }
        let value = arguments.element(Int(next))
        next += 1
        switch verb {
        case UInt8(ascii: "s"): return try Self.text(of: value, &frame)
        case UInt8(ascii: "d"): return try Self.decimal(value)
        case UInt8(ascii: "f"), UInt8(ascii: "e"):
            try frame.spend(20)
            return try Self.real(value, precision ?? 6, isFixed: verb == UInt8(ascii: "f"))
        case UInt8(ascii: "b"), UInt8(ascii: "o"):
            return try Self.whole(value, radix: verb == UInt8(ascii: "b") ? 2 : 8)
        default: return try Self.hexadecimal(value, upper: verb == UInt8(ascii: "X"), &frame)
        }
    }

    /// `.3`, before a verb.
    private mutating func precision() throws(EvaluationError) -> Int? {
        guard index < text.count, text[index] == UInt8(ascii: ".") else { return nil }
        index += 1
        var value = 0
        while index < text.count, (0x30...0x39).contains(text[index]) {
            value = min(value * 10 + Int(text[index] - 0x30), Limits.formatPrecision + 1)
            index += 1
        }
        if value > Limits.formatPrecision {
            throw Self.invalid("a precision is at most \(Limits.formatPrecision)")
        }
        return value
    }

    private static func invalid(_ message: String) -> EvaluationError {
        EvaluationError(.invalidArgument, message)
    }

    private static func wrong(_ verb: String, _ value: ExpressionValue) -> EvaluationError {
        invalid("'%\(verb)' does not take a \(value.typeName)")
    }

    // MARK: Verbs

    /// Lists and maps with what is in them, the keys in order.
    private static func text(
        of value: ExpressionValue,
        _ frame: inout Frame
    ) throws(EvaluationError) -> String {
        try frame.spend(1)
        switch value {
        case .null: return "null"
        case .double(let value) where value.isInfinite: return value < 0 ? "-Infinity" : "Infinity"
        case .type(let name): return name
        case .bytes(let bytes):
            try frame.read(bytes.count)
            return String(decoding: bytes, as: UTF8.self)
        case .list, .array:
            var parts: [String] = []
            for index in 0..<(value.elementCount ?? 0) {
                parts.append(try text(of: value.element(index), &frame))
            }
            return "[" + parts.joined(separator: ", ") + "]"
        case .map, .object:
            var parts: [(key: String, text: String)] = []
            for key in value.keys {
                guard let member = value.member(key) else { continue }
                let name = try text(of: key, &frame)
                parts.append((name, name + ": " + (try text(of: member, &frame))))
            }
            try frame.spend(parts.count * Work.rounds(parts.count))
            parts.sort { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) }
            return "{" + parts.map(\.text).joined(separator: ", ") + "}"
        default:
            guard let text = value.text else { throw wrong("s", value) }
            try frame.read(text.utf8.count)
            return text
        }
    }

    private static func decimal(_ value: ExpressionValue) throws(EvaluationError) -> String {
        switch value {
        case .int(let value): return String(value)
        case .uint(let value): return String(value)
        case .double(let value): return unreal(value) ?? JSON.ecmaScript(value)
        default: throw wrong("d", value)
        }
    }

    /// What is no number that has digits.
    private static func unreal(_ value: Double) -> String? {
        if value.isNaN { return "NaN" }
        return value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : nil
    }

    private static func real(
        _ value: ExpressionValue,
        _ precision: Int,
        isFixed: Bool
    ) throws(EvaluationError) -> String {
        let number: Double
        switch value {
        case .int(let value): number = Double(value)
        case .uint(let value): number = Double(value)
        case .double(let value): number = value
        default: throw wrong(isFixed ? "f" : "e", value)
        }
        if let text = unreal(number) { return text }
        let exact = ExactDecimal(number)
        return isFixed ? exact.fixed(precision) : exact.scientific(precision)
    }

    private static func whole(
        _ value: ExpressionValue,
        radix: Int
    ) throws(EvaluationError) -> String {
        switch value {
        case .int(let value): return String(value, radix: radix)
        case .uint(let value): return String(value, radix: radix)
        case .bool(let value) where radix == 2: return value ? "1" : "0"
        default: throw wrong(radix == 2 ? "b" : "o", value)
        }
    }

    private static func hexadecimal(
        _ value: ExpressionValue,
        upper: Bool,
        _ frame: inout Frame
    ) throws(EvaluationError) -> String {
        switch value {
        case .int(let value): return String(value, radix: 16, uppercase: upper)
        case .uint(let value): return String(value, radix: 16, uppercase: upper)
        case .string(let text): return try hexadecimal(Array(text.utf8), upper, &frame)
        case .bytes(let bytes): return try hexadecimal(bytes, upper, &frame)
        default: throw wrong(upper ? "X" : "x", value)
        }
    }

    private static func hexadecimal(
        _ bytes: [UInt8],
        _ upper: Bool,
        _ frame: inout Frame
    ) throws(EvaluationError) -> String {
        try frame.read(bytes.count)
        let digits = Array((upper ? "0123456789ABCDEF" : "0123456789abcdef").utf8)
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
