internal import Flows
internal import Models
package import Runs
package import Storage
internal import Synchronization
internal import Values

/// Brings events to runs: reads what they need, has the run machine answer, and commits the answer.
///
/// One at a time works on a run. What it commits is remembered, so that the next step of a run needs
/// no reading; a run that somebody else has changed meanwhile is found stale and read again.
package final class RunKeeper: Sendable {
    /// A run in somebody's hands.
    struct Held {
        var run: Run
        let flow: Flow
        let release: LoadedRelease
        var resources: [Digest: JSON] = [:]
        /// Whether it is what the store holds for certain.
        var isFresh: Bool

        /// Says that there is nothing to do, once that is certain: another process may have changed
        /// the run since it was remembered.
        func nothing<Result>() throws -> Result? {
            guard isFresh else { throw Stale() }
            return nil
        }
    }

    let store: any Store
    let releases: RecentReleases
    let surroundings: Surroundings
    let rates = RateLines()
    let claims = ClaimsUnderway()
    /// Whether runs of a flow with a rate begin here; else they are left for the engine to begin.
    let keepsRates: Bool
    private let turns = RunTurns()
    private let recent = Mutex(RecentRuns(limit: Limits.recentRuns))
    private let tell: @Sendable (Run, [Run]) -> Void

    /// `tell` hears of each run as it is once a transition was committed, with the runs it started.
    ///
    /// A process beside the engine must not keep rates, since it does not know what has begun there.
    package init(
        store: any Store,
        releases: any ReleaseSource,
        surroundings: Surroundings,
        keepsRates: Bool = true,
        tell: @escaping @Sendable (Run, [Run]) -> Void
    ) {
        self.store = store
        self.releases = RecentReleases(releases)
        self.surroundings = surroundings
        self.keepsRates = keepsRates
        self.tell = tell
    }

    var now: Instant { surroundings.clock.now }

    // MARK: Turns

    /// Works on a run while nobody else here does; tried again from what the store holds as often as
    /// somebody elsewhere was faster.
    ///
    /// `body` throws `Stale` through `commit`, and must not act outside before that.
    func turn<Result: Sendable>(
        _ id: Identifier,
        fresh: Bool = false,
        _ body: (inout Held) async throws -> Result
    ) async throws(EngineError) -> Result {
        let begun = surroundings.clock.uptime
        let refusal = await turns.begin(id)
        do throws(EngineError) {
            // Who has waited while the store took nothing would wait as long again.
            if let refusal, surroundings.clock.uptime - begun >= Limits.turnPatience {
                throw refusal
            }
            let result = try await alone(id, fresh: fresh, body)
            turns.end(id, nil)
            return result
        } catch {
            turns.end(id, error.code == .store ? error : nil)
            throw error
        }
    }

    private func alone<Result: Sendable>(
        _ id: Identifier,
        fresh: Bool,
        _ body: (inout Held) async throws -> Result
    ) async throws(EngineError) -> Result {
        var mustRead = fresh
        for _ in 0..<Limits.staleAttempts {
            var held = try await hold(id, fresh: mustRead)
            do {
                let result = try await body(&held)
                recent.withLock { $0.keep(held.run, held.resources) }
                return result
            } catch is Stale {
                recent.withLock { $0.forget(id) }
                mustRead = true
            } catch let error as EngineError {
                recent.withLock { $0.forget(id) }
                throw error
            } catch let error as RunRefusal {
                // What was remembered may be why it was refused.
                recent.withLock { $0.forget(id) }
                guard !held.isFresh else { throw EngineError(error) }
                mustRead = true
            } catch let error as StoreError {
                recent.withLock { $0.forget(id) }
                throw EngineError(error)
            } catch {
                preconditionFailure("a turn throws errors of the engine: \(error)")
            }
        }
        throw EngineError(.busy, "others keep changing run \(id); try again")
    }

    /// Somebody else has changed the run since it was read.
    struct Stale: Error {}

    private func hold(_ id: Identifier, fresh: Bool) async throws(EngineError) -> Held {
        if !fresh, let (run, resources) = recent.withLock({ $0.take(id) }) {
            let (release, flow) = try await plan(of: run)
            return Held(
                run: run,
                flow: flow,
                release: release,
                resources: resources,
                isFresh: false
            )
        }
        do {
            guard let run = try await store.run(id) else {
                throw EngineError(.unknown, "there is no run \(id)")
            }
            let (release, flow) = try await plan(of: run)
            return Held(run: run, flow: flow, release: release, isFresh: true)
        } catch let error as StoreError {
            throw EngineError(error)
        } catch let error as EngineError {
            throw error
        } catch {
            preconditionFailure("a store throws its own errors")
        }
    }

    /// What a run executes, from the release it is pinned to.
    func plan(of run: Run) async throws(EngineError) -> (LoadedRelease, Flow) {
        let release = try await releases.release(run.plan.release)
        guard let flow = release.flows[run.plan.flow] else {
            throw EngineError(
                .release,
                "release \(run.plan.release.hex) has no flow '\(run.plan.flow)'"
            )
        }
        return (release, flow)
    }

    // MARK: Transitions

    /// Brings an event to a run and commits what follows, with a change of the log's where there is
    /// one: all of it is one transaction.
    func apply(
        _ event: RunEvent,
        to held: inout Held,
        taking signals: [Signal] = [],
        with change: Change? = nil,
        keeping resources: [KeptResource] = [],
        slot: SlotCheck? = nil
    ) async throws {
        let now = now
        let chance = surroundings.chance.word()
        let transition = try await loading(&held, resources) {
            run,
            flow,
            known throws(RunRefusal) in
            try run.advance(event, in: flow, at: now, chance: chance, resources: known)
        }
        let children = transition.starts.map { child($0, of: held.run, at: now) }
        let write = write(
            transition,
            after: held.run,
            taking: signals,
            keeping: resources,
            slot: slot
        )
        let runs = [write] + children.map { RunWrite($0, after: nil) }
        var whole = change ?? Change(entries: [], runs: runs)
        whole.runs = runs
        guard case .committed? = try await store.commit([whole]).first else { throw Stale() }
        held.run = transition.run.committed
        held.isFresh = true
        tell(held.run, children.map(\.committed))
    }

    /// Takes in what came without any effect, of a run that has no history yet.
    func dismiss(_ signals: [Signal], of held: inout Held, slot: SlotCheck) async throws {
        let write = RunWrite(held.run, after: held.run, taken: signals, slot: slot)
        let change = Change(entries: [], runs: [write])
        guard case .committed? = try await store.commit([change]).first else { throw Stale() }
        held.run = write.run
        held.isFresh = true
    }

    /// Takes up a run that was just started.
    func tellStarted(_ plan: RunBeginning.Plan) {
        recent.withLock { $0.keep(plan.run.committed, [:]) }
        tell(plan.run.committed, plan.children.map(\.committed))
    }

    func write(
        _ transition: Transition,
        after before: Run?,
        taking signals: [Signal] = [],
        keeping resources: [KeptResource] = [],
        start: KeyClaim? = nil,
        slot: SlotCheck? = nil
    ) -> RunWrite {
        RunWrite(
            transition.run,
            after: before,
            event: HistoryEvent(
                number: transition.run.history,
                event: transition.event,
                at: transition.at,
                chance: transition.chance
            ),
            taken: signals,
            resources: resources
                + transition.resources.map { KeptResource(digest: $0.key, bytes: $0.value) },
            start: start,
            slot: slot
        )
    }

    /// A run as it is before it begins: one row, and one step that wakes an engine.
    func child(_ start: Transition.Start, of run: Run, at now: Instant) -> Run {
        var child = Run(
            id: surroundings.chance.identifier(at: now),
            root: run.root,
            plan: Run.Plan(flow: start.flow, release: run.plan.release, each: start.each),
            parent: Run.Parent(
                run: run.id,
                step: start.step,
                item: start.item,
                generation: start.generation,
                depth: (run.parent?.depth ?? 0) + 1
            ),
            caller: run.caller,
            startedAt: now,
            priority: run.priority,
            input: start.input,
            items: start.items
        )
        child.ended = start.ended
        child.active[Run.slotStep] = ActiveStep(step: Run.slotStep, at: now)
        return child
    }

    /// Asks the run machine, and loads what it needs as often as it says so.
    ///
    /// What the event itself brings is `brought`: the store has it only after the transition.
    func loading<Result>(
        _ held: inout Held,
        _ brought: [KeptResource] = [],
        _ ask: (Run, Flow, [Digest: JSON]) throws(RunRefusal) -> Result
    ) async throws -> Result {
        while true {
            do throws(RunRefusal) {
                return try ask(held.run, held.flow, held.resources)
            } catch {
                guard case .needs(let digests) = error else { throw error }
                for digest in digests where held.resources[digest] == nil {
                    if let own = brought.first(where: { $0.digest == digest }) {
                        held.resources[digest] = try Self.read(own.bytes, digest)
                    } else {
                        held.resources[digest] = try await value(digest)
                    }
                }
            }
        }
    }

    /// A large value; what the store cannot give is a fault of the store.
    func value(_ digest: Digest) async throws -> JSON {
        guard let bytes = try await store.resource(digest), Digest(of: bytes) == digest else {
            throw StoreError(.corrupt, "the value res://\(digest.hex) is missing or is another")
        }
        return try Self.read(bytes, digest)
    }

    private static func read(_ bytes: [UInt8], _ digest: Digest) throws -> JSON {
        do {
            return try JSON.read(bytes)
        } catch {
            throw StoreError(.corrupt, "the value res://\(digest.hex) is no JSON: \(error.message)")
        }
    }

    func value(_ payload: Payload, _ held: inout Held) async throws -> JSON {
        switch payload {
        case .inline(let value): return value
        case .resource(let digest, _):
            if let known = held.resources[digest] { return known }
            let value = try await value(digest)
            held.resources[digest] = value
            return value
        }
    }
}

