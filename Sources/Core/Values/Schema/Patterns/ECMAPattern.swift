/// Reads regular expressions as ECMA-262 writes them, with the `u` flag, and spells them for RE2.
///
/// Both what JSON Schema's `pattern` needs and what its format `regex` asks. A `pattern` may also
/// have what many schemas have and no engine takes for anything else: escapes of punctuation that
/// need none, a brace or bracket on its own, and `(?i)`.
struct ECMAPattern {
    /// Why a pattern is of no use.
    struct Failure: Error, Equatable {
        let message: String
        let fix: String?

        init(_ message: String, fix: String? = nil) {
            self.message = message
            self.fix = fix
        }
    }

    /// The pattern for RE2; a failure also where RE2 has nothing like it.
    static func translated(_ text: String) throws(Failure) -> String {
        var reader = ECMAPattern(text, isStrict: false)
        try reader.read()
        if let unsupported = reader.unsupported { throw unsupported }
        return reader.output
    }

    /// Whether the text is a pattern of ECMA-262, whatever RE2 can do with it.
    static func isValid(_ text: String) -> Bool {
        var reader = ECMAPattern(text, isStrict: true)
        do {
            try reader.read()
            return true
        } catch {
            return false
        }
    }

    static let anything = #"[\x{0}-\x{10FFFF}]"#
    static let nothing = #"[^\x{0}-\x{10FFFF}]"#

    let scalars: [Unicode.Scalar]
    let isStrict: Bool
    var index = 0
    var output = ""
    /// What RE2 cannot do, when there is such.
    var unsupported: Failure?
    private var depth = 0
    private var matchesLineEnds = false
    private let groupCount: Int
    /// Names of groups, each with the alternatives it stands in.
    private var names: [(name: String, path: [Int])] = []
    private var path: [Int] = []
    private var referred: [String] = []

    private init(_ text: String, isStrict: Bool) {
        scalars = Array(text.unicodeScalars)
        self.isStrict = isStrict
        groupCount = Self.groups(scalars)
    }

    /// How many groups capture: `(` that is neither escaped, in a class, nor special.
    private static func groups(_ scalars: [Unicode.Scalar]) -> Int {
        var count = 0
        var inClass = false
        var index = 0
        while index < scalars.count {
            switch scalars[index] {
            case "\\": index += 1
            case "[": inClass = true
            case "]": inClass = false
            case "(" where !inClass:
                let rest = scalars[(index + 1)...]
                let isName =
                    rest.starts(with: ["?", "<"]) && !rest.starts(with: ["?", "<", "="])
                    && !rest.starts(with: ["?", "<", "!"])
                if rest.first != "?" || isName { count += 1 }
            default: break
            }
            index += 1
        }
        return count
    }

    private mutating func read() throws(Failure) {
        try disjunction()
        if index < scalars.count { throw Failure("there is a ')' that closes nothing") }
        for name in referred where !names.contains(where: { $0.name == name }) {
            throw Failure("no group is called '\(name)'")
        }
    }

    // MARK: Structure

    private mutating func disjunction() throws(Failure) {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.patternDepth else {
            throw Failure("groups are nested more than \(Limits.patternDepth) deep")
        }
        path.append(0)
        while index < scalars.count, scalars[index] != ")" {
            if take("|") {
                output += "|"
                path[path.count - 1] += 1
                continue
            }
            try term()
        }
        path.removeLast()
    }

    private mutating func term() throws(Failure) {
        let start = index
        let scalar = scalars[index]
        index += 1
        var repeats = true
        switch scalar {
        case "^", "$":
            output.unicodeScalars.append(scalar)
            repeats = false
        case "(": repeats = try group()
        case ".": output += matchesLineEnds ? Self.anything : #"[^\n\r\x{2028}\x{2029}]"#
        case "[": try characterClass()
        case "\\": repeats = try atomEscape()
        case "*", "+", "?": throw Failure("there is nothing for '\(scalar)' to repeat")
        case "{", "}", "]":
            if isStrict { throw Failure("'\(scalar)' on its own is written '\\\(scalar)'") }
            index = start
            if try quantifier() != nil {
                throw Failure("there is nothing for '{' to repeat")
            }
            index = start + 1
            append(scalar)
        default: append(scalar)
        }
        let place = index
        guard let quantifier = try quantifier() else { return }
        guard repeats else {
            index = place
            throw Failure("'\(scalars[place])' cannot repeat what matches no character")
        }
        output += quantifier
    }

    /// A quantifier as RE2 writes it, where one stands here.
    private mutating func quantifier() throws(Failure) -> String? {
        guard index < scalars.count else { return nil }
        var text: String
        switch scalars[index] {
        case "*", "+", "?":
            text = String(scalars[index])
            index += 1
        case "{":
            guard let counted = try countedQuantifier() else {
                if isStrict { throw Failure("'{' on its own is written '\\{'") }
                return nil
            }
            text = counted
        default: return nil
        }
        if take("?") { text += "?" }
        return text
    }

    private mutating func countedQuantifier() throws(Failure) -> String? {
        let start = index
        index += 1
        let low = digits()
        var high: String? = low
        if low != nil, take(",") { high = digits() ?? "" }
        guard let low, let high, take("}") else {
            index = start
            return nil
        }
        // Beyond an `Int` one number is as good as another.
        let (least, most) = (Int(low) ?? .max, high.isEmpty ? .max : Int(high) ?? .max)
        if least > most { throw Failure("{\(low),\(high)} has its bounds the wrong way round") }
        for bound in [low, high] where (Int(bound) ?? (bound.isEmpty ? 0 : .max)) > 1000 {
            fail(Failure("RE2 repeats at most 1000 times", fix: "use 'maxLength' for long texts"))
        }
        return low == high ? "{\(low)}" : "{\(low),\(high)}"
    }

