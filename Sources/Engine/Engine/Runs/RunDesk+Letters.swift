internal import Autonomy
internal import Flows
package import Runs
package import Storage
package import Values

/// A step that failed for good and waits for a person.
package struct DeadLetter: Sendable {
    package let view: RunView
    package let step: ActiveStep

    package init(view: RunView, step: ActiveStep) {
        self.view = view
        self.step = step
    }

    /// The step's name; nothing where the run's release cannot be loaded, as its view tells.
    package var name: String? { view.name(of: step.step) }

    package var json: JSON {
        var members: [JSONObject.Member] = [
            .init("run", .string(view.run.id.description)),
            .init("step", name.map(JSON.string) ?? .null),
            .init("flow", .string(view.run.plan.flow)),
            .init("stage", view.run.stage.map(JSON.string) ?? .null),
            .init("run_state", .string(view.run.state.rawValue)),
            .init("since", .string(step.since.rfc3339)),
            .init("attempts", .int(Int64(step.attempt))),
            .init("failure", step.failure?.json ?? .null),
            .init("caller", .string(view.run.caller)),
        ]
        if let missing = view.missing { members.append(.init("unreadable", .string(missing))) }
        return .object(JSONObject(uniqueMembers: members))
    }
}

extension RunDesk {
    /// Steps that failed for good, the longest waiting first; `next` is where the next page begins.
    ///
    /// With a flow only its own are given, and a page may then be short before the end. A run whose
    /// release cannot be loaded keeps no other's from being seen.
    package func deadLetters(
        flow: String? = nil,
        after: StepPlace? = nil,
        limit: Int
    ) async throws(EngineError) -> (letters: [DeadLetter], next: StepPlace?) {
        let person = Wait.person
        do {
            let places = try await store.waiters(
                kind: person.kind,
                key: person.key ?? "",
                after: after,
                limit: limit
            )
            let mine = places.filter { flow == nil || $0.flow == flow }
            let views = try await sights(Array(Set(mine.map(\.run)))).map(\.view)
            let byRun = Dictionary(views.map { ($0.run.id, $0) }) { first, _ in first }
            let letters = mine.compactMap { place -> DeadLetter? in
                guard let view = byRun[place.run], let step = view.run.active[place.step],
                    step.state == .waiting(.person)
                else { return nil }
                return DeadLetter(view: view, step: step)
            }
            return (letters, places.count == limit ? places.last : nil)
        } catch let error as StoreError {
            throw EngineError(error)
        } catch let error as EngineError {
            throw error
        } catch {
            preconditionFailure("a store throws its own errors")
        }
    }

    /// What a parked step asks with: the input that a mended one takes the place of.
    package func input(of letter: DeadLetter) async throws(EngineError) -> JSON? {
        let now = now
        let request = try await keeper.turn(letter.view.run.id, fresh: true) { held in
            guard let step = held.run.active[letter.step.step] else {
                return Result<RunRequest, StepFailure>.success(.begin)
            }
            return try await keeper.loading(&held) { run, flow, known throws(RunRefusal) in
                try run.request(of: step, in: flow, at: now, resources: known)
            }
        }
        guard case .success(let request) = request else { return nil }
        switch request {
        case .decide(_, let input), .external(_, let input), .review(let input): return input
        case .http(let http): return http.body
        case .begin, .startMore, .gather, .tell, .withdraw: return nil
        }
    }

    /// The number of a step that somebody works on, for whom its results count; and how long an
    /// attempt may take.
    ///
    /// `holder` is who claimed it: what stands behind the first `@` of the lease's name. Throws
    /// `.refused` where the lease is another's or is no more.
    package func leased(
        _ name: String,
        of run: Identifier,
        epoch: Int64,
        to holder: String
    ) async throws(EngineError) -> (number: Int, timeout: Duration, kind: String) {
        try await keeper.turn(run) { held in
            guard let number = held.flow.number(of: name) else {
                throw EngineError(.unknown, "flow '\(held.flow.name)' has no step '\(name)'")
            }
            guard let step = held.run.active[number], step.epoch == epoch,
                case .leased(let by, _) = step.state, let kind = step.kind
            else { throw RunRefusal.late(step: name, isNow: "claimed anew, or ended") }
            let owner = by.firstIndex(of: "@").map { String(by[by.index(after: $0)...]) }
            guard owner == holder else {
                throw EngineError(.refused, "step '\(name)' is worked on by another")
            }
            return (number, held.flow.steps[number].timeout, kind)
        }
    }

    /// Whether a run refers to a large value, in its row or its history.
    package func refers(_ run: Run, to digest: Digest) async throws(EngineError) -> Bool {
        if run.resources.contains(digest) { return true }
        var number: Int64 = 1
        while number <= run.history {
            let page: [HistoryEvent]
            do {
                page = try await store.history(of: run.id, from: number, limit: Limits.childPage)
            } catch {
                throw EngineError(error)
            }
            if page.contains(where: { $0.event.resource == digest }) { return true }
            guard let last = page.last else { return false }
            number = last.number + 1
        }
        return false
    }

    /// The bytes of a large value; nothing when the store no longer has it.
    package func resource(_ digest: Digest) async throws(EngineError) -> [UInt8]? {
        do {
            return try await store.resource(digest)
        } catch {
            throw EngineError(error)
        }
    }
}
