internal import Synchronization

/// What the server knows of one client's connection.
final class Connection: Sendable {
    let socket: Int32
    /// Taken beyond the limit, only to be told so.
    let isRefused: Bool
    /// The second of the monotonic clock by which the next head must have come.
    private let deadline: Atomic<Int>
    private let target = Atomic<Int>(-1)
    private let isSuspected = Atomic(false)

    init(socket: Int32, isRefused: Bool, deadline: Int) {
        self.socket = socket
        self.isRefused = isRefused
        self.deadline = Atomic(deadline)
    }

    var isAwaitingHead: Bool { deadline.load(ordering: .relaxed) < .max }

    func isLate(at now: Int) -> Bool { deadline.load(ordering: .relaxed) <= now }

    /// Whether a look before this one found it ended, too.
    func wasSuspected() -> Bool { isSuspected.exchange(true, ordering: .relaxed) }

    /// Sets until when the next head may take.
    func awaitHead(until second: Int) { deadline.store(second, ordering: .relaxed) }

    /// A head came, or the connection is being closed.
    func stopWaiting() { deadline.store(.max, ordering: .relaxed) }

    /// The target of the request that comes next, as its line spells it; nothing when it cannot be
    /// decoded.
    var nextTarget: RequestTarget? {
        let bits = target.load(ordering: .relaxed)
        return bits < 0 ? nil : RequestTarget(length: bits >> 1, hasQuery: bits & 1 == 1)
    }

    func expect(_ next: RequestTarget?) {
        let bits = next.map { $0.length << 1 | ($0.hasQuery ? 1 : 0) } ?? -1
        target.store(bits, ordering: .relaxed)
    }
}
