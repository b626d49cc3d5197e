import Synchronization

/// A process that may end at any moment: from then on nothing it does has an effect.
final class SimulatedProcess: Sendable {
    private let isOver = Mutex(false)
    private let ends: AsyncStream<Void>
    private let end: AsyncStream<Void>.Continuation

    init() { (ends, end) = AsyncStream.makeStream() }

    var hasEnded: Bool { isOver.withLock { $0 } }

    func kill() {
        isOver.withLock { $0 = true }
        end.finish()
    }

    /// Returns once it has ended.
    func waitForEnd() async { for await _ in ends {} }
}
