/// JSON pointers (RFC 6901, and relative ones) and UUIDs (RFC 4122).
enum PointerFormat {
    /// Nothing, or tokens behind a slash each, `~` only as `~0` and `~1`.
    static func isPointer(_ bytes: Span<UInt8>, from start: Int) -> Bool {
        if start == bytes.count { return true }
        guard bytes[start] == UInt8(ascii: "/") else { return false }
        for index in start..<bytes.count where bytes[index] == UInt8(ascii: "~") {
            let next = bytes[orEnd: index + 1]
            if next != UInt8(ascii: "0") && next != UInt8(ascii: "1") { return false }
        }
        return true
    }

    /// How many levels up, without leading zeroes, then `#` or a pointer.
    static func isRelativePointer(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while ASCII.isDigit(bytes[orEnd: index]) { index += 1 }
        if index == 0 || index > 1 && bytes[0] == UInt8(ascii: "0") { return false }
        if bytes[orEnd: index] == UInt8(ascii: "#") { return index + 1 == bytes.count }
        return isPointer(bytes, from: index)
    }

    static func isUUID(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count == 36 else { return false }
        for index in bytes.indices {
            switch index {
            case 8, 13, 18, 23: if bytes[index] != UInt8(ascii: "-") { return false }
            default: if !ASCII.isHex(bytes[index]) { return false }
            }
        }
        return true
    }
}
