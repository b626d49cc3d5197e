package import Models
package import Values

/// Chance as ids and salts need it; a test's is seeded.
package protocol Chance: CallChance {
    /// 64 uniform bits.
    func word() -> UInt64
}

extension Chance {
    /// An identifier of that moment.
    package func identifier(at now: Instant) -> Identifier {
        Identifier(at: now, random: (word(), word()))
    }

    /// 16 bytes for one payload part.
    package func salt() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        for _ in 0..<2 {
            var word = word()
            for _ in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        return bytes
    }
}

/// What the engine does not decide itself: time and chance.
package struct Surroundings: Sendable {
    package let clock: any CallClock
    package let chance: any Chance

    package init(clock: any CallClock, chance: any Chance) {
        self.clock = clock
        self.chance = chance
    }
}
