package import Flows
package import Values

extension Run {
    /// What an event does to the run: all of the run machine.
    ///
    /// `chance` is spent on the jitter of a retry. Outputs that expressions read and that are kept
    /// apart are in `resources`; where one is missing the event is refused with what it needs, and
    /// may be brought again. An event that does not count leaves nothing behind.
    package func advance(
        _ event: RunEvent,
        in flow: Flow,
        at now: Instant,
        chance: UInt64,
        resources: [Digest: JSON] = [:]
    ) throws(RunRefusal) -> Transition {
        var machine = RunMachine(run: self, flow: flow, at: now, chance: chance)
        machine.known = resources
        try machine.take(event)
        try machine.drive()
        machine.run.updatedAt = now
        machine.run.history += 1
        machine.pauseWhereHistoryIsLong()
        return Transition(
            event: event,
            at: now,
            chance: chance,
            run: machine.run,
            starts: machine.starts,
            resources: machine.made
        )
    }
}

/// One transition in the making.
struct RunMachine {
    var run: Run
    let flow: Flow
    let now: Instant
    let chance: UInt64
    /// Values kept apart that are at hand.
    var known: [Digest: JSON] = [:]
    /// Values kept apart that this transition made.
    var made: [Digest: [UInt8]] = [:]
    var starts: [Transition.Start] = []
    /// The attempts so far at steps that this transition begins anew.
    var begunAgain: [Int: Int] = [:]

    init(run: Run, flow: Flow, at instant: Instant, chance: UInt64) {
        self.run = run
        self.flow = flow
        now = instant
        self.chance = chance
    }

    /// The epoch of every step this transition moves: no other transition of the run has it, so that
    /// nothing asked for earlier counts, even when the step was done anew.
    var epoch: Int64 { run.version + 1 }

    /// The outermost steps of what the run executes.
    var body: [Int] {
        guard let number = run.plan.each else { return flow.body }
        guard case .each(let each) = flow.steps[number].work else { return [] }
        return each.steps
    }

    // MARK: Events

    mutating func take(_ event: RunEvent) throws(RunRefusal) {
        switch event {
        case .begun: try begin()
        case .claimed(let number, let epoch, let by, let until):
            try claim(number, epoch, by, until)
        case .extended(let number, let epoch, let until):
            try extend(number, epoch, until)
        case .succeeded(let number, let epoch, let output):
            let step = try active(number, epoch)
            try mayEnd(step)
            succeed(number, output)
        case .failed(let number, let epoch, let failure):
            var step = try active(number, epoch)
            try mayEnd(step)
            if step.state == .ready { step.attempt += 1 }
            run.active[number] = step
            fail(number, failure)
        case .waits(let number, let epoch, let wait): try goesElsewhere(number, epoch, wait)
        case .cancelled(let number, let epoch):
            let step = try active(number, epoch)
            guard step.isCancelled else { throw .broken("step \(name(number)) is not cancelled") }
            endCancelled(number)
        case .told(let number, let epoch, let through): try told(number, epoch, through)
        case .childrenEnded(let number, let succeeded, let failed, let first):
            try childrenEnded(number, succeeded, failed, first)
        case .due(let number, let epoch): try due(number, epoch)
        case .acted(let act, let person): try self.act(act, person)
        }
    }

    private mutating func begin() throws(RunRefusal) {
        let isNew = run.version == 0 && run.active.isEmpty && run.state == .running
        guard isNew || run.active[Run.slotStep] != nil else {
            throw .state(run.state, "it has begun before")
        }
        run.active[Run.slotStep] = nil
        run.state = .running
        guard run.plan.each == nil else { return }
        enter(flow.stages.first)
        let input = try load(run.input)
        for field in flow.fields where field.isFromInput {
            if let value = input[field.name], value != .null { run.fields[field.name] = value }
        }
    }

    private mutating func claim(
        _ number: Int,
        _ epoch: Int64,
        _ worker: String,
        _ until: Instant
    ) throws(RunRefusal) {
        var step = try active(number, epoch)
        guard step.state == .ready else { throw late(step) }
        step.attempt += 1
        move(&step, to: .leased(by: worker, until: until))
        run.active[number] = step
    }

    /// A lease ends at another moment; the epoch stays, since the claim does.
    private mutating func extend(
        _ number: Int,
        _ epoch: Int64,
        _ until: Instant
    ) throws(RunRefusal) {
        var step = try active(number, epoch)
        guard case .leased(let worker, _) = step.state else { throw late(step) }
        step.state = .leased(by: worker, until: until)
        // Where the clock was set back it was claimed at a moment that is still to come.
        step.since = min(step.since, now)
        run.active[number] = step
    }

