/// A request's target before libmicrohttpd decodes it, which it does without any check.
struct RequestTarget: Equatable {
    let length: Int
    let hasQuery: Bool

    init(length: Int, hasQuery: Bool) {
        self.length = length
        self.hasQuery = hasQuery
    }

    /// Nothing when the bytes hold a control byte, an escape that is none, an escaped zero, or
    /// what is no UTF-8 once decoded.
    init?(_ bytes: some Collection<UInt8>) {
        var isPlain = true
        var hasQuery = false
        for byte in bytes {
            guard byte > 0x20, byte != 0x7F else { return nil }
            if byte == UInt8(ascii: "?") { hasQuery = true }
            if byte == UInt8(ascii: "%") || byte >= 0x80 { isPlain = false }
        }
        if !isPlain, !Self.decodes(bytes) { return nil }
        self.init(length: bytes.count, hasQuery: hasQuery)
    }

    /// Whether the target and its arguments leave room in so many bytes of a connection's memory.
    static func fits(_ bytes: some Collection<UInt8>, in memory: Int) -> Bool {
        let arguments = bytes.count { $0 == UInt8(ascii: "&") } + 1
        let needed = bytes.count + arguments * HTTPServerLimits.argumentBytes
        return needed <= memory - HTTPServerLimits.besideTarget
    }

    private static func decodes(_ bytes: some Collection<UInt8>) -> Bool {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var rest = bytes.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                decoded.append(byte)
                continue
            }
            guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit),
                high != 0 || low != 0
            else { return false }
            decoded.append(high << 4 | low)
        }
        // A sequence that is split by a separator is none: each part is decoded by itself.
        return String(validating: decoded, as: UTF8.self) != nil
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
