internal import Autonomy
internal import Decisions
package import Flows
internal import Models
package import Runs
internal import Storage
package import Values

/// What callers and people do with runs: start them, look at them, and act on them.
///
/// It needs no engine lock; an act that meets another's is worked out again on what is true then. What
/// it changes wakes the engine that shares its keeper at once, and any other at its next look.
package struct RunDesk: Sendable {
    let keeper: RunKeeper
    private let live: @Sendable () -> LoadedRelease

    /// `live` gives the release that new runs are pinned to.
    package init(keeper: RunKeeper, live: @escaping @Sendable () -> LoadedRelease) {
        self.keeper = keeper
        self.live = live
    }

    var store: any Store { keeper.store }
    var now: Instant { keeper.now }
    /// The release that new runs are pinned to.
    package var release: LoadedRelease { live() }

    // MARK: Looking

    /// A run with the flow it executes, as it stands in the store.
    package func run(_ id: Identifier) async throws(EngineError) -> (run: Run, flow: Flow) {
        do {
            guard let run = try await store.run(id) else {
                throw EngineError(.unknown, "there is no run \(id)")
            }
            return (run, try await keeper.plan(of: run).1)
        } catch let error as StoreError {
            throw EngineError(error)
        } catch let error as EngineError {
            throw error
        } catch {
            preconditionFailure("a store throws its own errors")
        }
    }

    /// The value of a payload; nothing when the store no longer has it.
    package func value(_ payload: Payload) async throws(EngineError) -> JSON? {
        switch payload {
        case .inline(let value): return value
        case .resource(let digest, _):
            do {
                return try await keeper.value(digest)
            } catch let error as StoreError {
                throw EngineError(error)
            } catch {
                preconditionFailure("a store throws its own errors")
            }
        }
    }

    // MARK: Acting

    /// A person's act on a run, which is an entry of the log, too.
    ///
    /// Throws `.refused` where the run or its step is in a state in which that cannot be done, and
    /// `.invalid` where a step is skipped with an output that does not fit it; changes nothing then.
    package func act(
        _ act: RunAct,
        on id: Identifier,
        by person: String
    ) async throws(EngineError) -> Run {
        let now = now
        return try await keeper.turn(id, fresh: true) { held in
            if held.run.state.isFinal { try await checkRelease(of: held.run) }
            if case .skip(let step, let output?) = act { try check(output, of: step, held) }
            let entry = Entry(
                .administered,
                decision: nil,
                at: now,
                facts: JSONObject(uniqueMembers: act.facts(on: held.run, held.flow, by: person))
            )
            try await keeper.apply(
                .acted(act, by: person),
                to: &held,
                with: Change(entries: [entry]),
                slot: try await slotAgain(act, held)
            )
            return held.run
        }
    }

    /// What a person gives in the place of a step's output fits what others read of it.
    private func check(_ output: JSON, of step: Int, _ held: RunKeeper.Held) throws {
        guard held.flow.steps.indices.contains(step), held.run.active[step]?.isUndo != true else {
            return
        }
        let definition = held.flow.steps[step]
        switch definition.work {
        case .decide(let policy, _):
            try check(output, held.release.policy(policy)?.output, definition.id)
        case .review:
            let question = "\(held.flow.name)/\(definition.id)"
            try check(output, held.release.policy(question)?.output, definition.id)
        case .external(_, _, let schema), .wait(.callback(let schema)):
            try check(output, schema, definition.id)
        case .http(let call):
            try check(output["body"] ?? .null, call.response, "\(definition.id)' in 'body")
        case .set, .wait, .sleep, .flow, .parallel, .each, .choose: break
        }
    }

    /// What an ended run executes may have been removed, though it is remembered here.
    private func checkRelease(of run: Run) async throws {
        guard let removal = try await store.removal(of: run.plan.release) else { return }
        throw EngineError(
            .refused,
            "release \(removal.release.hex.prefix(12)), which the run executes, was removed by "
                + "\(removal.person) after it ended; start a new run"
        )
    }

    /// The slot that a run needs which has ended and is to go on; refused where none is free.
    private func slotAgain(_ act: RunAct, _ held: RunKeeper.Held) async throws -> SlotCheck? {
        guard case .restart = act, held.run.state.isFinal, let key = held.run.key,
            let limit = held.flow.concurrency?.limit
        else { return nil }
        let slots = try await store.slots(key)
        guard slots.underway + slots.queued < limit else {
            throw EngineError(
                .refused,
                "\(limit) with the key '\(key)' are under way, which is as many as may be"
            )
        }
        return SlotCheck(key: key, limit: limit, expectFree: true)
    }

    /// The number of a run's step by its name; throws `.unknown` with the nearest.
    package func step(_ id: String, of run: Identifier) async throws(EngineError) -> Int {
        let (_, flow) = try await self.run(run)
        if let number = flow.number(of: id) { return number }
        let names = flow.steps.map(\.id)
        let hint = nearest(id, in: names).map { "; did you mean '\($0)'?" } ?? ""
        throw EngineError(.unknown, "flow '\(flow.name)' has no step '\(id)'\(hint)")
    }
}

extension RunAct {
    /// The word of the log.
    var word: String {
        switch self {
        case .pause: "run_paused"
        case .resume: "run_resumed"
        case .cancel: "run_cancelled"
        case .retry: "step_retried"
        case .skip: "step_skipped"
        case .restart: "run_restarted"
        case .undo: "run_undone"
        }
    }

    fileprivate func facts(
        on run: Run,
        _ flow: Flow,
        by person: String
    ) -> [JSONObject.Member] {
        var members: [JSONObject.Member] = [
            .init("act", .string(word)), .init("person", .string(person)),
            .init("run", .string(run.id.description)), .init("flow", .string(flow.name)),
        ]
        switch self {
        case .retry(let step, _), .skip(let step, _), .restart(let step):
            if flow.steps.indices.contains(step) {
                members.append(.init("step", .string(flow.steps[step].id)))
            }
        case .pause, .resume, .cancel, .undo: break
        }
        return members
    }
}
