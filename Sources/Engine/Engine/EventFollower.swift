internal import Synchronization
package import Values

/// One who follows the log; leaves when nobody holds it any more.
package final class EventFollower: Sendable {
    private let hub: EventHub
    private let position: Mutex<Int64>

    init(_ hub: EventHub, after sequence: Int64) {
        self.hub = hub
        position = Mutex(sequence)
    }

    deinit { hub.left() }

    /// What comes next, or `.quiet` at the time named; asked by one task at a time.
    package func next(until: Instant) async -> EventHub.Next {
        let next = await hub.next(after: position.withLock { $0 }, until: until)
        if case .events(let events) = next, let last = events.last {
            position.withLock { $0 = last.sequence }
        }
        return next
    }
}
