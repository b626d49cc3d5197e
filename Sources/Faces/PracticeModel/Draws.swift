internal import Synchronization

/// Draws for samples, one after another from a seed (SplitMix64).
final class Draws: Sendable {
    private let state: Mutex<UInt64>

    init(seed: UInt64) { state = Mutex(seed) }

    /// An index, each as often as its share.
    func index(_ shares: [Double]) -> Int {
        let word = state.withLock { state -> UInt64 in
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        var left = Double(word >> 11) * 0x1p-53
        for (index, share) in shares.enumerated() {
            left -= share
            if left < 0 { return index }
        }
        return max(0, shares.count - 1)
    }
}
