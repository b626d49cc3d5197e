extension JSON {
    /// The one spelling of this value: RFC 8785 with exact integers.
    ///
    /// Names in the order of their UTF-16 code units, the shortest escapes, no white space,
    /// integers exact, doubles as ECMAScript prints them below 2^53. Equal values have equal bytes,
    /// and the bytes read back as the value.
    package var canonicalBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        appendCanonical(to: &bytes)
        return bytes
    }

    /// Adds the canonical bytes behind others.
    package func appendCanonical(to bytes: inout [UInt8]) {
        switch self {
        case .object(let object):
            bytes.append(UInt8(ascii: "{"))
            var first = true
            object.inCanonicalOrder { member in
                if !first { bytes.append(UInt8(ascii: ",")) }
                first = false
                Self.append(member.name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.appendCanonical(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.appendCanonical(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        default: appendScalar(to: &bytes)
        }
    }

    /// The members as they are ordered, on one line: for programs that read line by line.
    package var compactText: String {
        var bytes: [UInt8] = []
        appendCompact(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Adds the compact text behind others.
    package func appendCompact(to bytes: inout [UInt8]) {
        switch self {
        case .object(let object):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.append(member.name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.appendCompact(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.appendCompact(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        default: appendScalar(to: &bytes)
        }
    }

    /// The members as they are ordered, a line each, for people.
    package var prettyText: String {
        var bytes: [UInt8] = []
        appendPretty(to: &bytes, depth: 0)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func appendPretty(to bytes: inout [UInt8], depth: Int) {
        func line(_ depth: Int) {
            bytes.append(UInt8(ascii: "\n"))
            for _ in 0..<depth * 2 { bytes.append(UInt8(ascii: " ")) }
        }
        switch self {
        case .object(let object) where !object.isEmpty:
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                line(depth + 1)
                Self.append(member.name, to: &bytes)
                bytes += [UInt8(ascii: ":"), UInt8(ascii: " ")]
                member.value.appendPretty(to: &bytes, depth: depth + 1)
            }
            line(depth)
            bytes.append(UInt8(ascii: "}"))
        case .array(let elements) where !elements.isEmpty:
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                line(depth + 1)
                element.appendPretty(to: &bytes, depth: depth + 1)
            }
            line(depth)
            bytes.append(UInt8(ascii: "]"))
        default: appendCompact(to: &bytes)
        }
    }

    private func appendScalar(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .int(let value): bytes += String(value).utf8
        case .uint(let value): bytes += String(value).utf8
        case .double(let value): bytes += Self.text(of: value).utf8
        case .string(let text): Self.append(text, to: &bytes)
        case .array, .object: preconditionFailure("containers are written by their callers")
        }
    }

    /// A string with the escapes of RFC 8785, section 3.2.2.2.
    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        if isPlain(text.utf8.span) {
            bytes += text.utf8
            bytes.append(UInt8(ascii: "\""))
            return
        }
        bytes += JSONEscape.escaped(text)
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices {
            let byte = bytes[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                return false
            }
        }
        return true
    }

    /// A double as ECMAScript prints it, but for whole numbers of 2^53 and more.
    ///
    /// ECMAScript rounds those to their shortest digits and fills up with zeroes, which reads back
    /// as another integer, or as one beyond 64 bits. Here such a number is the exact integer where
    /// 64 bits hold it, and has an exponent otherwise, so every text reads back as its value.
    private static func text(of value: Double) -> String {
        if abs(value) < 0x1p53 || value.rounded() != value { return ecmaScript(value) }
        if let whole = Int64(exactly: value) { return String(whole) }
        if let whole = UInt64(exactly: value) { return String(whole) }
        let (digits, exponent) = shortest(abs(value))
        return (value < 0 ? "-" : "") + scientific(digits, exponent - 1)
    }

    private static func scientific(_ digits: String, _ power: Int) -> String {
        let tail = (power < 0 ? "e-" : "e+") + String(abs(power))
        return digits.count == 1
            ? digits + tail : digits.prefix(1) + "." + digits.dropFirst() + tail
    }

    /// A finite double as ECMAScript's `Number::toString` prints it: the shortest digits that read
    /// back, plain between 1e-6 and 1e21.
    package static func ecmaScript(_ value: Double) -> String {
        if value == 0 { return "0" }
        if let whole = Int64(exactly: value), abs(value) < 1e15 { return String(whole) }
        // Swift's own shortest digits, plain from 2^-13 on, are ECMAScript's but for a ".0".
        if abs(value) >= 1e-3, abs(value) < 1e15 {
            let text = value.description
            return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        }
        let (digits, exponent) = shortest(abs(value))
        let sign = value < 0 ? "-" : ""
        let count = digits.count
        if count <= exponent, exponent <= 21 {
            return sign + digits + String(repeating: "0", count: exponent - count)
        }
        if exponent > 0, exponent <= 21 {
            let cut = digits.index(digits.startIndex, offsetBy: exponent)
            return sign + digits[..<cut] + "." + digits[cut...]
        }
        if exponent > -6, exponent <= 0 {
            return sign + "0." + String(repeating: "0", count: -exponent) + digits
        }
        return sign + scientific(digits, exponent - 1)
    }

    /// The shortest digits `d` and the exponent `e` with value = 0.d × 10^e.
    private static func shortest(_ value: Double) -> (digits: String, exponent: Int) {
        let parts = value.description.split(separator: "e")
        var power = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        var digits = String(mantissa[0]) + (mantissa.count > 1 ? String(mantissa[1]) : "")
        power += mantissa[0].count
        while digits.hasPrefix("0"), digits.count > 1 {
            digits.removeFirst()
            power -= 1
        }
        while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
        return (digits, power)
    }
}

extension JSONObject {
    /// Hands over the members in the order of their names' UTF-16 code units.
    ///
    /// Few of them are put in order by their places alone, so that none is copied.
    fileprivate func inCanonicalOrder(_ body: (Member) -> Void) {
        guard members.count <= 32 else {
            return members.sorted { Self.precedes($0.name, $1.name) }.forEach(body)
        }
        var order = InlineArray<32, UInt8> { UInt8($0) }
        for index in members.indices.dropFirst() {
            var place = index
            while place > 0,
                Self.precedes(members[index].name, members[Int(order[place - 1])].name)
            {
                order[place] = order[place - 1]
                place -= 1
            }
            order[place] = UInt8(index)
        }
        for place in members.indices { body(members[Int(order[place])]) }
    }

    /// UTF-8 order is UTF-16 order but for code points beyond U+FFFF against U+E000 to U+FFFF, which
    /// begin with bytes from 0xEE on.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        let mine = left.utf8.span
        let others = right.utf8.span
        for index in 0..<min(mine.count, others.count) where mine[index] != others[index] {
            if mine[index] < 0xEE && others[index] < 0xEE { return mine[index] < others[index] }
            return left.utf16.lexicographicallyPrecedes(right.utf16)
        }
        return mine.count < others.count
    }
}
