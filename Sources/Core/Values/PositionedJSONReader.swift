/// The second reader of JSON: strict RFC 8259, slower than simdjson, and sure of every place.
///
/// It reads what the fast path refused and says why, with line, column and pointer.
struct PositionedJSONReader {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var index = 0
    private var path: [String] = []
    private var values = 0

    init(_ bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func read() throws(JSONError) -> JSON {
        if bytes.count > limits.bytes {
            index = limits.bytes
            throw failure(.tooLarge, "the text is larger than \(limits.bytes) bytes")
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw failure(.unexpected, "JSON must not begin with a byte order mark", "remove it")
        }
        try checkUTF8()
        skipSpace()
        if index == bytes.count { throw failure(.empty, "there is no value, expected JSON") }
        let value = try value()
        skipSpace()
        if index < bytes.count {
            throw failure(.trailing, "expected the end after the value; got \(shown)")
        }
        return value
    }

    // MARK: Values

    private mutating func value() throws(JSONError) -> JSON {
        values += 1
        if values > limits.values {
            throw failure(.tooLarge, "there are more than \(limits.values) values")
        }
        guard let byte = peek else { throw unterminated("a value") }
        switch byte {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw unexpectedValue()
        }
    }

    private mutating func object() throws(JSONError) -> JSON {
        try enter()
        index += 1
        var members: [JSONObject.Member] = []
        var names: Set<String> = []
        skipSpace()
        if peek == UInt8(ascii: "}") {
            index += 1
            return .object(JSONObject())
        }
        while true {
            skipSpace()
            guard let byte = peek else { throw unterminated("a member's name") }
            guard byte == UInt8(ascii: "\"") else { throw unexpectedName(after: members.isEmpty) }
            let start = index
            let name = try string()
            path.append(name)
            guard names.insert(name).inserted else {
                index = start
                throw failure(.duplicateName, "the name \"\(name)\" is there twice", "remove one")
            }
            skipSpace()
            guard peek == UInt8(ascii: ":") else {
                throw peek == nil
                    ? unterminated("':' after the name")
                    : failure(.unexpected, "expected ':' after the name; got \(shown)")
            }
            index += 1
            skipSpace()
            members.append(.init(name, try value()))
            path.removeLast()
            skipSpace()
            if try !comma(before: UInt8(ascii: "}")) { break }
        }
        return .object(JSONObject(uniqueMembers: members))
    }

    private mutating func array() throws(JSONError) -> JSON {
        try enter()
        index += 1
        var elements: [JSON] = []
        skipSpace()
        if peek == UInt8(ascii: "]") {
            index += 1
            return .array([])
        }
        while true {
            skipSpace()
            path.append(String(elements.count))
            if peek == UInt8(ascii: "]"), !elements.isEmpty {
                throw failure(
                    .unexpected,
                    "expected a value after ','; got ']'",
                    "remove the comma"
                )
            }
            elements.append(try value())
            path.removeLast()
            skipSpace()
            if try !comma(before: UInt8(ascii: "]")) { break }
        }
        return .array(elements)
    }

    /// Passes a comma and says yes, or the closing bracket and says no.
    private mutating func comma(before close: UInt8) throws(JSONError) -> Bool {
        let closing = Character(Unicode.Scalar(close))
        guard let byte = peek else { throw unterminated("',' or '\(closing)'") }
        guard byte == UInt8(ascii: ",") || byte == close else {
            throw failure(.unexpected, "expected ',' or '\(closing)'; got \(shown)")
        }
        index += 1
        return byte == UInt8(ascii: ",")
    }

    private func enter() throws(JSONError) {
        if path.count >= limits.depth {
            throw failure(.tooDeep, "values are nested more than \(limits.depth) deep")
        }
    }

    private mutating func word(_ word: String, _ value: JSON) throws(JSONError) -> JSON {
        guard bytes[index...].starts(with: word.utf8) else { throw unexpectedValue() }
        let end = index + word.utf8.count
        if end < bytes.count, Self.isNameByte(bytes[end]) { throw unexpectedValue() }
        index = end
        return value
    }

    // MARK: Numbers

    private mutating func number() throws(JSONError) -> JSON {
        let start = index
        if peek == UInt8(ascii: "-") { index += 1 }
        let digits = skipDigits()
        if digits == 0 { throw invalidNumber(start, "expected a digit") }
        let first = bytes[index - digits]
        if first == UInt8(ascii: "0"), digits > 1 {
            throw invalidNumber(start, "a number must not begin with zeroes")
        }
        var whole = true
        if peek == UInt8(ascii: ".") {
            whole = false
            index += 1
            if skipDigits() == 0 { throw invalidNumber(start, "expected a digit after '.'") }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            whole = false
            index += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { index += 1 }
            if skipDigits() == 0 { throw invalidNumber(start, "expected a digit in the exponent") }
        }
        if let byte = peek, Self.isNameByte(byte) {
            throw invalidNumber(start, "a number ends before \(shown)")
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if whole {
            if let value = Int64(text) { return .int(value) }
            if let value = UInt64(text) { return .uint(value) }
            index = start
            throw failure(
                .numberRange,
                "the integer \(text.prefix(40)) is beyond 64 bits",
                "write it as a string"
            )
        }
        guard let value = Double(text), value.isFinite else {
            index = start
            throw failure(.numberRange, "the number \(text.prefix(40)) is beyond a double")
        }
        return .double(value)
    }

    private mutating func skipDigits() -> Int {
        let start = index
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
        return index - start
    }

    private mutating func invalidNumber(_ start: Int, _ message: String) -> JSONError {
        failure(.invalidNumber, message)
    }

    // MARK: Strings

    private mutating func string() throws(JSONError) -> String {
        let open = index
        index += 1
        var run = index
        var text: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                text += bytes[run..<index]
                index += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                text += bytes[run..<index]
                text += try escape()
                run = index
            case 0..<0x20:
                let name = byte == 0x0A ? "a line end" : "the control character \(byte)"
                throw failure(
                    .unexpected,
                    "\(name) must not stand in a string",
                    byte == 0x0A ? "write \\n" : "write \\u00\([byte].hex)"
                )
            default: index += 1
            }
        }
        index = open
        throw failure(.unterminated, "this string is not closed", "add '\"' at its end")
    }

