internal import Values

/// Where the value of a top-level property stands in the text of a JSON object.
struct PropertySpan: Sendable, Equatable {
    /// The value's bytes: of a string, those between the quotes; else the whole literal.
    let bytes: Range<Int>
    let isString: Bool

    /// Walks the text by its structure, so equal bytes elsewhere are never taken for it.
    ///
    /// Nothing when the text is no object, has no such property, or holds a list or object there.
    init?(of name: String, in text: [UInt8]) {
        var walk = JSONWalk(text: text)
        guard let span = walk.value(of: name) else { return nil }
        self = span
    }

    init(bytes: Range<Int>, isString: Bool) {
        self.bytes = bytes
        self.isString = isString
    }
}

/// A walk over text that has been read as JSON before; on anything else it just ends early.
private struct JSONWalk {
    let text: [UInt8]
    var at = 0

    init(text: [UInt8]) { self.text = text }

    mutating func value(of name: String) -> PropertySpan? {
        guard take("{") else { return nil }
        while let found = string() {
            let matches = decoded(found) == name
            guard take(":") else { return nil }
            skipSpace()
            let isScalar = !isAt("{") && !isAt("[")
            let isString = isAt("\"")
            let start = at
            guard let span = isString ? string() : (skip() ? start..<at : nil) else { return nil }
            if matches { return isScalar ? PropertySpan(bytes: span, isString: isString) : nil }
            guard take(",") else { return nil }
        }
        return nil
    }

    private func decoded(_ span: Range<Int>) -> String? {
        let raw = text[span]
        guard raw.contains(UInt8(ascii: "\\")) else { return String(decoding: raw, as: UTF8.self) }
        do {
            return try JSON.read(Array(text[span.lowerBound - 1...span.upperBound])).string
        } catch {
            return nil
        }
    }

    /// The bytes between the quotes of the string here, and steps past it.
    private mutating func string() -> Range<Int>? {
        guard take("\"") else { return nil }
        let start = at
        while at < text.count {
            switch text[at] {
            case UInt8(ascii: "\\"): at += 2
            case UInt8(ascii: "\""):
                at += 1
                return start..<at - 1
            default: at += 1
            }
        }
        return nil
    }

    /// Steps past one value that is no string.
    private mutating func skip() -> Bool {
        var depth = 0
        let start = at
        while at < text.count {
            switch text[at] {
            case UInt8(ascii: "\""):
                guard string() != nil else { return false }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return at > start }
                depth -= 1
                if depth == 0 {
                    at += 1
                    return true
                }
            case let byte where depth == 0 && (byte == UInt8(ascii: ",") || isSpace(byte)):
                return at > start
            default: break
            }
            at += 1
        }
        return false
    }

    private mutating func skipSpace() {
        while at < text.count, isSpace(text[at]) { at += 1 }
    }

    private func isAt(_ character: Unicode.Scalar) -> Bool {
        at < text.count && text[at] == UInt8(ascii: character)
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard isAt(character) else { return false }
        at += 1
        return true
    }
}

/// Whether JSON takes the byte for white space.
func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
}
