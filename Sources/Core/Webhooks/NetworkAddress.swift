/// An IPv4 or IPv6 address, and whether it is one of the public internet.
package struct NetworkAddress: Sendable, Equatable {
    /// 4 or 16, most significant first.
    package let bytes: [UInt8]

    /// Nothing unless there are 4 or 16 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Reads four decimal numbers, or the text of an IPv6 address without brackets and zone.
    package init?(_ text: String) {
        guard let bytes = text.contains(":") ? Self.six(text) : Self.four(text) else { return nil }
        self.bytes = bytes
    }

    /// Whether a packet to it leaves for the public internet.
    ///
    /// False for every range that IANA's special-purpose registries do not call globally reachable,
    /// and for those that carry another address inside, since what is inside may be private.
    package var isPublic: Bool {
        if bytes.count == 4 { return !Self.reservedFour.contains { $0.holds(bytes) } }
        return Self.global.holds(bytes) && !Self.reservedSix.contains { $0.holds(bytes) }
    }
}

/// The addresses that share their first bits.
private struct AddressBlock: Sendable {
    let first: [UInt8]
    let bits: Int

    /// `first` holds the bytes that are not zero.
    init(_ first: [UInt8], _ bits: Int) {
        self.first = first
        self.bits = bits
    }

    func holds(_ address: [UInt8]) -> Bool {
        for index in 0..<(bits + 7) / 8 {
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> min(8, bits - 8 * index))
            let own = index < first.count ? first[index] : 0
            if address[index] & mask != own & mask { return false }
        }
        return true
    }
}

extension NetworkAddress {
    private static let reservedFour = [
        AddressBlock([0], 8),  // this network
        AddressBlock([10], 8),  // private
        AddressBlock([100, 64], 10),  // between a provider and its customers
        AddressBlock([127], 8),  // loopback
        AddressBlock([169, 254], 16),  // link-local, where clouds keep their metadata
        AddressBlock([172, 16], 12),  // private
        AddressBlock([192, 0, 0], 24),  // protocol assignments
        AddressBlock([192, 0, 2], 24),  // documentation
        AddressBlock([192, 88, 99], 24),  // 6to4 relays
        AddressBlock([192, 168], 16),  // private
        AddressBlock([198, 18], 15),  // benchmarks
        AddressBlock([198, 51, 100], 24),  // documentation
        AddressBlock([203, 0, 113], 24),  // documentation
        AddressBlock([224], 4),  // multicast
        AddressBlock([240], 4),  // reserved, and broadcast
    ]

    /// Global unicast: whatever is outside has no public meaning, such as `::1`, `::ffff:0:0/96`,
    /// `64:ff9b::/96`, `100::/64`, `fc00::/7`, `fe80::/10` and `ff00::/8`.
    private static let global = AddressBlock([0x20], 3)

    private static let reservedSix = [
        AddressBlock([0x20, 0x01, 0x00], 23),  // protocol assignments, Teredo
        AddressBlock([0x20, 0x01, 0x0D, 0xB8], 32),  // documentation
        AddressBlock([0x20, 0x02], 16),  // 6to4, which carries an IPv4 address
        AddressBlock([0x3F, 0xFF, 0x00], 20),  // documentation
    ]

    /// Only the usual form: others, such as `0x7f.1`, mean different things to different readers.
    private static func four(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.count == 1 || part.first != "0",
                part.utf8.allSatisfy({ (48...57).contains($0) }), let byte = UInt8(part)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func six(_ text: String) -> [UInt8]? {
        let halves = halved(text)
        guard let head = halves.first.flatMap(groups) else { return nil }
        guard halves.count == 2 else { return head.count == 16 ? head : nil }
        guard !halves[0].contains("."), let tail = groups(halves[1]), head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// The parts around the first `::`, or the whole where there is none.
    private static func halved(_ text: String) -> [Substring] {
        let bytes = text.utf8
        for index in bytes.indices where bytes[index] == UInt8(ascii: ":") {
            let next = bytes.index(after: index)
            if next < bytes.endIndex, bytes[next] == UInt8(ascii: ":") {
                return [text[..<index], text[bytes.index(after: next)...]]
            }
        }
        return [text[...]]
    }

    private static func groups(_ text: Substring) -> [UInt8]? {
        if text.isEmpty { return [] }
        var bytes: [UInt8] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if part.contains(".") {
                guard index == parts.count - 1, let last = four(String(part)) else { return nil }
                bytes += last
                continue
            }
            guard (1...4).contains(part.utf8.count), !part.hasPrefix("+"),
                let group = UInt16(part, radix: 16)
            else { return nil }
            bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
        }
        return bytes.count <= 16 ? bytes : nil
    }
}
