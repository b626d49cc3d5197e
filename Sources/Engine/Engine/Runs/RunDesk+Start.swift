internal import Access
internal import Decisions
internal import Expressions
internal import Flows
package import Runs
internal import Storage
package import Values

/// A run that somebody wants started.
package struct RunStart: Sendable {
    package let flow: String
    package let input: JSON
    /// What makes it the same start when it comes again, kept for a day at least.
    package let key: IncomingStep.Key?
    package let priority: Int
    package let caller: String

    package init(
        flow: String,
        input: JSON,
        key: IncomingStep.Key? = nil,
        priority: Int = 0,
        caller: String
    ) {
        self.flow = flow
        self.input = input
        self.key = key
        self.priority = priority
        self.caller = caller
    }
}

/// What became of a start; all of it durable.
package enum RunStarted: Sendable {
    case started(Run)
    /// The same start came before.
    case known(Identifier)
    /// The key came before with another input, for that run.
    case keyTaken(by: Identifier)
    case refused([SchemaFailure])
    /// The flow refuses more runs with this key than are under way.
    case full(key: String)
}

extension RunDesk {
    /// Starts a run of the live release; throws `.unknown` where there is no such flow.
    package func start(_ start: RunStart) async throws(EngineError) -> RunStarted {
        guard let started = try await self.start([start]).first else {
            preconditionFailure("one start has one result")
        }
        return started
    }

    /// Starts runs in one commit; one result a start.
    ///
    /// Where a flow bounds runs with one key, each of
    /// its runs is a commit of its own.
    package func start(_ starts: [RunStart]) async throws(EngineError) -> [RunStarted] {
        let release = release
        var results: [RunStarted?] = Array(repeating: nil, count: starts.count)
        var beginnings: [(index: Int, beginning: RunBeginning)] = []
        for (index, start) in starts.enumerated() {
            guard let flow = release.flows[start.flow] else { throw unknown(start.flow, release) }
            let failures = flow.input.validate(start.input)
            guard failures.isEmpty else {
                results[index] = .refused(failures)
                continue
            }
            let beginning = RunBeginning(start: start, flow: flow, release: release)
            if flow.concurrency != nil {
                results[index] = try await startAlone(beginning)
            } else {
                beginnings.append((index, beginning))
            }
        }
        let committed = try await commit(beginnings.map(\.beginning))
        for ((index, _), result) in zip(beginnings, committed) { results[index] = result }
        return results.compactMap { $0 }
    }

    private func unknown(_ name: String, _ release: LoadedRelease) -> EngineError {
        let names = release.flows.keys.sorted()
        let hint =
            nearest(name, in: names).map { "; did you mean '\($0)'?" }
            ?? (names.isEmpty ? "; the live release has none" : "")
        return EngineError(.unknown, "there is no flow '\(name)'\(hint)")
    }

    private func commit(_ beginnings: [RunBeginning]) async throws(EngineError) -> [RunStarted] {
        if beginnings.isEmpty { return [] }
        var plans: [RunBeginning.Plan] = []
        for beginning in beginnings {
            do throws(EngineError) {
                plans.append(try await plan(beginning, nil, asking: true))
            } catch {
                for plan in plans { ended(plan, .stale) }
                throw error
            }
        }
        let results: [CommitResult]
        do {
            results = try await store.commit(plans.map(\.change))
        } catch {
            for plan in plans { ended(plan, nil) }
            throw EngineError(error)
        }
        for (plan, result) in zip(plans, results) { ended(plan, result) }
        var started: [RunStarted] = []
        for (plan, result) in zip(plans, results) {
            switch result {
            case .committed:
                keeper.tellStarted(plan)
                started.append(.started(plan.run.committed))
            case .keyTaken(let run, let body):
                started.append(body == plan.body ? .known(run) : .keyTaken(by: run))
            case .removed(let release): throw .removed(release)
            case .stale, .inUse:
                throw EngineError(.store, "the store holds a run of a new identifier already")
            }
        }
        return started
    }

    /// Starts a run of a flow that bounds how many may have its key.
    private func startAlone(_ beginning: RunBeginning) async throws(EngineError) -> RunStarted {
        guard let concurrency = beginning.flow.concurrency else {
            preconditionFailure("only a flow that bounds its runs starts them alone")
        }
        let key = try beginning.key(at: now)
        for _ in 0..<Limits.staleAttempts {
            let slots: SlotCount
            do {
                slots = try await store.slots(key)
            } catch {
                throw EngineError(error)
            }
            let isFree = slots.underway + slots.queued < concurrency.limit
            if !isFree, concurrency.then == .refuse {
                return try await known(beginning) ?? .full(key: key)
            }
            if !isFree, concurrency.then == .cancelOld {
                // Before the new run is there: no crash leaves it behind one that nobody ends.
                if let known = try await known(beginning) { return known }
                try await makeRoom(slots, key, limit: concurrency.limit)
            }
            let slot = SlotCheck(key: key, limit: concurrency.limit, expectFree: isFree)
            // One that queues asks for its turn when a slot is free.
            let plan = try await plan(beginning, slot, asking: isFree)
            let result: CommitResult?
            do {
                result = try await store.commit([plan.change]).first
            } catch {
                ended(plan, nil)
                throw EngineError(error)
            }
            ended(plan, result)
            switch result {
            case .committed:
                keeper.tellStarted(plan)
                return .started(plan.run.committed)
            case .keyTaken(let run, let body):
                return body == plan.body ? .known(run) : .keyTaken(by: run)
            case .removed(let release): throw .removed(release)
            case .stale, .inUse, nil: continue
            }
        }
        throw EngineError(.busy, "others keep starting runs with the key '\(key)'; try again")
    }

