internal import Runs
internal import Storage
internal import Values

extension MetricRegistry {
    /// Counts what a committed write did to a run; `deciding` says that a decision was made with it.
    func count(_ write: RunWrite, deciding: Bool) {
        let flow = write.run.plan.flow
        if write.hasEnded { add(.runsEnded, Labels(flow, write.run.state.rawValue)) }
        guard let attempt = write.attempt else { return }
        let by = attempt.step.map { $0.maker(deciding: deciding) } ?? "engine"
        add(.runSteps, Labels(flow, by, attempt.result))
    }
}

extension LogBook {
    /// Tells what a committed write did to a run as a whole; what its steps do is its history's.
    func tell(_ write: RunWrite) {
        let run = write.run
        let level: LogLevel = run.kind == .item ? .debug : .info
        guard takes(level) else { return }
        if write.before == nil { note(level, "run_started", fields(run)) }
        let before = write.before?.state ?? (run.state == .queued ? .queued : .running)
        guard before != run.state else { return }
        switch run.state {
        case .completed, .failed, .cancelled: note(level, "run_ended", fields(run))
        case .paused: note(level, "run_paused", fields(run))
        case .dead: note(level, "run_dead", fields(run))
        case .undoing: note(level, "run_undoing", fields(run))
        case .running, .queued: note(level, "run_resumed", fields(run))
        }
    }

    private func fields(_ run: Run) -> [(String, JSON?)] {
        [
            ("run", .string(run.id.description)), ("flow", .string(run.plan.flow)),
            ("state", .string(run.state.rawValue)), ("stage", run.stage.map(JSON.string)),
            ("caller", .string(run.caller)), ("release", .string(run.plan.release.hex)),
            ("parent", (run.parent?.run.description).map(JSON.string)),
        ]
    }
}

extension RunWrite {
    /// The attempt that its event ended, if it ended one.
    fileprivate var attempt: (step: ActiveStep?, result: String)? {
        switch event?.event {
        case .succeeded(let step, _, _): return (before?.active[step], "succeeded")
        case .failed(let step, _, _): return (before?.active[step], "failed")
        case .due(let number, _):
            guard let step = before?.active[number], case .leased = step.state else { return nil }
            return (step, "lost")
        default: return nil
        }
    }
}

extension ActiveStep {
    /// Who made the attempt at it.
    fileprivate func maker(deciding: Bool) -> String {
        if kind != nil { return "worker" }
        switch state {
        case .leased: return "http"
        case .waiting(let wait): return wait.kind
        case .ready:
            if children != nil { return Wait.children.kind }
            return deciding ? "decision" : "engine"
        }
    }
}
