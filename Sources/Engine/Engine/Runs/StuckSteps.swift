internal import Reviews
package import Runs
package import Storage
package import Values

/// A step under way in a run that waits, or a run whose steps cannot be told.
package enum StuckStep: Sendable {
    case step(ActiveStep, RunView)
    /// Its release cannot be loaded, for that reason.
    case unknown(Run, reason: String)

    package var run: Run {
        switch self {
        case .step(_, let view): view.run
        case .unknown(let run, _): run
        }
    }

    /// The step's id; nothing for the place of a run that is queued, or one that cannot be told.
    package var name: String? {
        switch self {
        case .step(let step, let view): view.name(of: step.step)
        case .unknown: nil
        }
    }

    /// Whether somebody has it; of one that cannot be told that is taken for granted.
    func isWith(_ owner: RunQuery.Owner) -> Bool {
        guard case .step(let step, let view) = self else { return true }
        switch view.holder(of: step) {
        case .worker(let name, _): return name == owner.name
        case .review(let review): return review.isWith(owner.name, at: owner.at)
        default: return false
        }
    }

    /// As the API and `--json` give it.
    package var json: JSON {
        let run = run
        var members: [JSONObject.Member] = [
            .init("run", .string(run.id.description)), .init("flow", .string(run.plan.flow)),
            .init("state", .string(run.state.rawValue)),
            .init("stage", run.stage.map(JSON.string) ?? .null),
            .init("stage_since", .string(run.stageSince.rfc3339)),
            .init("step", name.map(JSON.string) ?? .null),
        ]
        switch self {
        case .step(let step, let view):
            members += [
                .init("holder", view.holder(of: step).json),
                .init("since", .string(step.since.rfc3339)),
                .init("failure", step.failure?.json ?? .null),
            ]
        case .unknown(_, let reason):
            members += [
                .init("holder", .null), .init("since", .string(run.updatedAt.rfc3339)),
                .init("failure", .null), .init("unreadable", .string(reason)),
            ]
        }
        return .object(JSONObject(uniqueMembers: members))
    }
}

/// Which runs are looked at for what waits in them.
package struct StuckQuery: Sendable {
    package var flow: String?
    package var stage: String?
    /// Only those that came into their stage before.
    package var before: Instant?
    package var caller: String?
    /// Only those of which somebody has a step.
    package var owner: RunQuery.Owner?
    /// Runs at most.
    package var limit: Int

    package init(limit: Int) { self.limit = limit }
}

extension RunDesk {
    /// What waits in live runs: which step, who has it, since when; the longest in their stage first,
    /// then runs of flows without stages, the oldest first.
    package func stuck(_ asked: StuckQuery) async throws(EngineError) -> [StuckStep] {
        var query = RunQuery(limit: asked.limit)
        query.flow = asked.flow
        query.stage = asked.stage
        query.stageBefore = asked.before
        query.caller = asked.caller
        query.owner = asked.owner
        query.kinds = [.root, .subflow]
        query.sort = .longestInStage
        var runs: [RunSummary]
        do {
            runs = try await store.runs(query)
            if asked.stage == nil, runs.count < query.limit {
                // Since a run began it has been in no stage, where its flow has none.
                query.sort = .oldest
                query.states = [.queued, .running, .undoing, .paused, .dead]
                let known = Set(runs.map(\.id))
                let others = try await store.runs(query)
                runs += others.filter { $0.stage == nil && !known.contains($0.id) }
                    .prefix(query.limit - runs.count)
            }
        } catch {
            throw EngineError(error)
        }
        let steps = try await sights(runs.map(\.id)).flatMap(\.steps)
        guard let owner = asked.owner else { return steps }
        return steps.filter { $0.isWith(owner) }
    }
}

extension RunSight {
    fileprivate var steps: [StuckStep] {
        switch self {
        case .whole(let view):
            view.run.active.values.sorted { $0.step < $1.step }.map { .step($0, view) }
        case .withoutFlow(let run, let reason): [.unknown(run, reason: reason)]
        }
    }
}