extension Run {
    /// As it is once its change was committed.
    var committed: Run {
        var run = self
        run.version += 1
        return run
    }
}

extension EngineError {
    init(_ refusal: RunRefusal) {
        switch refusal {
        case .late(let step, let isNow):
            self.init(.refused, "this comes too late: step \(step) is \(isNow)")
        case .state(let state, let message):
            self.init(.refused, "the run is \(state.rawValue): \(message)")
        case .unknownStep(let step): self.init(.unknown, "the run has no step \(step)")
        case .needs: self.init(.store, "a value of the run was not loaded")
        case .broken(let message):
            self.init(.store, "the run is not as the run machine leaves it: \(message)")
        }
    }
}

/// Runs as they were committed last, so many at most; the longest unused are forgotten.
private struct RecentRuns {
    private struct Kept {
        let run: Run
        let resources: [Digest: JSON]
    }

    private let limit: Int
    private var young: [Identifier: Kept] = [:]
    private var old: [Identifier: Kept] = [:]

    init(limit: Int) { self.limit = limit }

    mutating func take(_ id: Identifier) -> (Run, [Digest: JSON])? {
        guard let kept = young[id] ?? old[id] else { return nil }
        return (kept.run, kept.resources)
    }

    mutating func keep(_ run: Run, _ resources: [Digest: JSON]) {
        old[run.id] = nil
        guard !run.state.isFinal else {
            young[run.id] = nil
            return
        }
        young[run.id] = Kept(run: run, resources: resources)
        guard young.count >= limit / 2 else { return }
        old = young
        young = [:]
    }

    mutating func forget(_ id: Identifier) {
        young[id] = nil
        old[id] = nil
    }
}
