/// Positions of names, found by their bytes without any allocation.
///
/// Swift's dictionaries take two spellings of one character for the same key; JSON does not.
final class NameTable: Sendable {
    let names: [String]
    /// Positions in `names`, or -1, by hash; the size is a power of two, at most half full.
    private let slots: [Int32]
    private let isASCII: Bool

    /// Of a name that is there twice the first one counts.
    init(_ names: [String]) {
        self.names = names
        var size = 4
        while size < names.count * 2 { size *= 2 }
        var slots = [Int32](repeating: -1, count: size)
        for (position, name) in names.enumerated() {
            var slot = Self.hash(name) & (size - 1)
            while slots[slot] >= 0, !identical(names[Int(slots[slot])], name) {
                slot = (slot + 1) & (size - 1)
            }
            if slots[slot] < 0 { slots[slot] = Int32(position) }
        }
        self.slots = slots
        isASCII = names.allSatisfy { name in name.utf8.allSatisfy { $0 < 0x80 } }
    }

    func position(of name: String) -> Int? {
        let mask = slots.count - 1
        var slot = Self.hash(name) & mask
        while slots[slot] >= 0 {
            let position = Int(slots[slot])
            if isSame(names[position], name) { return position }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// As `position(of:)`, where names are likely to come in this order.
    func position(of name: String, likely: Int) -> Int? {
        if likely < names.count, isSame(names[likely], name) { return likely }
        return position(of: name)
    }

    /// Whether two names have the same bytes.
    ///
    /// Where one is ASCII no other text of as many bytes equals it.
    private func isSame(_ mine: String, _ other: String) -> Bool {
        guard isASCII else { return identical(mine, other) }
        return mine.utf8.count == other.utf8.count && mine == other
    }

    /// Names are an author's own, so nothing guards against chosen collisions.
    private static func hash(_ name: String) -> Int {
        let bytes = name.utf8.span
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in bytes.indices { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ hash >> 29) & .max
    }
}
