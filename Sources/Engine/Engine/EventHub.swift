internal import Decisions
package import Models
package import Storage
internal import Synchronization
internal import Values

/// Follows the log once for all who want to be told of it.
///
/// Each follower has nothing but a position: who is near the end is served from the last events,
/// who is not reads the log for itself, so that a slow one neither holds others nor grows. The hub
/// reads when something was committed here, and each half second for what other processes did;
/// while nobody follows it rests.
package final class EventHub: Sendable {
    /// What a follower hears next.
    package enum Next: Sendable, Equatable {
        /// In the order of the log; none is left out.
        case events([LogEvent])
        /// Nothing until the time named.
        case quiet
        /// The server stops, or the follower's own task was cancelled.
        case stopped
    }

    private struct Waiter {
        let number: Int
        let after: Int64
        let until: Instant
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var ring = EventRing(limit: Limits.eventsAtHand)
        var owners = EventOwners(limit: Limits.ownersKept)
        var waiters: [Waiter] = []
        var listeners = 0
        var number = 0
        var isStopped = false
        /// Whether something was committed since the last reading.
        var isWoken = false
        /// The hub itself, while it has nothing to do.
        var sleeper: CheckedContinuation<Void, Never>?
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

    /// Reads the log for those who follow it, until `stop` or its task is cancelled.
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

    /// Begins to follow after that entry, or after the last there is.
    ///
    /// Throws `.busy` when `Limits.listeners` follow already or the hub has stopped, `.refused` for an entry that the log
    /// does not have yet.
    package func follow(after sequence: Int64?) async throws(EngineError) -> EventFollower {
        let head: Int64
        do {
            head = try await store.head().count
        } catch {
            throw EngineError(error)
        }
        guard sequence ?? 0 <= head else {
            throw EngineError(
                .refused,
                "the log ends with entry \(head): there is no entry \(sequence ?? 0) to follow"
            )
        }
        let problem = state.withLock { state -> String? in
            if state.isStopped { return "the server is stopping; ask again in a moment" }
            guard state.listeners < Limits.listeners else {
                return "\(Limits.listeners) follow the events already"
            }
            // After a rest the hub goes on where the log ends, not where it stopped.
            if state.listeners == 0, head > state.ring.head { state.ring.begin(at: head) }
            state.listeners += 1
            return nil
        }
        if let problem { throw EngineError(.busy, problem) }
        wake()
        return EventFollower(self, after: sequence ?? head)
    }

    // MARK: For one follower

    func left() { state.withLock { $0.listeners -= 1 } }

    func next(after position: Int64, until: Instant) async -> Next {
        while true {
            let look = state.withLock { state -> Look in
                if state.isStopped || Task.isCancelled { return .answer(.stopped) }
                if clock.now >= until { return .answer(.quiet) }
                if position < state.ring.base { return .behind }
                guard position < state.ring.head else { return .wait }
                return .answer(
                    .events(state.ring.events(after: position, limit: Limits.eventPage))
                )
            }
            switch look {
            case .answer(let next): return next
            case .wait: await wait(after: position, until: until)
            case .behind:
                do throws(StoreError) {
                    let page = try await events(after: position)
                    if !page.isEmpty { return .events(page) }
                } catch {
                    // The store cannot be read now; what is owed is told when it can.
                }
                await sleep(Limits.lookPause)
            }
        }
    }

    private func wait(after position: Int64, until: Instant) async {
        let number = state.withLock { state -> Int in
            state.number += 1
            return state.number
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state -> Bool in
                    if Task.isCancelled || state.isStopped || position < state.ring.head {
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

    /// Reads up to the end of the log; a store that cannot be read is read at the next look.
    private func readOn() async {
        while !Task.isCancelled {
            let head = state.withLock { state -> Int64? in
                state.isWoken = false
                return state.listeners > 0 && !state.isStopped ? state.ring.head : nil
            }
            guard let head else { return }
            do throws(StoreError) {
                let page = try await events(after: head)
                state.withLock { $0.ring.add(page) }
                if page.count < Limits.eventPage { return }
            } catch {
                return
            }
            tell()
        }
    }

    private func tell() {
        let now = clock.now
        let met = state.withLock { state -> [Waiter] in
            let head = state.ring.head
            let met = state.waiters.filter { $0.after < head || $0.until <= now }
            if !met.isEmpty { state.waiters.removeAll { $0.after < head || $0.until <= now } }
            return met
        }
        for waiter in met { waiter.continuation.resume() }
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
        let owner = LogEvent.Owner(policy: record.policy, caller: record.caller)
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
