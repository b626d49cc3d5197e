/// A UUID of version 7 (RFC 9562): ordered by the millisecond it was made in.
///
/// Core makes none by itself: the instant and the random bits are arguments.
package struct Identifier: Sendable, Hashable, Comparable {
    package let high: UInt64
    package let low: UInt64

    /// The identifier whose bits these are, of whatever version.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A version 7 identifier from 74 of the random bits.
    package init(at instant: Instant, random: (UInt64, UInt64)) {
        let milliseconds = UInt64(max(0, floorDivide(instant.microseconds, 1_000)))
        high = milliseconds << 16 | 0x7000 | random.0 & 0x0FFF
        low = 0x8000_0000_0000_0000 | random.1 & 0x3FFF_FFFF_FFFF_FFFF
    }

    /// Reads 16 bytes, most significant first.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Reads `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.count) == [8, 4, 4, 4, 12] else { return nil }
        guard let bytes = [UInt8](hex: parts.joined()) else { return nil }
        self.init(bytes: bytes)
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        for word in [high, low] {
            for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (56 - 8 * index))) }
        }
        return bytes
    }

    package static func < (left: Identifier, right: Identifier) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension Identifier: CustomStringConvertible {
    package var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 {
                text.append(UInt8(ascii: "-"))
            }
            let half = index < 16 ? high >> (60 - 4 * index) : low >> (124 - 4 * index)
            text.append(hexDigit(UInt8(truncatingIfNeeded: half & 15)))
        }
        return String(decoding: text, as: UTF8.self)
    }
}
