internal import Values

/// Reads what stands inside one tag: a name, arguments, `key=value`, `as |x|`.
struct OperandReader {
    private let fragment: SourceFragment
    private let bytes: [UInt8]
    private let end: Int
    private var at: Int
    private var depth = 0
    private(set) var parameters: [String] = []
    private(set) var diagnostics: [Diagnostic] = []

    init(fragment: SourceFragment, bytes: [UInt8], range: Range<Int>) {
        self.fragment = fragment
        self.bytes = bytes
        at = range.lowerBound
        end = range.upperBound
    }

    /// Passes `else`, and says whether more follows it.
    mutating func takeElse() -> Bool {
        skipSpace()
        at = min(end, at + (starts("else") ? 4 : 1))
        skipSpace()
        return at < end
    }

    mutating func call() -> TemplateCall? {
        let start = at
        guard let name = operand() else {
            if diagnostics.isEmpty { note("expected a name", start..<max(start + 1, at)) }
            return nil
        }
        var arguments: [TemplateOperand] = []
        var hash: [(String, TemplateOperand)] = []
        while true {
            skipSpace()
            if at >= end || bytes[at] == UInt8(ascii: ")") { break }
            if takeParameters() { continue }
            if let key = hashKey() {
                guard let value = operand() else { return nil }
                hash.append((key, value))
            } else {
                guard let argument = operand() else { return nil }
                arguments.append(argument)
            }
        }
        return TemplateCall(
            name: name,
            arguments: arguments,
            hash: hash,
            range: fragment.sourceRange(start..<at)
        )
    }

    private mutating func operand() -> TemplateOperand? {
        skipSpace()
        guard at < end else {
            note("expected a value", at..<at + 1)
            return nil
        }
        switch bytes[at] {
        case UInt8(ascii: "("):
            at += 1
            depth += 1
            defer { depth -= 1 }
            guard depth <= Limits.depth else {
                note("parentheses are nested more than \(Limits.depth) deep", at - 1..<at)
                return nil
            }
            guard let inner = call() else { return nil }
            skipSpace()
            guard at < end, bytes[at] == UInt8(ascii: ")") else {
                note("'(' is not closed", at..<at + 1, fix: "add ')'")
                return nil
            }
            at += 1
            return .call(inner)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return text()
        default: return word()
        }
    }

    private mutating func text() -> TemplateOperand? {
        let start = at
        let quote = bytes[at]
        at += 1
        let from = at
        while at < end, bytes[at] != quote { at += 1 }
        guard at < end else {
            note("this text is not closed", start..<end)
            return nil
        }
        defer { at += 1 }
        return .literal(.string(String(decoding: bytes[from..<at], as: UTF8.self)))
    }

    private mutating func word() -> TemplateOperand? {
        let start = at
        while at < end, !Self.ends(bytes[at]) {
            if bytes[at] == UInt8(ascii: "[") {
                while at < end, bytes[at] != UInt8(ascii: "]") { at += 1 }
            }
            at += 1
        }
        at = min(at, end)
        let word = String(decoding: bytes[start..<at], as: UTF8.self)
        switch word {
        case "": note("expected a value", start..<start + 1)
        case "true": return .literal(true)
        case "false": return .literal(false)
        case "null", "undefined": return .literal(nil)
        default:
            if let first = word.utf8.first,
                first == UInt8(ascii: "-") || (0x30...0x39).contains(first),
                let number = try? JSON.read(word)
            {
                return .literal(number)
            }
            return .path(path(word, start..<at))
        }
        return nil
    }

    private func path(_ word: String, _ range: Range<Int>) -> TemplatePath {
        var rest = word[...]
        var up = 0
        while rest.hasPrefix("../") {
            up += 1
            rest = rest.dropFirst(3)
        }
        if rest == ".." {
            up += 1
            rest = ""
        }
        let isData = rest.hasPrefix("@")
        if isData { rest = rest.dropFirst() }
        if rest.hasPrefix("./") { rest = rest.dropFirst(2) }
        var names = rest.split(whereSeparator: { $0 == "." || $0 == "/" }).map { part in
            part.hasPrefix("[") && part.hasSuffix("]")
                ? String(part.dropFirst().dropLast()) : String(part)
        }
        if names.first == "this" { names.removeFirst() }
        return TemplatePath(
            up: up,
            isData: isData,
            names: names,
            range: fragment.sourceRange(range)
        )
    }

    private mutating func takeParameters() -> Bool {
        guard starts("as |") else { return false }
        at += 4
        let start = at
        while at < end, bytes[at] != UInt8(ascii: "|") { at += 1 }
        let names = String(decoding: bytes[start..<at], as: UTF8.self)
        parameters = names.split(separator: " ").map(String.init)
        at = min(end, at + 1)
        return true
    }

    private mutating func hashKey() -> String? {
        var probe = at
        while probe < end, Self.isNameByte(bytes[probe]) { probe += 1 }
        guard probe > at, probe < end, bytes[probe] == UInt8(ascii: "=") else { return nil }
        defer { at = probe + 1 }
        return String(decoding: bytes[at..<probe], as: UTF8.self)
    }

    private mutating func skipSpace() {
        while at < end, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
    }

    private func starts(_ text: String) -> Bool { bytes[at..<end].starts(with: text.utf8) }

    private static func ends(_ byte: UInt8) -> Bool {
        [0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ")"), UInt8(ascii: "=")].contains(byte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private mutating func note(_ message: String, _ range: Range<Int>, fix: String? = nil) {
        let range = range.lowerBound..<min(range.upperBound, bytes.count)
        diagnostics.append(
            Diagnostic(
                message,
                at: fragment.sourceRange(
                    min(range.lowerBound, range.upperBound)..<range.upperBound
                ),
                fix: fix
            )
        )
    }
}
