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
        /// Entries in the order of the log, changes of runs in theirs, both by their times; none is
        /// left out unsaid.
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
    ///
    /// Between entries and changes their times decide, so that who catches up is told what happened
    /// as it happened. Where more of one kind may be to come that belongs before the rest of the
    /// other, that rest is for the next page.
    fileprivate func told(from position: inout EventPosition) -> [Told] {
        var told: [Told] = []
        var (entries, changes) = (entries[...], changes[...])
        let (moreEntries, moreChanges) = (isFull(entries.count), isFull(changes.count))
        while true {
            if let entry = entries.first, changes.first.map({ entry.at <= $0.at }) ?? !moreChanges {
                entries.removeFirst()
                position.entry = entry.sequence
                told.append(Told(event: .entry(entry), position: position))
            } else if let change = changes.first, !entries.isEmpty || !moreEntries {
                changes.removeFirst()
                if let gap = position.gap(before: change) {
                    position.change = gap.missing.upperBound
                    told.append(Told(event: .gap(gap), position: position))
                }
                position.change = change.sequence
                told.append(Told(event: .run(change), position: position))
            } else {
                return told
            }
        }
    }

    private func isFull(_ count: Int) -> Bool { count == Limits.eventPage }
}

extension EventPosition {
    /// What is missing between here and a change.
    fileprivate func gap(before event: RunChangeEvent) -> RunGapEvent? {
        event.sequence > change + 1
            ? RunGapEvent(missing: change + 1...event.sequence - 1) : nil
    }
}
