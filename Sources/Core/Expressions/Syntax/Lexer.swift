internal import Values

/// What is wrong with an expression at one place of its text.
struct SyntaxProblem: Error, Sendable {
    let message: String
    let range: Range<Int>
    let fix: String?

    init(_ message: String, _ range: Range<Int>, fix: String? = nil) {
        self.message = message
        self.range = range
        self.fix = fix
    }
}

struct Token: Sendable {
    enum Kind: Sendable, Equatable {
        case identifier(String)
        /// A field name in backticks.
        case quotedField(String)
        case int(UInt64)
        case uint(UInt64)
        case double(Double)
        case string(String)
        case bytes([UInt8])
        case symbol(String)
        case end
    }

    let kind: Kind
    let range: Range<Int>
}

/// Cuts the text of an expression into tokens (CEL's grammar, "Syntax").
struct Lexer {
    private let bytes: [UInt8]
    private var index = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    /// The symbols of one character, by its byte.
    private static let symbols: [String?] = {
        var all = [String?](repeating: nil, count: 256)
        for byte in "<>+-*/%!?:.,()[]{}".utf8 {
            all[Int(byte)] = String(decoding: [byte], as: UTF8.self)
        }
        return all
    }()

    private func symbol(_ byte: UInt8) -> String? {
        switch (byte, peek(1)) {
        case (UInt8(ascii: "&"), UInt8(ascii: "&")): "&&"
        case (UInt8(ascii: "|"), UInt8(ascii: "|")): "||"
        case (UInt8(ascii: "="), UInt8(ascii: "=")): "=="
        case (UInt8(ascii: "!"), UInt8(ascii: "=")): "!="
        case (UInt8(ascii: "<"), UInt8(ascii: "=")): "<="
        case (UInt8(ascii: ">"), UInt8(ascii: "=")): ">="
        default: Self.symbols[Int(byte)]
        }
    }

    mutating func tokens() throws(SyntaxProblem) -> [Token] {
        var tokens: [Token] = []
        while true {
            skipSpace()
            let start = index
            guard let byte = peek else {
                tokens.append(Token(kind: .end, range: start..<start))
                return tokens
            }
            let kind = try token(byte)
            tokens.append(Token(kind: kind, range: start..<index))
            if tokens.count > Limits.tokens {
                throw SyntaxProblem(
                    "an expression may have at most \(Limits.tokens) tokens",
                    start..<index
                )
            }
        }
    }

