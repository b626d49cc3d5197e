/// Escapes, and the characters that brackets list.
extension ECMAPattern {
    /// A set of characters as RE2 lists them between brackets.
    struct Characters {
        let items: String
        var isNegated = false
        /// What is not in it, where that can be listed.
        var others: String?

        /// On its own.
        var text: String { isNegated ? "[^\(items)]" : "[\(items)]" }

        /// Within brackets; nothing where RE2 has no way to say it.
        var listed: String? {
            if !isNegated { return items }
            if let others { return others }
            // One property has a spelling for what it is not.
            if items.hasPrefix("\\p"), items.dropFirst().firstIndex(of: "\\") == nil {
                return "\\P" + items.dropFirst(2)
            }
            return nil
        }
    }

    enum Escape {
        case scalar(UInt32)
        case set(Characters)
    }

    /// White space and line ends as ECMA-262 has them.
    static let space =
        #"\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}"#
    private static let noSpace =
        #"\x{0}-\x{8}\x{e}-\x{1f}!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}"#
        + #"\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}"#

    /// An escape that stands for a character or a set of them, behind its backslash.
    mutating func escape(inClass: Bool) throws(Failure) -> Escape {
        guard index < scalars.count else { throw Failure("a '\\' stands at the end") }
        let scalar = scalars[index]
        index += 1
        switch scalar {
        case "d": return .set(Characters(items: "0-9"))
        case "D": return .set(Characters(items: #"\x{0}-/:-\x{10ffff}"#))
        case "w": return .set(Characters(items: "0-9A-Za-z_"))
        case "W": return .set(Characters(items: #"\x{0}-/:-@\x{5b}-\x{5e}`\x{7b}-\x{10ffff}"#))
        case "s": return .set(Characters(items: Self.space))
        case "S": return .set(Characters(items: Self.noSpace))
        case "p", "P": return .set(try property(isNegated: scalar == "P"))
        case "f": return .scalar(0x0C)
        case "n": return .scalar(0x0A)
        case "r": return .scalar(0x0D)
        case "t": return .scalar(0x09)
        case "v": return .scalar(0x0B)
        case "b" where inClass: return .scalar(0x08)
        case "0":
            if index < scalars.count, ("0"..."9").contains(scalars[index]) {
                throw Failure("ECMA-262 has no octal escapes", fix: "write '\\x' and two digits")
            }
            return .scalar(0)
        case "c":
            guard index < scalars.count, let letter = UInt8(exactly: scalars[index].value),
                ASCII.isLetter(letter)
            else { throw Failure("'\\c' is followed by a letter") }
            index += 1
            return .scalar(UInt32(letter % 32))
        case "x":
            guard let code = hex(2) else { throw Failure("'\\x' is followed by two digits") }
            return .scalar(code)
        case "u":
            guard let code = try unicodeEscape() else {
                throw Failure("'\\u' is followed by four digits, or by some in braces")
            }
            return .scalar(code)
        default: return .scalar(try identity(scalar, inClass: inClass))
        }
    }

    /// A character that stands for itself behind a backslash.
    private func identity(_ scalar: Unicode.Scalar, inClass: Bool) throws(Failure) -> UInt32 {
        if "^$\\.*+?()[]{}|/".unicodeScalars.contains(scalar) { return scalar.value }
        if inClass, scalar == "-" { return scalar.value }
        let isWord = scalar.value >= 0x80 || ASCII.isLetterOrDigit(UInt8(scalar.value))
        if !isStrict, !isWord { return scalar.value }
        let today: [Unicode.Scalar: String] = [
            "A": "write '^'", "z": "write '$'", "Z": "write '$'", "h": "write '[ \\t]'",
            "e": "write '\\x1b'", "a": "write '\\x07'",
        ]
        throw Failure("'\\\(scalar)' is no escape of ECMA-262", fix: today[scalar])
    }

    private mutating func hex(_ count: Int) -> UInt32? {
        guard index + count <= scalars.count else { return nil }
        let text = text(index..<index + count)
        guard text.utf8.count == count, text.utf8.allSatisfy(ASCII.isHex),
            let code = UInt32(text, radix: 16)
        else { return nil }
        index += count
        return code
    }

    /// What follows `\u`: four digits, a pair of surrogates, or digits in braces.
    mutating func unicodeEscape() throws(Failure) -> UInt32? {
        if take("{") {
            let start = index
            while index < scalars.count, scalars[index] != "}" { index += 1 }
            let digits = text(start..<index)
            guard take("}"), !digits.isEmpty, digits.utf8.allSatisfy(ASCII.isHex),
                let code = UInt32(digits.drop { $0 == "0" }, radix: 16)
                    ?? (digits.utf8.allSatisfy { $0 == UInt8(ascii: "0") } ? 0 : nil),
                code <= 0x10FFFF
            else { return nil }
            return code
        }
        guard let high = hex(4) else { return nil }
        guard (0xD800...0xDBFF).contains(high), index + 1 < scalars.count,
            scalars[index] == "\\", scalars[index + 1] == "u"
        else { return high }
        let start = index
        index += 2
        if let low = hex(4), (0xDC00...0xDFFF).contains(low) {
            return 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
        }
        index = start
        return high
    }

    // MARK: Classes

    /// A class behind its bracket.
    mutating func characterClass() throws(Failure) {
        let isNegated = take("^")
        var items = ""
        while true {
            guard index < scalars.count else { throw Failure("a '[' is not closed") }
            if take("]") { break }
            try checkNamedClass()
            let first = try classAtom()
            let isRange =
                index + 1 < scalars.count && scalars[index] == "-" && scalars[index + 1] != "]"
            guard isRange else {
                items += try listed(first)
                continue
            }
            index += 1
            try range(from: first, to: try classAtom(), items: &items)
        }
        if items.isEmpty {
            output += isNegated ? Self.anything : Self.nothing
        } else {
            output += Characters(items: items, isNegated: isNegated).text
        }
    }

    /// `[:alpha:]` means something else in ECMA-262 than its writer thought.
    private func checkNamedClass() throws(Failure) {
        guard !isStrict, index + 1 < scalars.count, scalars[index] == "[",
            scalars[index + 1] == ":"
        else { return }
        throw Failure("ECMA-262 has no '[:…:]'", fix: "write the characters, or '\\p{…}'")
    }

    private mutating func classAtom() throws(Failure) -> Escape {
        guard index < scalars.count else { throw Failure("a '[' is not closed") }
        let scalar = scalars[index]
        index += 1
        return scalar == "\\" ? try escape(inClass: true) : .scalar(scalar.value)
    }

    private mutating func listed(_ atom: Escape) throws(Failure) -> String {
        switch atom {
        case .scalar(let code): return Self.listed(code, code)
        case .set(let set):
            if let listed = set.listed { return listed }
            fail(Failure("RE2 cannot list what a property is not beside other characters"))
            return ""
        }
    }

    private mutating func range(
        from first: Escape,
        to last: Escape,
        items: inout String
    ) throws(Failure) {
        guard case .scalar(let low) = first, case .scalar(let high) = last else {
            if isStrict { throw Failure("a range runs from one character to another") }
            items += try listed(first) + Self.listed(0x2D, 0x2D) + listed(last)
            return
        }
        if low > high { throw Failure("a range has its ends the wrong way round") }
        items += Self.listed(low, high)
    }

    /// A range without the surrogates, which are in no text.
    private static func listed(_ low: UInt32, _ high: UInt32) -> String {
        let low = (0xD800...0xDFFF).contains(low) ? 0xE000 : low
        let high = (0xD800...0xDFFF).contains(high) ? 0xD7FF : high
        if low > high { return "" }
        return low == high ? literal(low) : literal(low) + "-" + literal(high)
    }
}
