/// Names of hosts: RFC 1123, section 2.1, and internationalized ones by IDNA 2008 (RFC 5890).
enum HostFormat {
    /// The answer for a name of plain ASCII; nothing for one that IDNA has a say in.
    static func isName(_ bytes: Span<UInt8>) -> Bool? {
        var label = 0
        var isWell = bytes.count <= 253
        for index in 0...bytes.count {
            let byte = bytes[orEnd: index]
            if byte >= 0x80 { return nil }
            if index < bytes.count, byte != UInt8(ascii: ".") {
                if !ASCII.isLetterOrDigit(byte), byte != UInt8(ascii: "-") { isWell = false }
                continue
            }
            if isALabel(bytes, label) { return nil }
            if !isLabel(bytes, label..<index) { isWell = false }
            label = index + 1
        }
        return isWell
    }

    private static func isLabel(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        (1...63).contains(range.count) && bytes[range.lowerBound] != UInt8(ascii: "-")
            && bytes[range.upperBound - 1] != UInt8(ascii: "-")
    }

    private static func isALabel(_ bytes: Span<UInt8>, _ start: Int) -> Bool {
        bytes[orEnd: start] | 0x20 == UInt8(ascii: "x")
            && bytes[orEnd: start + 1] | 0x20 == UInt8(ascii: "n")
            && bytes[orEnd: start + 2] == UInt8(ascii: "-")
            && bytes[orEnd: start + 3] == UInt8(ascii: "-")
    }

    /// The answer for any name; characters beyond ASCII only where it may be international.
    static func isName(_ text: String, isInternational: Bool) -> Bool {
        var labels: [[Unicode.Scalar]] = [[]]
        for scalar in text.unicodeScalars {
            let isDot =
                scalar == "."
                || isInternational && ["\u{3002}", "\u{FF0E}", "\u{FF61}"].contains(scalar)
            if isDot { labels.append([]) } else { labels[labels.count - 1].append(scalar) }
        }
        if !isInternational, text.utf8.contains(where: { $0 >= 0x80 }) { return false }
        var length = labels.count - 1
        var read: [[Unicode.Scalar]] = []
        for label in labels {
            guard let (scalars, octets) = unicodeLabel(label) else { return false }
            read.append(scalars)
            length += octets
        }
        return length <= 253 && IDNA.allowsDirections(read)
    }

    /// A label as Unicode has it, with the octets of its ASCII form.
    private static func unicodeLabel(_ label: [Unicode.Scalar]) -> ([Unicode.Scalar], Int)? {
        if !label.allSatisfy(\.isASCII) {
            guard IDNA.isLabel(label), let encoded = Punycode.encoded(label) else { return nil }
            return encoded.count + 4 <= 63 ? (label, encoded.count + 4) : nil
        }
        let text = label.map { UInt8($0.value) }
        let isWell =
            isLabel(text.span, 0..<text.count)
            && text.allSatisfy { ASCII.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
        guard isWell else { return nil }
        guard isALabel(text.span, 0) else { return (label, text.count) }
        // An A-label stands for one U-label, and is how that one is written.
        let digits = text.dropFirst(4).map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }
        guard let decoded = Punycode.decoded(digits), !decoded.allSatisfy(\.isASCII),
            Punycode.encoded(decoded) == digits, IDNA.isLabel(decoded)
        else { return nil }
        return (decoded, text.count)
    }
}

/// Punycode (RFC 3492).
enum Punycode {
    private static let base = 36
    private static let least = 1
    private static let most = 26

    /// The scalars that digits stand for; nothing when they are none.
    static func decoded(_ bytes: [UInt8]) -> [Unicode.Scalar]? {
        var scalars: [Unicode.Scalar] = []
        var rest = bytes[...]
        if let hyphen = bytes.lastIndex(of: UInt8(ascii: "-")) {
            scalars = bytes[..<hyphen].map { Unicode.Scalar($0) }
            rest = bytes[(hyphen + 1)...]
            // A hyphen alone in front parts nothing.
            if hyphen == 0 { return nil }
        }
        var code = 128
        var place = 0
        var bias = 72
        while !rest.isEmpty {
            let before = place
            var weight = 1
            var step = base
            while true {
                guard let digit = rest.popFirst().flatMap(value), weight <= 1 << 32 else {
                    return nil
                }
                place += digit * weight
                if place > 1 << 40 { return nil }
                let threshold = threshold(step, bias)
                if digit < threshold { break }
                weight *= base - threshold
                step += base
            }
            let count = scalars.count + 1
            bias = adapted(place - before, count, isFirst: before == 0)
            code += place / count
            place %= count
            guard let scalar = UInt32(exactly: code).flatMap(Unicode.Scalar.init) else {
                return nil
            }
            scalars.insert(scalar, at: place)
            place += 1
        }
        return scalars
    }

    /// The digits for scalars; nothing for more than a label can have.
    static func encoded(_ scalars: [Unicode.Scalar]) -> [UInt8]? {
        guard scalars.count <= 63 else { return nil }
        var bytes = scalars.filter(\.isASCII).map { UInt8($0.value) }
        let plain = bytes.count
        if plain > 0 { bytes.append(UInt8(ascii: "-")) }
        var (code, delta, bias, done) = (128, 0, 72, plain)
        while done < scalars.count {
            let next = scalars.map { Int($0.value) }.filter { $0 >= code }.min() ?? code
            delta += (next - code) * (done + 1)
            code = next
            for scalar in scalars {
                if scalar.value < code { delta += 1 }
                guard scalar.value == code else { continue }
                var rest = delta
                var step = base
                while true {
                    let threshold = threshold(step, bias)
                    if rest < threshold { break }
                    bytes.append(digit(threshold + (rest - threshold) % (base - threshold)))
                    rest = (rest - threshold) / (base - threshold)
                    step += base
                }
                bytes.append(digit(rest))
                bias = adapted(delta, done + 1, isFirst: done == plain)
                delta = 0
                done += 1
            }
            delta += 1
            code += 1
        }
        return bytes
    }

    private static func threshold(_ step: Int, _ bias: Int) -> Int {
        min(max(step - bias, least), most)
    }

    private static func adapted(_ delta: Int, _ count: Int, isFirst: Bool) -> Int {
        var delta = isFirst ? delta / 700 : delta / 2
        delta += delta / count
        var step = 0
        while delta > (base - least) * most / 2 {
            delta /= base - least
            step += base
        }
        return step + (base - least + 1) * delta / (delta + 38)
    }

    private static func value(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(byte - UInt8(ascii: "a"))
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0")) + 26
        default: nil
        }
    }

    private static func digit(_ value: Int) -> UInt8 {
        value < 26 ? UInt8(ascii: "a") + UInt8(value) : UInt8(ascii: "0") + UInt8(value - 26)
    }
}
