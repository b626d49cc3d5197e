/// An address of IPv4 or IPv6.
///
/// One of IPv6 that stands for one of IPv4 is that one.
struct IPAddress: Hashable, Sendable {
    /// Four or sixteen.
    let bytes: [UInt8]

    var isVersion4: Bool { bytes.count == 4 }

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Why a text is no address.
    enum Problem: Error { case syntax, zone, mapped }

    /// Reads dotted decimals without leading zeros, or RFC 4291's form without a zone.
    init(_ text: String) throws(Problem) {
        if text.utf8.contains(UInt8(ascii: "%")) { throw .zone }
        guard text.utf8.contains(UInt8(ascii: ":")) else {
            guard let bytes = Self.version4(text[...]) else { throw .syntax }
            self.bytes = bytes
            return
        }
        guard let bytes = Self.version6(text) else { throw .syntax }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
        if isMapped, text.utf8.contains(UInt8(ascii: ".")) { throw .mapped }
        self.bytes = isMapped ? Array(bytes[12...]) : bytes
    }

    private static func version4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.utf8.count),
                part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                part.utf8.count == 1 || part.utf8.first != UInt8(ascii: "0"),
                let byte = UInt8(part)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func version6(_ text: String) -> [UInt8]? {
        var head: [UInt8] = []
        var tail: [UInt8]?
        var rest = text[...]
        if rest.hasPrefix("::") {
            rest = rest.dropFirst(2)
            tail = []
        }
        while !rest.isEmpty {
            let part = rest.prefix { $0 != ":" }
            rest = rest.dropFirst(part.count)
            var group: [UInt8]
            if part.utf8.contains(UInt8(ascii: ".")) {
                guard rest.isEmpty, let bytes = version4(part) else { return nil }
                group = bytes
            } else {
                guard let pair = pair(part) else { return nil }
                group = pair
            }
            if tail == nil { head += group } else { tail? += group }
            if rest.isEmpty { break }
            rest = rest.dropFirst()
            if rest.first == ":" {
                guard tail == nil else { return nil }
                tail = []
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
            if head.count + (tail?.count ?? 0) > 16 { return nil }
        }
        guard let tail else { return head.count == 16 ? head : nil }
        let missing = 16 - head.count - tail.count
        return missing >= 2 ? head + [UInt8](repeating: 0, count: missing) + tail : nil
    }

    private static func pair(_ digits: Substring) -> [UInt8]? {
        guard (1...4).contains(digits.utf8.count), digits.first != "+",
            let value = UInt16(digits, radix: 16)
        else { return nil }
        return [UInt8(value >> 8), UInt8(value & 0xFF)]
    }

    /// The canonical text: RFC 5952's for IPv6.
    var text: String {
        if isVersion4 { return bytes.map(String.init).joined(separator: ".") }
        let groups = (0..<8).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
        var longest = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > longest.count, end - start > 1 { longest = start..<end }
            start = max(end, start + 1)
        }
        func written(_ range: Range<Int>) -> String {
            groups[range].map { String($0, radix: 16) }.joined(separator: ":")
        }
        if longest.isEmpty { return written(0..<8) }
        return written(0..<longest.lowerBound) + "::" + written(longest.upperBound..<8)
    }

    var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

    var isLoopback: Bool {
        isVersion4 ? bytes[0] == 127 : bytes[15] == 1 && bytes[..<15].allSatisfy { $0 == 0 }
    }

    var isMulticast: Bool { isVersion4 ? bytes[0] & 0xF0 == 0xE0 : bytes[0] == 0xFF }

    var isLinkLocalMulticast: Bool {
        isVersion4
            ? bytes[..<3].elementsEqual([224, 0, 0]) : bytes[0] == 0xFF && bytes[1] & 0x0F == 2
    }

    var isLinkLocalUnicast: Bool {
        isVersion4
            ? bytes[0] == 169 && bytes[1] == 254 : bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80
    }

    var isBroadcast: Bool { isVersion4 && bytes.allSatisfy { $0 == 255 } }

    var isGlobalUnicast: Bool {
        !(isUnspecified || isLoopback || isMulticast || isLinkLocalUnicast || isBroadcast)
    }

    /// The address with all but its first bits zero.
    func masked(to length: Int) -> IPAddress {
        var masked = bytes
        for index in masked.indices {
            let kept = min(8, max(0, length - 8 * index))
            masked[index] &= UInt8(truncatingIfNeeded: 0xFF00 >> kept)
        }
        return IPAddress(bytes: masked)
    }
}

/// A network in CIDR notation; its address may have bits beyond its length.
struct IPNetwork: Hashable, Sendable {
    let address: IPAddress
    let length: Int

    init(address: IPAddress, length: Int) {
        self.address = address
        self.length = length
    }

    init(_ text: String) throws(IPAddress.Problem) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if text.utf8.contains(UInt8(ascii: "%")) { throw .zone }
        guard parts.count == 2, (1...3).contains(parts[1].utf8.count),
            parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            parts[1].utf8.count == 1 || parts[1].utf8.first != UInt8(ascii: "0"),
            let length = Int(parts[1])
        else { throw .syntax }
        address = try IPAddress(String(parts[0]))
        guard length <= address.bytes.count * 8 else { throw .syntax }
        self.length = length
    }

    var text: String { "\(address.text)/\(length)" }

    var masked: IPNetwork { IPNetwork(address: address.masked(to: length), length: length) }

    func contains(_ other: IPAddress) -> Bool {
        other.bytes.count == address.bytes.count
            && other.masked(to: length) == address.masked(to: length)
    }

    func contains(_ other: IPNetwork) -> Bool {
        other.length >= length && contains(other.address)
    }
}

/// An address or a network as a value of CEL.
package final class NetworkValue: Sendable, Hashable {
    enum Content: Hashable, Sendable {
        case address(IPAddress)
        case network(IPNetwork)
    }

    let content: Content

    init(_ content: Content) { self.content = content }

    package var text: String {
        switch content {
        case .address(let address): address.text
        case .network(let network): network.text
        }
    }

    package var typeName: String {
        switch content {
        case .address: "net.IP"
        case .network: "net.CIDR"
        }
    }

    package static func == (left: NetworkValue, right: NetworkValue) -> Bool {
        left.content == right.content
    }

    /// Feeds what `==` compares.
    package func hash(into hasher: inout Hasher) { hasher.combine(content) }
}
