package import Runs
package import Values

/// That a run came into another state or stage, or that a step of it waits for a person from now on.
///
/// Outermost runs and sub-flows are told of, each transition at most once, with what it ended in: a
/// run that goes through several stages at once is told of in the last. The items of an `each` are
/// not: thousands would hide all else.
package struct RunChange: Sendable, Equatable {
    /// What happened, in the word that those who follow runs are told.
    package enum Kind: String, Sendable, CaseIterable {
        case queued = "run_queued"
        case started = "run_started"
        case stage = "run_stage"
        case paused = "run_paused"
        /// It goes on after it stood still, was queued again or had ended.
        case resumed = "run_resumed"
        case undoing = "run_undoing"
        /// Nothing is left to do but what waits for a person.
        case dead = "run_dead"
        /// A step failed for good and waits for a person, while others may go on.
        case deadLetter = "run_dead_letter"
        case completed = "run_completed"
        case failed = "run_failed"
        case cancelled = "run_cancelled"
    }

    /// Consecutive in the order of the commits, from 1; given by the store.
    package let number: Int64
    package let kind: Kind
    package let at: Instant
    package let run: Identifier
    /// The outermost run of its tree.
    package let root: Identifier
    package let flow: String
    package let caller: String
    package let state: RunState
    package let stage: String?
    package let stageSince: Instant
    /// Nothing once the run was forgotten.
    package var reason: String?
    /// The run's own, once it has changed.
    package let version: Int64

    package init(
        number: Int64,
        kind: Kind,
        at: Instant,
        run: Identifier,
        root: Identifier,
        flow: String,
        caller: String,
        state: RunState,
        stage: String?,
        stageSince: Instant,
        reason: String?,
        version: Int64
    ) {
        self.number = number
        self.kind = kind
        self.at = at
        self.run = run
        self.root = root
        self.flow = flow
        self.caller = caller
        self.state = state
        self.stage = stage
        self.stageSince = stageSince
        self.reason = reason
        self.version = version
    }

    /// What a run has become, under the number that the store gives it.
    package init(_ number: Int64, _ kind: Kind, of run: Run) {
        self.init(
            number: number,
            kind: kind,
            at: run.updatedAt,
            run: run.id,
            root: run.root,
            flow: run.plan.flow,
            caller: run.caller,
            state: run.state,
            stage: run.stage,
            stageSince: run.stageSince,
            reason: run.reason,
            version: run.version
        )
    }
}

extension RunWrite {
    /// What those who follow runs are told of it; nothing where it is only how a run goes on.
    package var changeKind: RunChange.Kind? {
        guard run.kind != .item else { return nil }
        guard let before else {
            // A run below is told of when it begins.
            return run.isQueued && run.state == .running ? nil : RunChange.Kind(new: run.state)
        }
        if before.state != run.state {
            return before.state == .queued && run.state == .running
                ? .started : RunChange.Kind(changed: run.state)
        }
        if before.isQueued, !run.isQueued { return .started }
        if before.stage != run.stage || run.stage != nil && before.stageSince != run.stageSince {
            return .stage
        }
        let isParked = changedSteps.contains { step in
            run.active[step]?.wait == .person && before.active[step]?.wait != .person
        }
        return isParked ? .deadLetter : nil
    }
}

extension RunChange.Kind {
    fileprivate init(new state: RunState) {
        switch state {
        case .running: self = .started
        case .queued: self = .queued
        case .undoing, .paused, .dead, .completed, .failed, .cancelled: self.init(changed: state)
        }
    }

    fileprivate init(changed state: RunState) {
        switch state {
        case .running, .queued: self = .resumed
        case .undoing: self = .undoing
        case .paused: self = .paused
        case .dead: self = .dead
        case .completed: self = .completed
        case .failed: self = .failed
        case .cancelled: self = .cancelled
        }
    }
}
