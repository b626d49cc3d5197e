/// E-mail addresses (RFC 5321, section 4.1.2), with RFC 6531 where they are international.
enum MailFormat {
    static func isAddress(_ bytes: Span<UInt8>, isInternational: Bool) -> Bool {
        var index = 0
        let isLocal =
            bytes[orEnd: 0] == UInt8(ascii: "\"")
            ? quoted(bytes, &index, isInternational) : dotted(bytes, &index, isInternational)
        guard isLocal, index <= 64, bytes[orEnd: index] == UInt8(ascii: "@") else { return false }
        index += 1
        guard index < bytes.count, bytes.count - index <= 255 else { return false }
        if bytes[index] == UInt8(ascii: "[") { return isLiteral(bytes, index) }
        return isDomain(bytes, index, isInternational)
    }

    /// Runs of characters with a dot between two.
    private static func dotted(
        _ bytes: Span<UInt8>,
        _ index: inout Int,
        _ isInternational: Bool
    ) -> Bool {
        while true {
            let start = index
            while index < bytes.count, isAtom(bytes[index], isInternational) { index += 1 }
            if index == start { return false }
            guard bytes[orEnd: index] == UInt8(ascii: ".") else { return true }
            index += 1
        }
    }

    private static func isAtom(_ byte: UInt8, _ isInternational: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"),
            UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "?"),
            UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "{"),
            UInt8(ascii: "|"), UInt8(ascii: "}"), UInt8(ascii: "~"):
            true
        case 0x80...: isInternational
        default: ASCII.isLetterOrDigit(byte)
        }
    }

    private static func quoted(
        _ bytes: Span<UInt8>,
        _ index: inout Int,
        _ isInternational: Bool
    ) -> Bool {
        index = 1
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index += 1
                return true
            case UInt8(ascii: "\\"):
                guard (0x20...0x7E).contains(bytes[orEnd: index + 1]) else { return false }
                index += 2
            case 0x20...0x7E: index += 1
            case 0x80... where isInternational: index += 1
            default: return false
            }
        }
        return false
    }

    /// An address in brackets; IPv6 is the one tag that is registered.
    private static func isLiteral(_ bytes: Span<UInt8>, _ start: Int) -> Bool {
        let end = bytes.count - 1
        guard end > start, bytes[end] == UInt8(ascii: "]") else { return false }
        let isTagged =
            end > start + 6 && bytes[start + 1] | 0x20 == UInt8(ascii: "i")
            && bytes[start + 2] | 0x20 == UInt8(ascii: "p")
            && bytes[start + 3] | 0x20 == UInt8(ascii: "v")
            && bytes[start + 4] == UInt8(ascii: "6") && bytes[start + 5] == UInt8(ascii: ":")
        return isTagged
            ? AddressFormat.isIPv6(bytes, start + 6..<end)
            : AddressFormat.isIPv4(bytes, start + 1..<end)
    }

    /// Labels of letters, digits and inner hyphens.
    ///
    /// Beyond ASCII RFC 6531 leaves a label to what resolves it, so any character may be in one.
    private static func isDomain(
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ isInternational: Bool
    ) -> Bool {
        var label = start
        var count = 0
        for index in start...bytes.count {
            let byte = bytes[orEnd: index]
            if index == bytes.count || byte == UInt8(ascii: ".") {
                if !(1...63).contains(count) || bytes[label] == UInt8(ascii: "-")
                    || bytes[index - 1] == UInt8(ascii: "-")
                {
                    return false
                }
                label = index + 1
                count = 0
                continue
            }
            count += byte & 0xC0 == 0x80 ? 0 : 1
            let isWide = isInternational && byte >= 0x80
            if !isWide, !ASCII.isLetterOrDigit(byte), byte != UInt8(ascii: "-") { return false }
        }
        return true
    }
}
