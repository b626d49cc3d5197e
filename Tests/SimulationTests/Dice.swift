import Engine
import Synchronization
import TestSupport
import Values

/// All chance of a simulation, from one seed; what is asked in the same order is answered the same.
final class Dice: Chance {
    private let generator: Mutex<SeededGenerator>

    init(seed: UInt64) { generator = Mutex(SeededGenerator(seed: seed)) }

    func word() -> UInt64 { generator.withLock { $0.next() } }
    func fraction() -> Double { Double(word() >> 11) * 0x1p-53 }

    /// Another source that does not move when this one is asked more or less often.
    func split() -> Dice { Dice(seed: word()) }

    func below(_ count: Int) -> Int { Int(word() % UInt64(count)) }
    func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }
    func happens(_ thousandths: Int) -> Bool { below(1_000) < thousandths }
    func pick<Element>(_ list: [Element]) -> Element { list[below(list.count)] }

    /// A length of time, uniform in milliseconds.
    func time(_ range: ClosedRange<Int>) -> Duration { .milliseconds(within(range)) }
}