    private mutating func digits() -> String? {
        let start = index
        while index < scalars.count, ("0"..."9").contains(scalars[index]) { index += 1 }
        return index == start ? nil : text(start..<index)
    }

    // MARK: Groups

    /// A group behind its bracket; no when it is one that cannot be repeated.
    private mutating func group() throws(Failure) -> Bool {
        let dot = matchesLineEnds
        defer { matchesLineEnds = dot }
        guard take("?") else {
            try inside("(?:")
            return true
        }
        if take(":") {
            try inside("(?:")
        } else if take("=") || take("!") {
            try lookAround("ahead")
            return false
        } else if take("<") {
            if take("=") || take("!") {
                try lookAround("behind")
                return false
            }
            try groupName()
            try inside("(?:")
        } else {
            return try flags()
        }
        return true
    }

    private mutating func inside(_ opening: String) throws(Failure) {
        output += opening
        try disjunction()
        guard take(")") else { throw Failure("a '(' is not closed") }
        output += ")"
    }

    private mutating func lookAround(_ direction: String) throws(Failure) {
        fail(
            Failure(
                "RE2 cannot look \(direction)",
                fix: "use several patterns under 'allOf', and 'not'"
            )
        )
        try inside("(?:")
    }

    private mutating func groupName() throws(Failure) {
        let name = try name()
        let clashes = names.contains { known in
            known.name == name && !Self.areAlternatives(known.path, path)
        }
        if clashes { throw Failure("two groups are called '\(name)'") }
        names.append((name, path))
    }

    /// Whether two places are in different alternatives of one group.
    private static func areAlternatives(_ left: [Int], _ right: [Int]) -> Bool {
        zip(left, right).contains { $0 != $1 }
    }

    /// An identifier behind `<`, up to its `>`.
    private mutating func name() throws(Failure) -> String {
        var name = ""
        while index < scalars.count, scalars[index] != ">" {
            var scalar = scalars[index]
            index += 1
            if scalar == "\\" {
                guard take("u"), let code = try unicodeEscape(), let named = Unicode.Scalar(code)
                else { throw Failure("a group's name has an escape that is none") }
                scalar = named
            }
            let isFirst = name.isEmpty
            let properties = scalar.properties
            let isAllowed =
                scalar == "$" || scalar == "_" || properties.isIDStart
                || !isFirst
                    && (properties.isIDContinue || scalar == "\u{200C}" || scalar == "\u{200D}")
            guard isAllowed else { throw Failure("'\(scalar)' cannot stand in a group's name") }
            name.unicodeScalars.append(scalar)
        }
        guard !name.isEmpty, take(">") else { throw Failure("a group's name is not closed") }
        return name
    }

    /// `(?i-s:…)`; and, in a `pattern`, `(?i)` and Python's `(?P<name>…)`.
    private mutating func flags() throws(Failure) -> Bool {
        if !isStrict, take("P"), take("<") {
            _ = try name()
            try inside("(?:")
            return true
        }
        let start = index
        var seen: Set<Unicode.Scalar> = []
        var removes = false
        while index < scalars.count, scalars[index] != ":", scalars[index] != ")" {
            let flag = scalars[index]
            index += 1
            if flag == "-", !removes {
                removes = true
                continue
            }
            guard ["i", "m", "s"].contains(flag), seen.insert(flag).inserted else {
                throw Failure("'(?' is followed by nothing that ECMA-262 knows")
            }
            if flag == "s" { matchesLineEnds = !removes }
        }
        let written = text(start..<index)
        guard !seen.isEmpty else {
            throw Failure("'(?' is followed by nothing that ECMA-262 knows")
        }
        if take(":") {
            try inside("(?\(written):")
            return true
        }
        guard !isStrict, take(")") else { throw Failure("'(?\(written)' is not followed by ':'") }
        output += "(?\(written))"
        return false
    }

    // MARK: Escapes outside of classes

    /// An escape behind its backslash; no when it matches no character.
    private mutating func atomEscape() throws(Failure) -> Bool {
        guard index < scalars.count else { throw Failure("a '\\' stands at the end") }
        switch scalars[index] {
        case "b", "B":
            output += "\\" + String(scalars[index])
            index += 1
            return false
        case "1"..."9":
            let number = Int(digits() ?? "") ?? .max
            if number > groupCount { throw Failure("there is no group \(number) to refer to") }
            refer()
        case "k":
            index += 1
            guard take("<") else { throw Failure("'\\k' is followed by a name: \\k<name>") }
            referred.append(try name())
            refer()
        default:
            switch try escape(inClass: false) {
            case .scalar(let code): appendCode(code)
            case .set(let set): output += set.text
            }
        }
        return true
    }

    private mutating func refer() {
        fail(Failure("RE2 cannot refer back to what a group matched"))
        output += "(?:)"
    }

    // MARK: Pieces

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard index < scalars.count, scalars[index] == scalar else { return false }
        index += 1
        return true
    }

    func text(_ range: Range<Int>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars[range])
        return text
    }

    mutating func fail(_ failure: Failure) { unsupported = unsupported ?? failure }

    private mutating func append(_ scalar: Unicode.Scalar) { output += Self.literal(scalar.value) }

    /// A code point; a surrogate on its own is in no text, and so matches nothing.
    private mutating func appendCode(_ code: UInt32) {
        output += (0xD800...0xDFFF).contains(code) ? Self.nothing : Self.literal(code)
    }

    static func literal(_ code: UInt32) -> String {
        guard let scalar = Unicode.Scalar(code) else { return nothing }
        let isPlain = code < 0x80 && ASCII.isLetterOrDigit(UInt8(code))
        return isPlain ? String(scalar) : "\\x{\(String(code, radix: 16))}"
    }
}
