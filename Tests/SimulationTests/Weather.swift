import Models
import Synchronization
import TestSupport
import Values

/// What can go wrong, and how often; once it is calm nothing does.
final class Weather: Sendable {
    enum Fault {
        case none
        /// Nothing is written, and an error answered.
        case refused
        /// All is written, and an error answered.
        case unanswered
        /// The process ends, before the commit, after its first change, or after all of it.
        case endsBefore
        case endsInside
        case endsAfter
    }

    private let dice: Dice
    private let isStormy = Mutex(true)
    /// Thousandths, each seed its own.
    private let refused: Int
    private let ends: Int
    private let slow: Int

    init(_ dice: Dice) {
        self.dice = dice
        refused = dice.pick([0, 10, 40, 100])
        ends = dice.pick([0, 10, 40])
        slow = dice.pick([0, 50, 300])
    }

    var isCalm: Bool { isStormy.withLock { !$0 } }
    func calm() { isStormy.withLock { $0 = false } }

    func write() -> Fault {
        guard !isCalm else { return .none }
        if dice.happens(refused) { return dice.happens(500) ? .refused : .unanswered }
        guard dice.happens(ends) else { return .none }
        return dice.pick([.endsBefore, .endsInside, .endsAfter])
    }

    func failsRead() -> Bool { !isCalm && dice.happens(refused / 4) }

    /// How long the store takes, where it takes any time at all.
    func delay() -> Duration? {
        guard !isCalm, dice.happens(slow) else { return nil }
        return dice.time(1...400)
    }
}
