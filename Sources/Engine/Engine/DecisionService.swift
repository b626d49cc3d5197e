package import Decisions
package import Models
internal import Synchronization
package import Values

/// Serves steps for as long as it runs: asks models about accepted ones, keeps those of an outage
/// until their time, and tells whoever waits for a decision.
///
/// A caller that waits holds no thread and may leave at any time; what it asked goes on. After a
/// crash the next service resumes what was `asking`.
package final class DecisionService: Sendable {
    /// What a caller waits for.
    package enum Wish: Sendable {
        /// That no model is being asked any more: decided, or left to a person.
        case answered
        /// That it is final.
        case settled
    }

    private struct State {
        var held: Set<Identifier> = []
        var isStopping = false
    }

    package let engine: DecisionEngine
    /// What is told to those who follow the log; it runs and stops with the service.
    package let events: EventHub
    private let clock: any CallClock
    private let tell: @Sendable (Followed) -> Void
    private let finished: @Sendable () -> Void
    private let state = Mutex(State())
    private let inbox: AsyncStream<Asking>
    private let into: AsyncStream<Asking>.Continuation
    private let waiters: Waiters

    /// Takes over what an earlier engine left `asking`, before anything new can come in: a step is
    /// held once, under one epoch.
    ///
    /// `tell` hears of each promotion that came into force or could not. `finished` is told when a
    /// decision became final here whose result may be to be sent or that a run waits for, so that it
    /// need not wait for the next look.
    package init(
        engine: DecisionEngine,
        clock: any CallClock,
        tell: @escaping @Sendable (Followed) -> Void = { _ in },
        finished: @escaping @Sendable () -> Void = {}
    ) async throws(EngineError) {
        self.engine = engine
        self.clock = clock
        self.tell = tell
        self.finished = finished
        events = EventHub(store: engine.store, clock: clock)
        (inbox, into) = AsyncStream.makeStream()
        waiters = Waiters(clock: clock)
        for asking in try await engine.resume() { take(asking) }
    }

    /// Steps that a model is being asked about, or that wait for one.
    package var asking: Int { state.withLock { $0.held.count } }

    /// Serves until `stop` is called.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.tick() }
            group.addTask { await self.waiters.run() }
            group.addTask { await self.events.run() }
            for await asking in inbox { group.addImmediateTask { await self.see(asking) } }
            group.cancelAll()
        }
    }

    /// Ends `run`: whoever waits is told how things stand, and what is still `asking` stays so for the
    /// next engine.
    package func stop() {
        state.withLock { $0.isStopping = true }
        waiters.stop()
        events.stop()
        into.finish()
    }

    /// Takes a step on, durably, and begins to ask about it where a model is to be asked.
    package func submit(
        _ step: IncomingStep,
        under policy: String
    ) async throws(EngineError) -> Begun {
        guard let begun = try await submit([step], under: policy).first else {
            preconditionFailure("one step has one result")
        }
        return begun
    }

    /// Takes on steps of one policy in one commit, all or, where they are too many, none.
    package func submit(
        _ steps: [IncomingStep],
        under policy: String
    ) async throws(EngineError) -> [Begun] {
        let (held, stopping) = state.withLock { ($0.held.count, $0.isStopping) }
        if stopping { throw EngineError(.busy, "the server is stopping; ask again in a moment") }
        if held + steps.count > Limits.served {
            throw EngineError(.busy, "\(held) steps wait for a model already")
        }
        let begun = try await engine.begin(steps, under: policy)
        for (step, begun) in zip(steps, begun) {
            switch begun {
            case .asking(let asking): take(asking)
            case .settled where step.callback != nil: finished()
            case .settled, .known, .keyTaken, .refused: break
            }
        }
        events.wake()
        return begun
    }

    /// The decision as it stands when it is what the caller wants, or else after that long.
    package func view(
        of id: Identifier,
        _ wish: Wish,
        within time: Duration
    ) async throws(EngineError) -> DecisionView {
        let view = try await engine.view(of: id)
        guard time > .zero, !wish.isMet(by: view.record.state) else { return view }
        if let told = await waiters.wait(for: id, wish, until: clock.now + time) { return told }
        return try await engine.view(of: id)
    }

    /// Returns once the decision is what the caller wants, or else after that long; for one that was
    /// just taken on or looked at.
    ///
    /// Thousands may wait here, so nothing is read before: what became of it meanwhile is remembered,
    /// or seen at the next look. Gives the decision where it was just made here; otherwise it is to be
    /// read.
    package func wait(
        for id: Identifier,
        _ wish: Wish,
        within time: Duration
    ) async -> DecisionView? {
        await waiters.wait(for: id, wish, until: clock.now + time)
    }

    /// Tells that a person here has changed a decision.
    package func changed(_ id: Identifier, to state: DecisionState) {
        if !state.isPending { finished() }
        tell(id, state)
    }

    /// Tells those who follow the log and the runs that something was written.
    func noticed() { events.wake() }

    /// Wakes whoever waits for that.
    private func tell(_ id: Identifier, _ state: DecisionState, _ view: DecisionView? = nil) {
        events.wake()
        waiters.tell(id, state, view)
    }

    // MARK: Asking

    /// Goes on with a step that was accepted elsewhere in this engine.
    func take(_ asking: Asking) {
        let isNew = state.withLock { $0.held.insert(asking.id).inserted }
        if isNew { into.yield(asking) }
    }

    /// Asks until the step is settled; a store that cannot be written is tried again.
    private func see(_ first: Asking) async {
        var asking = first
        while !Task.isCancelled {
            do throws(EngineError) {
                switch try await engine.ask(asking) {
                case .settled(let view):
                    state.withLock { _ = $0.held.remove(asking.id) }
                    // A model decides thousands a second, and few of them are to be sent.
                    if first.hasCallback || first.record.isOfRun { finished() }
                    tell(asking.id, view.record.state, view)
                    return
                case .waits(let next, let until):
                    asking = next
                    events.wake()
                    await sleep(until - clock.now)
                }
            } catch {
                await sleep(Limits.storePause)
            }
        }
        state.withLock { _ = $0.held.remove(first.id) }
    }

    private func sleep(_ time: Duration) async {
        do {
            try await clock.sleep(for: max(time, .zero))
        } catch {
            return
        }
    }

    // MARK: What others did

    /// Looks now and then for steps given back by others, and for decisions that other processes
    /// changed while somebody here waits.
    private func tick() async {
        var reapedAt = clock.now
        // Where the last look at others' doings ended, and who had begun to wait by then.
        var seen: ChainHead?
        var newest = 0
        while !Task.isCancelled {
            await sleep(Limits.lookPause)
            do throws(EngineError) {
                if clock.now >= reapedAt + Limits.reapPause {
                    reapedAt = clock.now
                    let held = state.withLock { $0.held }
                    for asking in try await engine.reap(holding: held) { take(asking) }
                }
                try await follow()
                let count = waiters.count
                if count == 0 {
                    seen = nil
                    continue
                }
                let head = try await engine.head()
                // A few are looked at sooner than what was written meanwhile.
                let isFew = count <= Limits.fewWaiters && head != seen
                let changed =
                    try await isFew ? nil : engine.changed(since: seen, to: head)
                // Who began to wait since may have missed what came just before.
                let (waited, number) = waiters.waited(
                    among: changed ?? waiters.all,
                    since: newest
                )
                for id in waited {
                    waiters.tell(id, try await engine.view(of: id).record.state)
                }
                (seen, newest) = (head, number)
            } catch {
                // The store cannot be read now; the next look tells.
                continue
            }
        }
    }

    /// Takes what was promoted last into force, now rather than at the next look.
    package func follow() async throws(EngineError) {
        let followed = try await engine.follow()
        if case .unchanged = followed { return }
        tell(followed)
    }
}

extension DecisionService.Wish {
    func isMet(by state: DecisionState) -> Bool {
        switch self {
        case .answered: state != .asking
        case .settled: state != .asking && state != .review
        }
    }
}