    private func known(_ beginning: RunBeginning) async throws(EngineError) -> RunStarted? {
        guard let key = beginning.start.key else { return nil }
        do {
            guard let claimed = try await store.claimedRun(scope: key.scope, key: key.key) else {
                return nil
            }
            return claimed.body == beginning.body ? .known(claimed.run) : .keyTaken(by: claimed.run)
        } catch {
            throw EngineError(error)
        }
    }

    /// Makes room for a run that will be queued: of those with its key that nobody ends yet, queued
    /// ones too, all but the newest are ended, so that it is the last one's turn next.
    private func makeRoom(
        _ slots: SlotCount,
        _ key: String,
        limit: Int
    ) async throws(EngineError) {
        var query = RunQuery(limit: slots.underway + slots.queued)
        query.key = key
        query.states = [.queued, .running, .paused, .dead]
        query.sort = .oldest
        let live: [RunSummary]
        do {
            live = try await store.runs(query)
        } catch {
            throw EngineError(error)
        }
        for run in live.prefix(max(0, live.count - (limit - 1))) {
            do throws(EngineError) {
                _ = try await act(.cancel(undoing: true), on: run.id, by: "concurrency")
            } catch {
                // It has ended, or is being ended: both are what was wanted.
                guard error.code == .refused else { throw error }
            }
        }
    }
}

/// A run before it is one: works out what its start writes; pure but for the identifiers it draws.
struct RunBeginning {
    struct Plan {
        let run: Run
        let children: [Run]
        let change: Change
        let body: Digest
        /// When its flow's rate lets it begin; nothing where none was asked.
        var turn: RateTurn?
    }

    let start: RunStart
    let flow: Flow
    let release: LoadedRelease

    var body: Digest {
        Digest(of: Array(start.flow.utf8) + [0] + start.input.canonicalBytes)
    }

    /// What the flow counts its runs by.
    func key(at now: Instant) throws(EngineError) -> String {
        guard let concurrency = flow.concurrency else { return flow.name }
        var bindings = Bindings(flow.environment.variables)
        bindings.set("input", json: start.input)
        bindings.set("lists", json: flow.environment.lists)
        bindings.set("vars", json: flow.environment.vars)
        bindings.set("now", to: .timestamp(Timestamp(now)))
        do {
            let value = try concurrency.key.evaluate(bindings)
            let text = value.json?.string ?? value.json?.compactText ?? value.typeName
            return "\(flow.name)/\(text)"
        } catch {
            throw EngineError(.invalid, "the flow's concurrency key: \(error.message)")
        }
    }

    /// `turn` is when its flow's rate lets it begin.
    func plan(
        _ keeper: RunKeeper,
        _ slot: SlotCheck?,
        _ turn: RateTurn?
    ) throws(EngineError) -> Plan {
        let now = keeper.now
        let chance = keeper.surroundings.chance
        var kept: [KeptResource] = []
        let input: Payload
        switch Payload.keeping(start.input, beside: 0) {
        case .failure(let failure): throw EngineError(.invalid, failure.message)
        case .success((let payload, let bytes)):
            input = payload
            if case .resource(let digest, _) = payload {
                kept.append(KeptResource(digest: digest, bytes: bytes))
            }
        }
        let id = chance.identifier(at: now)
        var run = Run(
            id: id,
            root: id,
            plan: Run.Plan(flow: flow.name, release: release.digest),
            parent: nil,
            caller: start.caller,
            startedAt: now,
            priority: start.priority,
            key: slot?.key,
            input: input
        )
        let claim = start.key.map {
            KeyClaim(scope: $0.scope, key: $0.key, body: body, lifetime: .day)
        }
        var waiting: ActiveStep.State?
        if let slot, !slot.expectFree {
            waiting = .waiting(.slot(slot.key))
        } else if let turn {
            switch turn.turn {
            case .atOnce: break
            case .at(let moment): waiting = .waiting(.rate(turn.bound.name, until: moment))
            case nil: waiting = .ready
            }
        }
        if let waiting {
            run.state = .queued
            run.active[Run.slotStep] = ActiveStep(step: Run.slotStep, state: waiting, at: now)
            let write = RunWrite(run, after: nil, resources: kept, start: claim, slot: slot)
            return Plan(
                run: run,
                children: [],
                change: Change(entries: [], runs: [write]),
                body: body,
                turn: turn
            )
        }
        var plan = try begun(run, keeper, kept, claim, slot)
        plan.turn = turn
        return plan
    }

    private func begun(
        _ run: Run,
        _ keeper: RunKeeper,
        _ kept: [KeptResource],
        _ claim: KeyClaim?,
        _ slot: SlotCheck?
    ) throws(EngineError) -> Plan {
        var known: [Digest: JSON] = [:]
        if case .resource(let digest, _) = run.input { known[digest] = start.input }
        let transition: Transition
        do {
            transition = try run.advance(
                .begun,
                in: flow,
                at: keeper.now,
                chance: keeper.surroundings.chance.word(),
                resources: known
            )
        } catch {
            throw EngineError(error)
        }
        let children = transition.starts.map { keeper.child($0, of: run, at: keeper.now) }
        let write = keeper.write(
            transition,
            after: nil,
            keeping: kept,
            start: claim,
            slot: slot
        )
        let runs = [write] + children.map { RunWrite($0, after: nil) }
        return Plan(
            run: transition.run,
            children: children,
            change: Change(entries: [], runs: runs),
            body: body
        )
    }
}