    private mutating func token(_ byte: UInt8) throws(SyntaxProblem) -> Token.Kind {
        if Self.isDigit(byte) || byte == UInt8(ascii: ".") && Self.isDigit(peek(1) ?? 0) {
            return try number()
        }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
            return .string(try string(raw: false))
        }
        if byte == UInt8(ascii: "`") { return try quotedField() }
        if let prefixed = try prefixedString() { return prefixed }
        if Self.isNameStart(byte) {
            let start = index
            while let next = peek, Self.isNameStart(next) || Self.isDigit(next) { index += 1 }
            return .identifier(String(decoding: bytes[start..<index], as: UTF8.self))
        }
        if let symbol = symbol(byte) {
            index += symbol.utf8.count
            return .symbol(symbol)
        }
        let fix: String? =
            switch byte {
            case UInt8(ascii: "="): "write '==' to compare"
            case UInt8(ascii: "&"): "write '&&'"
            case UInt8(ascii: "|"): "write '||'"
            default: nil
            }
        throw SyntaxProblem(
            "'\(Character(Unicode.Scalar(byte)))' has no meaning here",
            index..<index + 1,
            fix: fix
        )
    }

    private mutating func skipSpace() {
        while let byte = peek {
            if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "/") {
                while let next = peek, next != UInt8(ascii: "\n") { index += 1 }
            } else if byte == 0x20 || (0x09...0x0D).contains(byte) && byte != 0x0B {
                index += 1
            } else {
                return
            }
        }
    }

    // MARK: Numbers

    private mutating func number() throws(SyntaxProblem) -> Token.Kind {
        let start = index
        if peek == UInt8(ascii: "0"), peek(1) == UInt8(ascii: "x") || peek(1) == UInt8(ascii: "X") {
            index += 2
            let digits = take { hexValue($0) != nil }
            return try integer(digits, radix: 16, from: start)
        }
        let whole = take(Self.isDigit)
        var isDouble = false
        if peek == UInt8(ascii: "."), Self.isDigit(peek(1) ?? 0) {
            isDouble = true
            index += 1
            _ = take(Self.isDigit)
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            let signed = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-")
            if Self.isDigit(peek(signed ? 2 : 1) ?? 0) {
                isDouble = true
                index += signed ? 2 : 1
                _ = take(Self.isDigit)
            }
        }
        if isDouble {
            let text = String(decoding: bytes[start..<index], as: UTF8.self)
            guard let value = Double(text) else {
                throw SyntaxProblem("'\(text)' is no number", start..<index)
            }
            return .double(value)
        }
        return try integer(whole, radix: 10, from: start)
    }

    private mutating func integer(
        _ digits: String,
        radix: Int,
        from start: Int
    ) throws(SyntaxProblem) -> Token.Kind {
        let isUnsigned = peek == UInt8(ascii: "u") || peek == UInt8(ascii: "U")
        if isUnsigned { index += 1 }
        guard let value = UInt64(digits, radix: radix) else {
            throw SyntaxProblem("the integer is beyond 64 bits", start..<index)
        }
        return isUnsigned ? .uint(value) : .int(value)
    }

    private mutating func take(_ belongs: (UInt8) -> Bool) -> String {
        let start = index
        while let byte = peek, belongs(byte) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    // MARK: Strings

    private mutating func quotedField() throws(SyntaxProblem) -> Token.Kind {
        let start = index
        index += 1
        let text = take { $0 != UInt8(ascii: "`") && $0 != UInt8(ascii: "\n") }
        guard peek == UInt8(ascii: "`"), !text.isEmpty else {
            throw SyntaxProblem("this name is not closed; expected '`'", start..<index)
        }
        index += 1
        return .quotedField(text)
    }

    /// `r"…"`, `b"…"` and both together.
    private mutating func prefixedString() throws(SyntaxProblem) -> Token.Kind? {
        var length = 0
        var raw = false
        var isBytes = false
        while length < 2, let byte = peek(length) {
            switch byte {
            case UInt8(ascii: "r"), UInt8(ascii: "R"):
                if raw { return nil }
                raw = true
            case UInt8(ascii: "b"), UInt8(ascii: "B"):
                if isBytes { return nil }
                isBytes = true
            default: break
            }
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { break }
            if !raw, !isBytes { return nil }
            length += 1
        }
        guard raw || isBytes,
            peek(length) == UInt8(ascii: "\"") || peek(length) == UInt8(ascii: "'")
        else { return nil }
        index += length
        if isBytes { return .bytes(try content(raw: raw, isBytes: true)) }
        return .string(try string(raw: raw))
    }

    private mutating func string(raw: Bool) throws(SyntaxProblem) -> String {
        let start = index
        guard let text = String(validating: try content(raw: raw, isBytes: false), as: UTF8.self)
        else { throw SyntaxProblem("this text is not UTF-8", start..<index) }
        return text
    }

    private mutating func content(raw: Bool, isBytes: Bool) throws(SyntaxProblem) -> [UInt8] {
        let start = index
        let quote = bytes[index]
        let triple = peek(1) == quote && peek(2) == quote
        index += triple ? 3 : 1
        var content: [UInt8] = []
        while let byte = peek {
            if byte == quote, !triple || (peek(1) == quote && peek(2) == quote) {
                index += triple ? 3 : 1
                return content
            }
            if !triple, byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { break }
            if byte == UInt8(ascii: "\\"), !raw {
                content += try escape(isBytes: isBytes)
            } else {
                if byte == UInt8(ascii: "\r"), triple {
                    if peek(1) == UInt8(ascii: "\n") { index += 1 }
                    content.append(UInt8(ascii: "\n"))
                } else {
                    content.append(byte)
                }
                index += 1
            }
        }
        throw SyntaxProblem("this text is not closed", start..<index)
    }

    private mutating func escape(isBytes: Bool) throws(SyntaxProblem) -> [UInt8] {
        let start = index
        index += 1
        guard let byte = peek else { throw SyntaxProblem("this text is not closed", start..<index) }
        index += 1
        let simple: [Character: UInt8] = [
            "a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "?": 63,
            "\"": 34, "'": 39, "`": 96,
        ]
        if let value = simple[Character(Unicode.Scalar(byte))] { return [value] }
        switch byte {
        case UInt8(ascii: "x"), UInt8(ascii: "X"):
            return try coded(digits: 2, radix: 16, isBytes, start)
        case UInt8(ascii: "u") where !isBytes:
            return try coded(digits: 4, radix: 16, false, start)
        case UInt8(ascii: "U") where !isBytes:
            return try coded(digits: 8, radix: 16, false, start)
        case UInt8(ascii: "0")...UInt8(ascii: "3"):
            index -= 1
            return try coded(digits: 3, radix: 8, isBytes, start)
        default:
            throw SyntaxProblem(
                "'\\\(Character(Unicode.Scalar(byte)))' is no escape",
                start..<index,
                fix: "write '\\\\' for a backslash, or r'…' for a raw text"
            )
        }
    }

    private mutating func coded(
        digits: Int,
        radix: Int,
        _ isByte: Bool,
        _ start: Int
    ) throws(SyntaxProblem) -> [UInt8] {
        let end = min(index + digits, bytes.count)
        let text = String(decoding: bytes[index..<end], as: UTF8.self)
        guard text.utf8.count == digits, text.utf8.allSatisfy({ hexValue($0) != nil }),
            let code = UInt32(text, radix: radix)
        else {
            throw SyntaxProblem("this escape needs \(digits) digits", start..<end)
        }
        index = end
        if isByte { return [UInt8(truncatingIfNeeded: code)] }
        guard let scalar = Unicode.Scalar(code) else {
            throw SyntaxProblem("this escape names no character", start..<end)
        }
        return Array(String(Character(scalar)).utf8)
    }

    private var peek: UInt8? { peek(0) }

    private func peek(_ ahead: Int) -> UInt8? {
        index + ahead < bytes.count ? bytes[index + ahead] : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
