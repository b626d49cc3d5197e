internal import Decisions
package import Models
package import Storage
internal import Synchronization
internal import Values

/// Follows the log and the changes of runs once for all who want to be told of them.
///
/// Each follower has nothing but a position: who is near the end is served from the last events,
/// who is not reads the store for itself, so that a slow one neither holds others nor grows. The hub
/// reads when something was committed here, and each half second for what other processes did;
/// while nobody follows it rests.
package final class EventHub: Sendable {
    /// Some of what comes after a position, of one kind or of both.
    struct Page {
        let entries: [LogEvent]
        let changes: [RunChangeEvent]

        var isEmpty: Bool { entries.isEmpty && changes.isEmpty }
    }

    enum Next {
        /// In their orders; only changes that are no longer kept are left out.
        case page(Page)
        case quiet
        case stopped
    }

    private struct Waiter {
        let number: Int
        let after: EventPosition
        let until: Instant
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var entries = EventRing<LogEvent>(limit: Limits.eventsAtHand)
        var changes = EventRing<RunChangeEvent>(limit: Limits.eventsAtHand)
        var owners = EventOwners(limit: Limits.ownersKept)
        var waiters: [Waiter] = []
        var listeners = 0
        var number = 0
        var isStopped = false
        /// Whether something was committed since the last reading.
        var isWoken = false
        /// The hub itself, while it has nothing to do.
        var sleeper: CheckedContinuation<Void, Never>?

        /// Up to where all was read.
        var head: EventPosition { EventPosition(entry: entries.head, change: changes.head) }
        /// What comes after it is at hand.
        var base: EventPosition { EventPosition(entry: entries.base, change: changes.base) }

        func page(after position: EventPosition) -> Page {
            Page(
                entries: entries.events(after: position.entry, limit: Limits.eventPage),
                changes: changes.events(after: position.change, limit: Limits.eventPage)
            )
        }

        /// After a rest the hub goes on where all ends, not where it stopped.
        mutating func begin(at end: EventPosition) {
            if end.entry > entries.head { entries.begin(at: end.entry) }
            if end.change > changes.head { changes.begin(at: end.change) }
        }
    }

    private enum Look {
        case answer(Next)
        case behind
        case wait
    }

    private let store: any Store
    private let clock: any CallClock
    private let state = Mutex(State())

    package init(store: any Store, clock: any CallClock) {
        self.store = store
        self.clock = clock
    }

    /// Who follows now.
    package var listeners: Int { state.withLock { $0.listeners } }

    /// Reads for those who follow, until `stop` or its task is cancelled.
    package func run() async {
        while !Task.isCancelled, !state.withLock({ $0.isStopped }) {
            await pause()
            await readOn()
            tell()
            await sleep(Limits.eventPause)
        }
        stop()
    }

    /// Tells every follower that it is over, those to come too.
    package func stop() {
        let (sleeper, waiting) = state.withLock { state in
            state.isStopped = true
            defer {
                state.sleeper = nil
                state.waiters = []
            }
            return (state.sleeper, state.waiters)
        }
        sleeper?.resume()
        for waiter in waiting { waiter.continuation.resume() }
    }

    /// Says that something was committed; cheap, and nothing happens while nobody follows.
    package func wake() {
        let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.listeners > 0 else { return nil }
            state.isWoken = true
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
    }

    /// Begins to follow from there on, or from now on.
    ///
    /// Throws `.busy` when `Limits.listeners` follow already or the hub has stopped, `.refused` for
    /// what is not there yet.
    package func follow(after start: EventStart?) async throws(EngineError) -> EventFollower {
        let end: EventPosition
        do {
            end = EventPosition(
                entry: try await store.head().count,
                change: try await store.lastRunChange()
            )
        } catch {
            throw EngineError(error)
        }
        let position = EventPosition(
            entry: start?.entry ?? end.entry,
            change: start?.change ?? end.change
        )
        if position.entry > end.entry {
            throw EngineError(
                .refused,
                "the log ends with entry \(end.entry): there is no entry \(position.entry) to follow"
            )
        }
        if position.change > end.change {
            throw EngineError(
                .refused,
                "the last change of a run is number \(end.change): there is no number "
                    + "\(position.change) to follow"
            )
        }
        let problem = state.withLock { state -> String? in
            if state.isStopped { return "the server is stopping; ask again in a moment" }
            guard state.listeners < Limits.listeners else {
                return "\(Limits.listeners) follow the events already"
            }
            if state.listeners == 0 { state.begin(at: end) }
            state.listeners += 1
            return nil
        }
        if let problem { throw EngineError(.busy, problem) }
        wake()
        return EventFollower(self, after: position)
    }

    // MARK: For one follower

    func left() { state.withLock { $0.listeners -= 1 } }

    func next(after position: EventPosition, until: Instant) async -> Next {
        while true {
            let look = state.withLock { state -> Look in
                if state.isStopped || Task.isCancelled { return .answer(.stopped) }
                if clock.now >= until { return .answer(.quiet) }
                if position.isBehind(state.base) { return .behind }
                guard position.isBehind(state.head) else { return .wait }
                return .answer(.page(state.page(after: position)))
            }
            switch look {
            case .answer(let next): return next
            case .wait: await wait(after: position, until: until)
            case .behind:
                do throws(StoreError) {
                    let page = try await page(after: position)
                    if !page.isEmpty { return .page(page) }
                } catch {
                    // The store cannot be read now; what is owed is told when it can.
                }
                await sleep(Limits.lookPause)
            }
        }
    }

    private func wait(after position: EventPosition, until: Instant) async {
        let number = state.withLock { state -> Int in
            state.number += 1
            return state.number
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state -> Bool in
                    if Task.isCancelled || state.isStopped || position.isBehind(state.head) {
                        return true
                    }
                    state.waiters.append(
                        Waiter(
                            number: number,
                            after: position,
                            until: until,
                            continuation: continuation
                        )
                    )
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                guard let place = state.waiters.firstIndex(where: { $0.number == number }) else {
                    return nil
                }
                return state.waiters.remove(at: place)
            }
            waiter?.continuation.resume()
        }
    }

    // MARK: Reading

    /// Until something is committed here, or it is time to look what others did or to tell somebody
    /// that it is quiet; without an end while nobody follows.
    private func pause() async {
        let now = clock.now
        let length = state.withLock { state -> Duration? in
            guard state.listeners > 0 else { return nil }
            let first = state.waiters.map { $0.until - now }.min() ?? Limits.lookPause
            return min(max(first, .zero), Limits.lookPause)
        }
        await withTaskGroup { group in
            group.addTask { await self.rest() }
            if let length { group.addTask { [self] in await sleep(length) } }
            await group.next()
            group.cancelAll()
        }
    }

    private func rest() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state -> Bool in
                    if Task.isCancelled || state.isStopped || state.isWoken { return true }
                    state.sleeper = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                defer { state.sleeper = nil }
                return state.sleeper
            }
            sleeper?.resume()
        }
    }

    /// Reads up to the end; a store that cannot be read is read at the next look.
    private func readOn() async {
        while !Task.isCancelled {
            let head = state.withLock { state -> EventPosition? in
                state.isWoken = false
                return state.listeners > 0 && !state.isStopped ? state.head : nil
            }
            guard let head else { return }
            do throws(StoreError) {
                let page = try await page(after: head)
                state.withLock { state in
                    state.entries.add(page.entries, after: head.entry)
                    state.changes.add(page.changes, after: head.change)
                }
                if max(page.entries.count, page.changes.count) < Limits.eventPage { return }
            } catch {
                return
            }
            tell()
        }
    }

    private func tell() {
        let now = clock.now
        let met = state.withLock { state -> [Waiter] in
            let head = state.head
            let met = state.waiters.filter { $0.after.isBehind(head) || $0.until <= now }
            if !met.isEmpty {
                state.waiters.removeAll { $0.after.isBehind(head) || $0.until <= now }
            }
            return met
        }
        for waiter in met { waiter.continuation.resume() }
    }

    private func page(after position: EventPosition) async throws(StoreError) -> Page {
        let entries = try await events(after: position.entry)
        let changes = try await store.runChanges(
            after: position.change,
            limit: Limits.eventPage
        )
        return Page(entries: entries, changes: changes.map { RunChangeEvent($0) })
    }

    private func events(after sequence: Int64) async throws(StoreError) -> [LogEvent] {
        var events: [LogEvent] = []
        for entry in try await store.bareEntries(from: sequence + 1, limit: Limits.eventPage) {
            let facts = try LoggedFacts(entry)
            events.append(LogEvent(facts, of: try await owner(of: facts)))
        }
        return events
    }

    /// Of the facts, or for those that do not say it of the decision itself.
    private func owner(of entry: LoggedFacts) async throws(StoreError) -> LogEvent.Owner? {
        guard let id = entry.decision else { return nil }
        if let owner = entry.owner {
            state.withLock { $0.owners.keep(owner, of: id) }
            return owner
        }
        if let known = state.withLock({ $0.owners[id] }) { return known }
        guard let record = try await store.decision(id) else { return nil }
        let owner = LogEvent.Owner(
            policy: record.policy,
            caller: record.caller,
            source: record.source
        )
        state.withLock { $0.owners.keep(owner, of: id) }
        return owner
    }

    private func sleep(_ time: Duration) async {
        do {
            try await clock.sleep(for: time)
        } catch {
            return
        }
    }
}
