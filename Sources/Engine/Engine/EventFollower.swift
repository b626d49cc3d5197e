internal import Synchronization
package import Values

/// What a follower is told, and how much they know then.
package struct Told: Sendable, Equatable {
    package enum Event: Sendable, Equatable {
        case entry(LogEvent)
        case run(RunChangeEvent)
        case gap(RunGapEvent)
    }

    package let event: Event
    package let position: EventPosition
}

/// One who follows the log and the runs; leaves when nobody holds it any more.
package final class EventFollower: Sendable {
    /// What a follower hears next.
    package enum Next: Sendable, Equatable {
        /// Entries in the order of the log, changes of runs in theirs; none is left out unsaid.
        case events([Told])
        /// Nothing until the time named.
        case quiet
        /// The server stops, or the follower's own task was cancelled.
        case stopped
    }

    private let hub: EventHub
    private let known: Mutex<EventPosition>

    init(_ hub: EventHub, after position: EventPosition) {
        self.hub = hub
        known = Mutex(position)
    }

    deinit { hub.left() }

    /// How much was told so far.
    package var position: EventPosition { known.withLock { $0 } }

    /// What comes next, or `.quiet` at the time named; asked by one task at a time.
    package func next(until: Instant) async -> Next {
        var position = position
        switch await hub.next(after: position, until: until) {
        case .quiet: return .quiet
        case .stopped: return .stopped
        case .page(let page):
            let told = page.told(from: &position)
            known.withLock { $0 = position }
            return .events(told)
        }
    }
}

extension EventHub.Page {
    /// One after the other, from a position on, which moves along.
    fileprivate func told(from position: inout EventPosition) -> [Told] {
        var told: [Told] = []
        for event in entries {
            position.entry = event.sequence
            told.append(Told(event: .entry(event), position: position))
        }
        for event in changes {
            let expected = position.change + 1
            if event.sequence > expected {
                position.change = event.sequence - 1
                let gap = RunGapEvent(missing: expected...position.change)
                told.append(Told(event: .gap(gap), position: position))
            }
            position.change = event.sequence
            told.append(Told(event: .run(event), position: position))
        }
        return told
    }
}
