/// Addresses of the Internet Protocol.
enum AddressFormat {
    static func isIPv4(_ bytes: Span<UInt8>) -> Bool { isIPv4(bytes, 0..<bytes.count) }

    /// Four numbers up to 255 without leading zeroes (RFC 2673, section 3.2).
    static func isIPv4(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        for part in 0..<4 {
            if part > 0 {
                guard index < range.upperBound, bytes[index] == UInt8(ascii: ".") else {
                    return false
                }
                index += 1
            }
            let start = index
            var value = 0
            while index < range.upperBound, index - start < 3, ASCII.isDigit(bytes[index]) {
                value = value * 10 + Int(bytes[index] - UInt8(ascii: "0"))
                index += 1
            }
            let hasZero = index - start > 1 && bytes[start] == UInt8(ascii: "0")
            if index == start || value > 255 || hasZero { return false }
        }
        return index == range.upperBound
    }

    static func isIPv6(_ bytes: Span<UInt8>) -> Bool { isIPv6(bytes, 0..<bytes.count) }

    /// Eight groups, `::` for some of them once, the last two perhaps as IPv4 (RFC 4291, section
    /// 2.2).
    static func isIPv6(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        var groups = 0
        var hasGap = false
        if isColon(bytes, index, range) {
            guard isColon(bytes, index + 1, range) else { return false }
            hasGap = true
            index += 2
            if index == range.upperBound { return true }
        }
        while true {
            let start = index
            while index < range.upperBound, index - start < 5, ASCII.isHex(bytes[index]) {
                index += 1
            }
            if index < range.upperBound, bytes[index] == UInt8(ascii: ".") {
                groups += 2
                let fits = hasGap ? groups < 8 : groups == 8
                return fits && isIPv4(bytes, start..<range.upperBound)
            }
            guard index > start, index - start <= 4 else { return false }
            groups += 1
            if index == range.upperBound { break }
            guard isColon(bytes, index, range) else { return false }
            index += 1
            if isColon(bytes, index, range) {
                if hasGap { return false }
                hasGap = true
                index += 1
                if index == range.upperBound { break }
            }
        }
        return hasGap ? groups < 8 : groups == 8
    }

    private static func isColon(_ bytes: Span<UInt8>, _ index: Int, _ range: Range<Int>) -> Bool {
        index < range.upperBound && bytes[index] == UInt8(ascii: ":")
    }
}
