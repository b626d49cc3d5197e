internal import Values

/// The strings extension.
///
/// Places in a text count code points from 0.
enum Texts {
    static let functions: [String: LibraryFunction] = [
        "strings.quote": .writing(2) { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(1...1, "strings.quote")
            let text = try arguments.text(0, "strings.quote")
            try frame.read(text.utf8.count)
            return .string(try built(quoted(text), &frame))
        }
    ]

    static let methods: [String: LibraryFunction] = [
        "charAt": charAt, "indexOf": indexOf, "lastIndexOf": lastIndexOf,
        "lowerAscii": ascii("lowerAscii", UInt8(ascii: "A")...UInt8(ascii: "Z")),
        "upperAscii": ascii("upperAscii", UInt8(ascii: "a")...UInt8(ascii: "z")),
        "replace": replace, "split": split, "substring": substring, "trim": trim, "join": join,
        "reverse": reverse, "format": TextFormat.function,
    ]

    /// The text, when it is within the limit; its writing is counted.
    static func built(_ text: String, _ frame: inout Frame) throws(EvaluationError) -> String {
        try checkSize(text.utf8.count)
        try frame.read(text.utf8.count)
        return text
    }

    static func checkSize(_ bytes: Int) throws(EvaluationError) {
        if bytes > Limits.textBytes {
            throw EvaluationError(.cost, "a text would be larger than \(Limits.textBytes) bytes")
        }
    }

    private static func outOfRange(_ index: Int64) -> EvaluationError {
        EvaluationError(.outOfRange, "the index \(index) is out of range")
    }

    /// The place of the code point with that index; the end for the count of them.
    private static func place(
        _ index: Int64,
        in text: String
    ) throws(EvaluationError) -> String.Index {
        guard index >= 0, index <= text.utf8.count,
            let place = text.unicodeScalars.index(
                text.startIndex,
                offsetBy: Int(index),
                limitedBy: text.endIndex
            )
        else { throw outOfRange(index) }
        return place
    }

    private static let charAt = LibraryFunction.reading {
        (arguments, frame) throws(EvaluationError) in
        try arguments.expect(2...2, "charAt")
        let text = try arguments.text(0, "charAt")
        try frame.read(text.utf8.count)
        let place = try place(try arguments.int(1, "charAt"), in: text)
        return .string(
            place == text.endIndex ? "" : String(Character(text.unicodeScalars[place]))
        )
    }

    /// The text, the part, the bytes up to the given index, and the index.
    private static func search(
        _ arguments: [ExpressionValue],
        _ name: String,
        fallback: (String) -> String.Index,
        _ frame: inout Frame
    ) throws(EvaluationError) -> (text: String, part: String, start: String.Index) {
        try arguments.expect(2...3, name)
        let text = try arguments.text(0, name)
        let part = try arguments.text(1, name)
        try frame.read(text.utf8.count)
        try frame.read(part.utf8.count)
        let start =
            arguments.count == 3
            ? try place(try arguments.int(2, name), in: text) : fallback(text)
        return (text, part, start)
    }

    private static func index(_ place: Int?, in text: String) -> ExpressionValue {
        guard let place else { return .int(-1) }
        let end = text.utf8.index(text.startIndex, offsetBy: place)
        return .int(Int64(text.unicodeScalars.distance(from: text.startIndex, to: end)))
    }

    private static let indexOf = LibraryFunction.reading {
        (arguments, frame) throws(EvaluationError) in
        let (text, part, start) =
            try search(arguments, "indexOf", fallback: \.startIndex, &frame)
        let offset = text.utf8.distance(from: text.startIndex, to: start)
        return index(TextSearch(part).first(in: Array(text.utf8), from: offset), in: text)
    }

    private static let lastIndexOf = LibraryFunction.reading {
        (arguments, frame) throws(EvaluationError) in
        let (text, part, start) =
            try search(arguments, "lastIndexOf", fallback: \.endIndex, &frame)
        let offset = text.utf8.distance(from: text.startIndex, to: start)
        if part.isEmpty { return index(offset, in: text) }
        // Backwards the last is the first.
        let backwards = TextSearch(reversed: part)
        let bytes = Array(text.utf8.reversed())
        let from = max(0, bytes.count - offset - part.utf8.count)
        let found = backwards.first(in: bytes, from: from)
        return index(found.map { bytes.count - $0 - part.utf8.count }, in: text)
    }

    private static func ascii(_ name: String, _ letters: ClosedRange<UInt8>) -> LibraryFunction {
        .writing { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(1...1, name)
            let text = try arguments.text(0, name)
            try frame.read(2 * text.utf8.count)
            let bytes = text.utf8.map { letters.contains($0) ? $0 ^ 0x20 : $0 }
            return .string(String(decoding: bytes, as: UTF8.self))
        }
    }

    private static let substring = LibraryFunction.writing {
        (arguments, frame) throws(EvaluationError) in
        try arguments.expect(2...3, "substring")
        let text = try arguments.text(0, "substring")
        try frame.read(text.utf8.count)
        let start = try place(try arguments.int(1, "substring"), in: text)
        var end = text.endIndex
        if arguments.count == 3 { end = try place(try arguments.int(2, "substring"), in: text) }
        guard start <= end else {
            throw EvaluationError(.outOfRange, "the end of the substring is before its start")
        }
        return .string(try built(String(text.unicodeScalars[start..<end]), &frame))
    }

