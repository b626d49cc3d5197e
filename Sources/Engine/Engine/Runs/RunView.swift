internal import Autonomy
package import Decisions
package import Flows
package import Reviews
package import Runs
internal import Storage
package import Values

/// A run as people look at it: with the flow it executes, and who has what it waits for.
package struct RunView: Sendable {
    package let run: Run
    /// What it executes; nothing where its release cannot be loaded, which is so of runs that have
    /// ended, and of live ones in lists that show what they can.
    package let flow: Flow?
    /// Why there is no flow, for a person.
    package let missing: String?
    /// The decisions that its steps wait for.
    package let decisions: [Identifier: DecisionRecord]
    /// The open reviews of those, by their decisions.
    package let reviews: [Identifier: Review]

    /// Whether nothing goes on in it before a person acts.
    package var standsStill: Bool {
        switch run.state {
        case .paused, .dead: return true
        case .queued, .completed, .failed, .cancelled: return false
        case .running, .undoing:
            return !run.active.isEmpty
                && run.active.values.allSatisfy { step in
                    switch step.state {
                    case .waiting(.person): true
                    case .waiting(.decision(let id)): decisions[id]?.state == .review
                    default: false
                    }
                }
        }
    }

    /// Who has a step that is under way.
    package func holder(of step: ActiveStep) -> StepHolder {
        switch step.state {
        case .ready: return step.kind.map(StepHolder.workers) ?? .engine
        case .leased(let by, let until):
            return step.kind == nil ? .engine : .worker(by, until: until)
        case .waiting(.decision(let id)):
            if let review = reviews[id] { return .review(review) }
            return decisions[id]?.state == .asking ? .model(id) : .engine
        case .waiting(.person): return .person
        case .waiting(.callback), .waiting(.event): return .outside
        case .waiting(.children): return .runs
        case .waiting(.timer), .waiting(.rate): return .time
        case .waiting(.slot): return .runs
        }
    }
}

/// Who or what a step under way is with.
package enum StepHolder: Sendable, Equatable {
    case engine
    /// Whoever asks for work of that kind first.
    case workers(String)
    case worker(String, until: Instant)
    /// A model is being asked.
    case model(Identifier)
    case review(Review)
    /// Anybody who may act on the run: the step failed for good.
    case person
    /// Something has to come from outside.
    case outside
    /// Other runs have to end first.
    case runs
    /// A moment has to come.
    case time

    package var kind: String {
        switch self {
        case .engine: "engine"
        case .workers: "workers"
        case .worker: "worker"
        case .model: "model"
        case .review: "review"
        case .person: "person"
        case .outside: "outside"
        case .runs: "runs"
        case .time: "time"
        }
    }

    /// In a few words, as they are at that moment.
    package func words(at now: Instant) -> String {
        switch self {
        case .engine: return "the engine"
        case .workers(let kind): return "any worker for \(kind)"
        case .worker(let name, _): return name
        case .model: return "a model"
        case .review(let review):
            var words = "queue \(review.terms.queue)"
            let people = review.held(at: now).map(\.person)
            if !people.isEmpty {
                words += ", claimed by \(people.joined(separator: ", "))"
            } else if let assignee = review.assignee {
                words += ", for \(assignee)"
            }
            if review.terms.approvals > 1 {
                words += ", \(review.approvals) of \(review.terms.approvals) approvals"
            }
            return words
        case .person: return "whoever mends it"
        case .outside: return "somebody outside"
        case .runs: return "other runs"
        case .time: return "time"
        }
    }
}

/// A run as far as it can be looked at.
package enum RunSight: Sendable {
    case whole(RunView)
    /// Its release cannot be loaded, so that nobody can tell what its steps are.
    case withoutFlow(Run, reason: String)

    /// The run with what is known of it.
    var view: RunView {
        switch self {
        case .whole(let view): view
        case .withoutFlow(let run, let reason):
            RunView(run: run, flow: nil, missing: reason, decisions: [:], reviews: [:])
        }
    }
}

extension RunDesk {
    /// A run with who has its steps; throws `.unknown` where there is none.
    package func view(_ id: Identifier) async throws(EngineError) -> RunView {
        try await looking {
            guard let run = try await store.runs([id])[id] else {
                throw EngineError(.unknown, "there is no run \(id)")
            }
            return try await view(of: run)
        }
    }

    /// Those of the runs that are there, in that order.
    package func views(_ ids: [Identifier]) async throws(EngineError) -> [RunView] {
        try await looking {
            let runs = try await store.runs(ids)
            var views: [RunView] = []
            for run in ids.compactMap({ runs[$0] }) { views.append(try await view(of: run)) }
            return views
        }
    }

    /// Those of the runs that are there, in that order; one whose release cannot be loaded keeps
    /// no other from being seen.
    package func sights(_ ids: [Identifier]) async throws(EngineError) -> [RunSight] {
        try await looking {
            let runs = try await store.runs(ids)
            var sights: [RunSight] = []
            for run in ids.compactMap({ runs[$0] }) {
                do {
                    sights.append(.whole(try await view(of: run)))
                } catch let error as EngineError where error.code == .release {
                    sights.append(.withoutFlow(run, reason: error.message))
                }
            }
            return sights
        }
    }

    private func looking<T>(_ look: () async throws -> T) async throws(EngineError) -> T {
        do {
            return try await look()
        } catch let error as StoreError {
            throw EngineError(error)
        } catch let error as EngineError {
            throw error
        } catch {
            preconditionFailure("a store throws its own errors")
        }
    }

    /// A run that was just read, with who has its steps.
    package func view(of run: Run) async throws -> RunView {
        var decisions: [Identifier: DecisionRecord] = [:]
        var reviews: [Identifier: Review] = [:]
        for step in run.active.values {
            guard case .waiting(.decision(let id)) = step.state,
                let record = try await store.decision(id)
            else { continue }
            decisions[id] = record
            guard record.state == .review else { continue }
            var query = ReviewQuery(limit: 1)
            query.decision = id
            query.kind = .decision
            reviews[id] = try await store.reviews(query).first
        }
        let (flow, missing) = try await flow(of: run)
        return RunView(
            run: run,
            flow: flow,
            missing: missing,
            decisions: decisions,
            reviews: reviews
        )
    }

    /// What a run executes, or why that is not known; a run under way cannot be without.
    private func flow(
        of run: Run
    ) async throws(EngineError) -> (flow: Flow?, missing: String?) {
        do throws(EngineError) {
            return (try await keeper.plan(of: run).1, nil)
        } catch {
            guard error.code == .release, run.state.isFinal else { throw error }
            return (nil, error.message)
        }
    }
}

extension RunView {
    /// A step's name by its number, where its flow is known and has it.
    package func name(of step: Int) -> String? {
        guard let steps = flow?.steps, steps.indices.contains(step) else { return nil }
        return steps[step].id
    }

    /// When its flow's rate lets the run begin, while it waits for that.
    package var beginsAt: Instant? {
        guard case .rate(_, let until)? = run.active[Run.slotStep]?.wait else { return nil }
        return until
    }
}
