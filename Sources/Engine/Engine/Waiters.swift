internal import Decisions
internal import Models
internal import Synchronization
internal import Values

/// Callers who wait for decisions, each with a moment after which they wait no more.
///
/// A caller that waits is a continuation and a row here: no thread, no task of its own, no timer.
/// One alarm is set at a time, for whoever leaves first.
final class Waiters: Sendable {
    fileprivate struct Waiter {
        let number: Int
        let wants: DecisionService.Wish
        let until: Instant
        let continuation: CheckedContinuation<DecisionView?, Never>
    }

    fileprivate struct State {
        var waiters: [Identifier: [Waiter]] = [:]
        /// Given to each who begins to wait, so that one look can tell who came after another.
        var number = 0
        var isStopping = false
        /// What was told last of some decisions, for who begins to wait just then.
        var told: [Identifier: DecisionState] = [:]
        /// Whose they are, the oldest at `oldest` once there are as many as may be.
        var tellings: [Identifier] = []
        var oldest = 0
        /// The moment for which an alarm is set.
        var alarm: Instant?
    }

    private let clock: any CallClock
    private let state = Mutex(State())
    private let alarms: AsyncStream<Instant>
    private let intoAlarms: AsyncStream<Instant>.Continuation

    init(clock: any CallClock) {
        self.clock = clock
        (alarms, intoAlarms) = AsyncStream.makeStream()
    }

    /// Lets those go who have waited long enough, until `stop`.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await alarm in alarms {
                group.addTask {
                    await self.sleep(until: alarm)
                    self.letGo(alarm)
                }
            }
            group.cancelAll()
        }
    }

    /// Lets everybody go, those too who would begin to wait.
    func stop() {
        let waiting = state.withLock { state in
            state.isStopping = true
            defer { state.waiters = [:] }
            return state.waiters.values.flatMap { $0 }
        }
        for waiter in waiting { waiter.continuation.resume(returning: nil) }
        intoAlarms.finish()
    }

    /// Returns when the decision is what the caller wants, at that moment, or when its task is
    /// cancelled; with the decision, where who told of it had it at hand.
    func wait(
        for id: Identifier,
        _ wish: DecisionService.Wish,
        until: Instant
    ) async -> DecisionView? {
        let number = state.withLock { state -> Int in
            state.number += 1
            return state.number
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waiter = Waiter(
                    number: number,
                    wants: wish,
                    until: until,
                    continuation: continuation
                )
                add(waiter, for: id)
            }
        } onCancel: {
            remove(number, of: id)?.continuation.resume(returning: nil)
        }
    }

    private func add(_ waiter: Waiter, for id: Identifier) {
        let (isGone, alarm) = state.withLock { state -> (Bool, Instant?) in
            if Task.isCancelled || state.isStopping { return (true, nil) }
            if let told = state.told[id], waiter.wants.isMet(by: told) { return (true, nil) }
            state.waiters[id, default: []].append(waiter)
            if let alarm = state.alarm, alarm <= waiter.until { return (false, nil) }
            state.alarm = waiter.until
            return (false, waiter.until)
        }
        if isGone { waiter.continuation.resume(returning: nil) }
        if let alarm { intoAlarms.yield(alarm) }
    }

    private func remove(_ number: Int, of id: Identifier) -> Waiter? {
        state.withLock { state in
            guard let place = state.waiters[id]?.firstIndex(where: { $0.number == number })
            else { return nil }
            let waiter = state.waiters[id]?.remove(at: place)
            if state.waiters[id]?.isEmpty == true { state.waiters[id] = nil }
            return waiter
        }
    }

    /// Wakes whoever waits for a decision to be so; `view` is the decision as it is now.
    func tell(_ id: Identifier, _ decision: DecisionState, _ view: DecisionView? = nil) {
        let met = state.withLock { state -> [Waiter] in
            state.note(id, decision)
            guard let waiting = state.waiters[id] else { return [] }
            let met = waiting.filter { $0.wants.isMet(by: decision) }
            let rest = waiting.filter { !$0.wants.isMet(by: decision) }
            state.waiters[id] = rest.isEmpty ? nil : rest
            return met
        }
        for waiter in met { waiter.continuation.resume(returning: view) }
    }

    /// Which of these decisions somebody waits for, and all that somebody began to wait for after
    /// that number; with the last number given.
    func waited(
        among changed: some Collection<Identifier>,
        since number: Int
    ) -> (decisions: Set<Identifier>, number: Int) {
        state.withLock { state in
            var decisions = Set(changed.filter { state.waiters[$0] != nil })
            if state.number > number {
                for (id, waiting) in state.waiters
                where waiting.contains(where: { $0.number > number }) {
                    decisions.insert(id)
                }
            }
            return (decisions, state.number)
        }
    }

    /// Everything that somebody waits for.
    var all: Set<Identifier> { state.withLock { Set($0.waiters.keys) } }

    /// Decisions that somebody waits for.
    var count: Int { state.withLock { $0.waiters.count } }

    // MARK: The alarm

    private func sleep(until: Instant) async {
        do {
            try await clock.sleep(for: max(until - clock.now, .zero))
        } catch {
            return
        }
    }

    private func letGo(_ alarm: Instant) {
        let now = clock.now
        let (gone, next) = state.withLock { state -> ([Waiter], Instant?) in
            // An earlier alarm was set after this one, which looks after the rest.
            guard state.alarm == alarm else { return ([], nil) }
            var gone: [Waiter] = []
            var earliest: Instant?
            for (id, waiting) in state.waiters {
                let rest = waiting.filter { $0.until > now }
                if rest.count < waiting.count {
                    gone += waiting.filter { $0.until <= now }
                    state.waiters[id] = rest.isEmpty ? nil : rest
                }
                for waiter in rest where earliest.map({ waiter.until < $0 }) ?? true {
                    earliest = waiter.until
                }
            }
            // All who leave within a moment leave together: each look is at everybody.
            state.alarm = earliest.map { max($0, now + Limits.alarmPause) }
            return (gone, state.alarm)
        }
        for waiter in gone { waiter.continuation.resume(returning: nil) }
        if let next { intoAlarms.yield(next) }
    }
}

extension Waiters.State {
    /// Remembers what was told of a decision, and forgets the oldest.
    fileprivate mutating func note(_ id: Identifier, _ decision: DecisionState) {
        if told.updateValue(decision, forKey: id) != nil { return }
        guard tellings.count == Limits.tellingsKept else {
            tellings.append(id)
            return
        }
        told[tellings[oldest]] = nil
        tellings[oldest] = id
        oldest = (oldest + 1) % Limits.tellingsKept
    }
}
