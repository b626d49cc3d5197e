internal import Decisions
internal import Flows
internal import Runs
internal import Storage
package import Values

/// Something that is not as it should be, and what was done about it.
package struct RunFinding: Sendable, Equatable {
    /// Nothing where it is about no single run.
    package let run: Identifier?
    package let fault: String
    /// What was done; nothing where it was only found, or cannot be mended here.
    package let mended: String?
}

/// Looks whether every live run is as the run machine leaves it and will be woken, and mends what can
/// be mended without guessing.
///
/// It works beside a running engine: what it reads may change meanwhile, so that a fault is looked at
/// a second time before it counts or is mended.
package struct RunDoctor: Sendable {
    private let keeper: RunKeeper
    private let isMending: Bool

    /// Where it is not mending it writes nothing.
    package init(keeper: RunKeeper, isMending: Bool) {
        self.keeper = keeper
        self.isMending = isMending
    }

    private var store: any Store { keeper.store }

    /// Examines the tables, then every live run; `seen` hears how many so far.
    package func examine(
        seen: (Int) -> Void = { _ in }
    ) async throws(EngineError) -> [RunFinding] {
        var findings: [RunFinding] = []
        do throws(StoreError) {
            findings += try await store.checkRuns(mending: isMending).map {
                RunFinding(run: nil, fault: $0.fault, mended: $0.mended)
            }
        } catch {
            throw EngineError(error)
        }
        var query = RunQuery(limit: Limits.childPage)
        query.states = [.queued, .running, .undoing, .paused, .dead]
        query.sort = .oldest
        var count = 0
        while true {
            let page: [RunSummary]
            do {
                page = try await store.runs(query)
            } catch {
                throw EngineError(error)
            }
            for run in page where try await !examine(run.id, mending: false).isEmpty {
                findings += try await examine(run.id, mending: isMending)
            }
            count += page.count
            seen(count)
            guard page.count == query.limit, let last = page.last else { return findings }
            query.after = query.cursor(last)
        }
    }

    private func examine(
        _ id: Identifier,
        mending isMending: Bool
    ) async throws(EngineError) -> [RunFinding] {
        do throws(EngineError) {
            return try await keeper.turn(id, fresh: true) { held in
                try await look(at: &held, mending: isMending)
            }
        } catch {
            guard error.code != .store, error.code != .busy else { throw error }
            return [RunFinding(run: id, fault: error.message, mended: nil)]
        }
    }

    private func look(
        at held: inout RunKeeper.Held,
        mending isMending: Bool
    ) async throws -> [RunFinding] {
        if held.run.state.isFinal { return [] }
        var findings = held.run.faults(in: held.flow).map {
            RunFinding(run: held.run.id, fault: $0, mended: nil)
        }
        for step in held.run.active.values.sorted(by: { $0.step < $1.step }) {
            switch step.state {
            case .waiting(.decision(let id)):
                findings += try await decision(id, step, held.run, mending: isMending)
            case .waiting(.children):
                findings += try await children(step, &held, mending: isMending)
            case .ready, .leased, .waiting: continue
            }
        }
        return findings
    }

    /// A decision that is waited for must be there, or must have told of its end.
    private func decision(
        _ id: Identifier,
        _ step: ActiveStep,
        _ run: Run,
        mending isMending: Bool
    ) async throws -> [RunFinding] {
        guard let record = try await store.decision(id) else {
            let fault = "step \(step.step) waits for decision \(id), which is not there"
            return [RunFinding(run: run.id, fault: fault, mended: nil)]
        }
        guard !record.state.isPending else { return [] }
        let signals = try await store.signals(of: [run.id], limit: Limits.signalPage)
        guard !signals.contains(where: { $0.step == step.step }) else { return [] }
        let fault =
            "step \(step.step) waits for decision \(id), which is \(record.state.rawValue)"
        guard isMending else { return [RunFinding(run: run.id, fault: fault, mended: nil)] }
        let isTold = try await store.signal(
            run.id,
            step: step.step,
            .decided(id),
            ifWaiting: .decision(id),
            keeping: []
        )
        return [
            RunFinding(
                run: run.id,
                fault: fault,
                mended: isTold ? "the step was told of its end" : nil
            )
        ]
    }

    /// The runs below that have ended and told of it must be as many as the step counts.
    private func children(
        _ step: ActiveStep,
        _ held: inout RunKeeper.Held,
        mending isMending: Bool
    ) async throws -> [RunFinding] {
        guard let children = step.children, !step.isUndo else { return [] }
        var (succeeded, failed, live) = (0, 0, 0)
        for isLive in [true, false] {
            var last: Identifier?
            repeat {
                let page = try await store.children(
                    of: held.run.id,
                    step: step.step,
                    live: isLive,
                    after: last,
                    limit: Limits.childPage
                )
                for child in try await store.runs(page.map(\.id)).values {
                    guard child.parent?.generation == children.generation else { continue }
                    if !child.state.isFinal {
                        live += 1
                    } else if child.state == .completed {
                        succeeded += 1
                    } else {
                        failed += 1
                    }
                }
                last = page.count == Limits.childPage ? page.last?.id : nil
            } while last != nil
        }
        let signals = try await store.signals(of: [held.run.id], limit: Limits.signalPage)
            .filter { $0.step == step.step }
        let counted = children.succeeded + children.failed + signals.count
        guard succeeded + failed != counted || live != children.underway - signals.count else {
            return []
        }
        let fault =
            "step \(step.step) counts \(counted) ends of runs below, of which there are "
            + "\(succeeded + failed), and \(live) live"
        guard isMending, signals.isEmpty, succeeded >= children.succeeded,
            failed >= children.failed, succeeded + failed + live == children.started
        else { return [RunFinding(run: held.run.id, fault: fault, mended: nil)] }
        try await keeper.apply(
            .childrenEnded(
                step: step.step,
                succeeded: succeeded - children.succeeded,
                failed: failed - children.failed,
                first: nil
            ),
            to: &held
        )
        return [RunFinding(run: held.run.id, fault: fault, mended: "the ends were counted anew")]
    }
}

extension RunDesk {
    /// Who looks after the runs of this desk's store.
    package func doctor(isMending: Bool) -> RunDoctor {
        RunDoctor(keeper: keeper, isMending: isMending)
    }
}