    private static let trim = LibraryFunction.writing {
        (arguments, frame) throws(EvaluationError) in
        try arguments.expect(1...1, "trim")
        let text = try arguments.text(0, "trim")
        try frame.read(text.utf8.count)
        var rest = text.unicodeScalars[...]
        while rest.first?.properties.isWhitespace == true { rest = rest.dropFirst() }
        while rest.last?.properties.isWhitespace == true { rest = rest.dropLast() }
        return .string(try built(String(rest), &frame))
    }

    private static let reverse = LibraryFunction(
        { (bounds: [Bound]) in
            let value = Bound.joined(bounds)
            return Estimate(Bound.read(bounds) * 2 + value.count, value)
        },
        { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(1...1, "reverse")
            guard case .string(let text) = arguments[0] else {
                return try Lists.reversed(arguments[0], &frame)
            }
            try frame.read(text.utf8.count)
            let scalars = String.UnicodeScalarView(text.unicodeScalars.reversed())
            return .string(try built(String(scalars), &frame))
        }
    )

    private static let join = LibraryFunction(
        { (bounds: [Bound]) in
            // At most the texts of all elements and as many separators.
            let separator = bounds.count > 1 ? bounds[1].text : 0
            let text = bounds[0].count * (bounds[0].text + separator)
            return Estimate(bounds[0].count + text.read, .text(text))
        },
        { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(1...2, "join")
            guard let count = arguments[0].elementCount else {
                throw Library.noOverload("join", arguments)
            }
            let separator = arguments.count == 2 ? try arguments.text(1, "join") : ""
            var text = ""
            for index in 0..<count {
                try frame.spend(1)
                guard case .string(let part) = arguments[0].element(index) else {
                    throw Library.noOverload("join", arguments)
                }
                let more = part.utf8.count + (index > 0 ? separator.utf8.count : 0)
                try checkSize(text.utf8.count + more)
                if index > 0 { text += separator }
                text += part
            }
            return .string(try built(text, &frame))
        }
    )

    private static let replace = LibraryFunction(
        { (bounds: [Bound]) in
            // An empty part is replaced before each code point and at the end.
            let text = bounds[0].text + (bounds[0].text + 1) * bounds[2].text
            return Estimate(Bound.read(bounds) + text.read, .text(text))
        },
        { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(3...4, "replace")
            let text = try arguments.text(0, "replace")
            let old = try arguments.text(1, "replace")
            let new = try arguments.text(2, "replace")
            let limit = arguments.count == 4 ? try arguments.int(3, "replace") : -1
            try frame.read(text.utf8.count)
            try frame.read(old.utf8.count)
            let bytes = Array(text.utf8)
            let places = places(of: old, in: text, bytes, limit: limit)
            try checkSize(bytes.count + places.count * (new.utf8.count - old.utf8.count))
            var result: [UInt8] = []
            var start = 0
            for place in places {
                result += bytes[start..<place]
                result += new.utf8
                start = place + old.utf8.count
            }
            result += bytes[start...]
            return .string(try built(String(decoding: result, as: UTF8.self), &frame))
        }
    )

    /// Where the part begins, an empty one before each code point and at the end.
    private static func places(
        of part: String,
        in text: String,
        _ bytes: [UInt8],
        limit: Int64
    ) -> [Int] {
        let most = limit < 0 ? Int.max : Int(limit)
        guard part.isEmpty else { return TextSearch(part).all(in: bytes, atMost: most) }
        let starts = bytes.indices.filter { bytes[$0] & 0xC0 != 0x80 } + [bytes.count]
        return Array(starts.prefix(most))
    }

    private static let split = LibraryFunction(
        { (bounds: [Bound]) in
            let parts = bounds[0].text + 1
            return Estimate(
                Bound.read(bounds) + parts,
                Bound(
                    text: bounds[0].text,
                    count: parts,
                    // However it is cut, the bytes are those of the text.
                    weight: 2 + parts + bounds[0].text.read,
                    element: 1 + bounds[0].text.read
                )
            )
        },
        { (arguments, frame) throws(EvaluationError) in
            try arguments.expect(2...3, "split")
            let text = try arguments.text(0, "split")
            let separator = try arguments.text(1, "split")
            let limit = arguments.count == 3 ? try arguments.int(2, "split") : -1
            try frame.read(text.utf8.count)
            try frame.read(separator.utf8.count)
            if limit == 0 { return .list([]) }
            if limit == 1 {
                try frame.spend(1)
                return .list([.string(text)])
            }
            let bytes = Array(text.utf8)
            let cuts = limit < 0 ? -1 : limit - 1
            var places = places(of: separator, in: text, bytes, limit: -1)
            // Between code points only, not at the ends.
            if separator.isEmpty { places = places.filter { $0 > 0 && $0 < bytes.count } }
            if cuts >= 0 { places = Array(places.prefix(Int(min(cuts, Int64(places.count))))) }
            try Lists.checkCount(places.count + 1)
            try frame.spend(places.count + 1)
            var parts: [ExpressionValue] = []
            var start = 0
            for place in places + [bytes.count] {
                parts.append(.string(String(decoding: bytes[start..<place], as: UTF8.self)))
                start = place + separator.utf8.count
            }
            return .list(separator.isEmpty && text.isEmpty ? [] : parts)
        }
    )

    /// In double quotes, with escapes for what cannot be seen.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\u{07}": result += "\\a"
            case "\u{08}": result += "\\b"
            case "\u{0C}": result += "\\f"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0B}": result += "\\v"
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