    private mutating func goesElsewhere(
        _ number: Int,
        _ epoch: Int64,
        _ wait: Wait
    ) throws(RunRefusal) {
        var step = try active(number, epoch)
        switch (step.state, wait) {
        // No attempt is begun: it comes later, or another run goes first.
        case (.ready, .rate), (.ready, .slot), (.waiting(.slot), .rate), (.waiting(.slot), .slot):
            break
        case (.ready, _): step.attempt += 1
        case (.leased, .rate), (.leased, .slot), (.waiting, _): throw late(step)
        case (.leased, _): break
        }
        if case .decision(let id) = wait { step.decision = id }
        move(&step, to: .waiting(wait))
        run.active[number] = step
    }

    /// The moment a step was to be looked at.
    private mutating func due(_ number: Int, _ epoch: Int64) throws(RunRefusal) {
        var step = try active(number, epoch)
        guard let dueAt = step.dueAt, dueAt <= now else {
            throw .late(step: name(number), isNow: "not due yet")
        }
        switch step.state {
        case .leased:
            step.lost += 1
            if step.lost <= Limits.lostLeases {
                move(&step, to: .ready)
                run.active[number] = step
                return
            }
            run.active[number] = step
            let message = "whoever worked on it was lost \(step.lost) times in a row"
            fail(number, StepFailure("lease", message, mayPass: false))
        case .waiting(.timer(let until)) where until <= now:
            if step.failure == nil {
                succeed(number, .inline(.null))
            } else {
                tryAgain(number, step)
            }
        case .waiting(.rate(_, let until)) where until <= now:
            move(&step, to: .ready)
            step.promised = until
            run.active[number] = step
        case .ready, .waiting: endWaiting(number, step)
        }
    }

    /// A deadline has passed: what was asked for elsewhere is taken back first.
    private mutating func endWaiting(_ number: Int, _ step: ActiveStep) {
        let failure = StepFailure(
            "deadline",
            "it waited longer than its deadline, since \(step.begunAt.rfc3339)"
        )
        if step.isReady && step.children == nil || isWaitedFor(step) {
            // Nobody came to begin an attempt, which is one all the same.
            run.active[number]?.attempt += 1
        }
        guard step.decision != nil || (step.children?.underway ?? 0) > 0 else {
            return fail(number, failure)
        }
        run.active[number]?.failure = failure
        cancel(number)
    }

    private func isWaitedFor(_ step: ActiveStep) -> Bool {
        switch step.wait {
        case .callback?, .event?, .children?, .rate?: true
        case .timer?, .decision?, .person?, .slot?, nil: false
        }
    }

    /// The next attempt at a step that failed: what nobody is asked to do is begun anew.
    private mutating func tryAgain(_ number: Int, _ failed: ActiveStep) {
        var step = failed
        if isAsked(step) {
            move(&step, to: .ready)
            run.active[number] = step
        } else {
            begunAgain[number] = step.attempt
            run.active[number] = nil
            if !step.isUndo { run.choices[number] = nil }
        }
    }

    // MARK: What is there

    /// The active step, when the event was meant for what it is now.
    func active(_ number: Int, _ epoch: Int64) throws(RunRefusal) -> ActiveStep {
        guard let step = run.active[number] else {
            let state = run.ended[number].map { "ended: \($0.state.rawValue)" } ?? "not under way"
            throw .late(step: name(number), isNow: state)
        }
        guard step.epoch == epoch else { throw late(step) }
        return step
    }

    func late(_ step: ActiveStep) -> RunRefusal {
        switch step.state {
        case .ready: .late(step: name(step.step), isNow: "ready since \(step.since.rfc3339)")
        case .leased(let by, _): .late(step: name(step.step), isNow: "worked on by \(by)")
        case .waiting(let wait): .late(step: name(step.step), isNow: "waiting for \(wait.kind)")
        }
    }

    func name(_ number: Int) -> String {
        flow.steps.indices.contains(number) ? flow.steps[number].id : "\(number)"
    }

    /// A result counts for what is worked on, and for what waits for something outside.
    private func mayEnd(_ step: ActiveStep) throws(RunRefusal) {
        switch step.state {
        case .ready, .leased, .waiting(.decision), .waiting(.callback), .waiting(.event): return
        case .waiting: throw late(step)
        }
    }

    func move(_ step: inout ActiveStep, to state: ActiveStep.State) {
        step.state = state
        step.epoch = epoch
        step.since = now
        step.promised = nil
    }

    mutating func pauseWhereHistoryIsLong() {
        guard !run.state.isFinal, run.history > 0, run.history % Limits.history == 0 else { return }
        if run.state == .running || run.state == .undoing {
            run.pausedFrom = run.state
            run.state = .paused
        }
        run.reason =
            "its history has \(run.history) events; resume it for another \(Limits.history)"
    }
}
