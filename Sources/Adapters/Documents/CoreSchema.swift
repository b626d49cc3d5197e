internal import Values

/// What a plain scalar means by the core schema of YAML 1.2.
enum CoreSchema {
    enum Reading {
        case value(JSON)
        /// It is written as a number that JSON does not have.
        case unusable(String)
    }

    static func read(_ text: String) -> Reading {
        switch text {
        case "", "~", "null", "Null", "NULL": return .value(.null)
        case "true", "True", "TRUE": return .value(true)
        case "false", "False", "FALSE": return .value(false)
        case ".nan", ".NaN", ".NAN": return .unusable("there is no NaN in JSON")
        default: break
        }
        let sign = text.hasPrefix("-") ? "-" : ""
        let unsigned = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        if [".inf", ".Inf", ".INF"].contains(unsigned) {
            return .unusable("there is no infinity in JSON")
        }
        guard let first = unsigned.utf8.first,
            isDigit(first) || first == UInt8(ascii: ".")
        else { return .value(.string(text)) }
        if text.hasPrefix("0o") || text.hasPrefix("0x") {
            let radix = text.hasPrefix("0o") ? 8 : 16
            let digits = text.dropFirst(2)
            guard !digits.isEmpty,
                digits.allSatisfy({ $0.hexDigitValue.map { $0 < radix } ?? false })
            else { return .value(.string(text)) }
            return integer(sign: "", digits, radix: radix)
        }
        if unsigned.utf8.allSatisfy(isDigit) { return integer(sign: sign, unsigned, radix: 10) }
        guard isFloat(unsigned) else { return .value(.string(text)) }
        guard let number = Double(text), number.isFinite else {
            return .unusable("the number \(text) is beyond a double")
        }
        return .value(.double(number))
    }

    private static func integer(sign: String, _ digits: Substring, radix: Int) -> Reading {
        if let value = Int64(sign + digits, radix: radix) { return .value(.int(value)) }
        if sign.isEmpty, let value = UInt64(digits, radix: radix) { return .value(.uint(value)) }
        return .unusable("the integer \(sign)\(digits) is beyond 64 bits; quote it")
    }

    /// Whether it is a float.
    ///
    /// `(\. [0-9]+ | [0-9]+ (\. [0-9]*)?) ([eE] [-+]? [0-9]+)?`
    private static func isFloat(_ text: Substring) -> Bool {
        var rest = Array(text.utf8)[...]
        func digits() -> Int {
            let count = rest.prefix(while: isDigit).count
            rest = rest.dropFirst(count)
            return count
        }
        let whole = digits()
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            if digits() == 0, whole == 0 { return false }
        } else if whole == 0 {
            return false
        }
        if let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
                rest = rest.dropFirst()
            }
            if digits() == 0 { return false }
        }
        return rest.isEmpty
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