    private mutating func escape() throws(JSONError) -> [UInt8] {
        let start = index
        index += 1
        guard let byte = peek else { throw unterminated("an escape") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return try unicodeEscape(start)
        default:
            index = start
            throw failure(
                .invalidEscape,
                "\\\(Character(Unicode.Scalar(byte))) is no escape",
                "write \\\\ for a backslash"
            )
        }
    }

    private mutating func unicodeEscape(_ start: Int) throws(JSONError) -> [UInt8] {
        var code = UInt32(try codeUnit(start))
        if (0xD800...0xDBFF).contains(code), bytes[index...].starts(with: "\\u".utf8) {
            index += 2
            let low = UInt32(try codeUnit(start))
            if (0xDC00...0xDFFF).contains(low) {
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
        }
        guard let scalar = Unicode.Scalar(code) else {
            index = start
            throw failure(.invalidEscape, "half a surrogate pair is no character")
        }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func codeUnit(_ start: Int) throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = hexValue(byte) else {
                index = start
                throw failure(.invalidEscape, "\\u needs four hexadecimal digits")
            }
            unit = unit << 4 | UInt16(digit)
            index += 1
        }
        return unit
    }

    private mutating func checkUTF8() throws(JSONError) {
        guard let bad = firstInvalidUTF8(bytes) else { return }
        index = bad
        throw failure(
            .invalidUTF8,
            "the byte 0x\([bytes[bad]].hex) is not UTF-8",
            "save the text as UTF-8"
        )
    }

    // MARK: Places and words

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            index += 1
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "+"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// The word or character that stands here, quoted.
    private var shown: String {
        guard index < bytes.count else { return "the end" }
        var end = index
        while end < bytes.count, Self.isNameByte(bytes[end]), end - index < 24 { end += 1 }
        if end > index { return "'" + String(decoding: bytes[index..<end], as: UTF8.self) + "'" }
        let rest = String(decoding: bytes[index..<min(bytes.count, index + 8)], as: UTF8.self)
        return "'\(rest.unicodeScalars.first.map(String.init) ?? "")'"
    }

    private func unexpectedValue() -> JSONError {
        let fix: String? =
            switch peek {
            case UInt8(ascii: "'"): "use double quotes"
            case UInt8(ascii: "/"), UInt8(ascii: "#"): "JSON has no comments"
            case UInt8(ascii: "N"), UInt8(ascii: "I"): "JSON has no NaN or Infinity; use null"
            case UInt8(ascii: "T"), UInt8(ascii: "F"): "write true or false"
            case UInt8(ascii: "+"), UInt8(ascii: "."): "write the number as -1, 0.5 or 1"
            default: nil
            }
        return failure(.unexpected, "expected a value; got \(shown)", fix)
    }

    private func unexpectedName(after first: Bool) -> JSONError {
        let fix: String? =
            switch peek {
            case UInt8(ascii: "'"): "use double quotes"
            case UInt8(ascii: "}"): first ? nil : "remove the comma before it"
            case UInt8(ascii: "/"), UInt8(ascii: "#"): "JSON has no comments"
            default: "put the name in double quotes"
            }
        return failure(.unexpected, "expected a name in double quotes; got \(shown)", fix)
    }

    private func unterminated(_ what: String) -> JSONError {
        failure(.unterminated, "the text ends where \(what) was expected")
    }

    private func failure(
        _ code: JSONError.Code,
        _ message: String,
        _ fix: String? = nil
    ) -> JSONError {
        JSONError(
            code,
            message,
            fix: fix,
            position: position(at: index),
            pointer: JSONPointer(tokens: path)
        )
    }

    private func position(at offset: Int) -> SourcePosition {
        let before = bytes[..<min(offset, bytes.count)]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let lineStart = (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
        let column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
        return SourcePosition(line: line, column: column, offset: offset)
    }
}

/// The offset of the first byte that is not part of well-formed UTF-8 (Unicode, table 3-7).
package func firstInvalidUTF8(_ bytes: [UInt8]) -> Int? {
    var index = 0
    while index < bytes.count {
        let lead = bytes[index]
        let (length, second): (Int, ClosedRange<UInt8>)
        switch lead {
        case 0..<0x80:
            index += 1
            continue
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return index
        }
        guard index + length <= bytes.count, second.contains(bytes[index + 1]) else { return index }
        for next in bytes[index + 2..<max(index + 2, index + length)] where next & 0xC0 != 0x80 {
            return index
        }
        index += length
    }
    return nil
}
