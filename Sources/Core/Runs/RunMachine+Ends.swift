internal import Flows
internal import Values

extension RunMachine {
    // MARK: Success

    /// Ends a step that needed nobody.
    mutating func finish(_ number: Int, _ value: JSON) {
        guard let payload = payload(value, of: number) else { return }
        succeed(number, payload)
    }

    mutating func succeed(_ number: Int, _ output: Payload) {
        let step = run.active.removeValue(forKey: number)
        if step?.isUndo == true {
            run.undoable.removeAll { $0 == number }
            run.isUndone = true
            return
        }
        run.ended[number] = StepEnd(
            .succeeded,
            output: output,
            at: now,
            attempts: max(step?.attempt ?? 1, 1)
        )
        if let children = step?.children { run.choices[number] = children.total }
        if canUndo(number) { run.undoable.append(number) }
    }

    /// Whether an abort has something to take back; of a sub-flow only its own run knows.
    private func canUndo(_ number: Int) -> Bool {
        let step = flow.steps[number]
        if step.undo != nil { return true }
        switch step.work {
        case .flow: return true
        case .each(let each):
            // There was no item, and so no run to tell.
            if run.choices[number] == 0 { return false }
            return inside(each.steps).contains { inner in
                if case .flow = flow.steps[inner].work { return true }
                return flow.steps[inner].undo != nil
            }
        default: return false
        }
    }

    mutating func complete() throws(RunRefusal) {
        var output: JSON?
        if run.plan.each == nil, let template = flow.output {
            switch try render(template) {
            case .success(let value): output = value
            case .failure(let failure): return end(.failed, failure.message)
            }
        } else {
            output = try lastOutput(body)
        }
        if let output {
            switch kept(output) {
            case .success(let payload): run.output = payload
            case .failure(let failure): return end(.failed, failure.message)
            }
        }
        end(.completed, nil)
    }

    private mutating func end(_ state: RunState, _ reason: String?) {
        run.state = state
        run.reason = reason
    }

    // MARK: Failure

    /// Fails a step that nobody works on: its own expressions have no value.
    mutating func park(_ number: Int, _ failure: StepFailure) {
        var step = run.active[number] ?? ActiveStep(step: number, at: now)
        step.epoch = epoch
        step.attempt = max(step.attempt, 1)
        run.active[number] = step
        conclude(number, failure)
    }

    /// Fails an attempt: it is made again, or the step's `on_failure` decides.
    mutating func fail(_ number: Int, _ failure: StepFailure) {
        guard var step = run.active[number] else { return }
        step.failure = failure
        let retry = flow.steps[number].retry
        guard step.attempt < retry.attempts, retry.takes(failure) else {
            run.active[number] = step
            return conclude(number, failure)
        }
        let pause = retry.pause(after: step.attempt, chance: chance)
        step.children = nil
        step.isCancelled = false
        step.decision = nil
        if failure.kind == "deadline" {
            step.deadline = flow.steps[number].deadline.map { now + pause + $0 }
        }
        move(&step, to: .waiting(.timer(now + pause)))
        run.active[number] = step
    }

    private mutating func conclude(_ number: Int, _ failure: StepFailure) {
        guard var step = run.active[number] else { return }
        step.failure = failure
        step.children = nil
        step.isCancelled = false
        step.decision = nil
        step.deadline = nil
        let reason = "step \(name(number)): \(failure.message)"
        // What was done must be taken back, so that cannot be passed over.
        let rule = step.isUndo ? .deadLetter : flow.steps[number].onFailure
        switch rule {
        case .pause:
            move(&step, to: .waiting(.person))
            run.active[number] = step
            if run.state != .paused { run.pausedFrom = run.state }
            run.state = .paused
            run.reason = reason
        case .deadLetter:
            move(&step, to: .waiting(.person))
            run.active[number] = step
            run.reason = reason
        case .abort:
            let wasPaused = run.state == .paused
            endFailed(number, failure)
            abort(to: .failed, reason, undoing: true)
            guard wasPaused else { break }
            // Nothing is undone before the person who paused it lets it go on.
            run.state = .paused
            run.pausedFrom = .undoing
        case .goOn, .perform: endFailed(number, failure)
        }
    }

    private mutating func endFailed(_ number: Int, _ failure: StepFailure) {
        let step = run.active.removeValue(forKey: number)
        run.ended[number] = StepEnd(
            .failed,
            failure: failure,
            at: now,
            attempts: step?.attempt ?? 0
        )
    }

    // MARK: Taking back

    /// Stops all that is under way; then what was done is undone, the last first.
    mutating func abort(to state: RunState, _ reason: String, undoing: Bool) {
        run.state = .undoing
        run.reason = reason
        run.aftermath = state
        if !undoing { run.undoable = [] }
        for number in run.active.keys.sorted() { cancel(number) }
    }

    /// Ends an active step; what it asked for elsewhere is taken back first.
    mutating func cancel(_ number: Int) {
        guard var step = run.active[number] else { return }
        let isBelow = step.children.map { $0.underway > 0 } ?? false
        guard isBelow || step.decision != nil else { return endCancelled(number) }
        step.isCancelled = true
        step.deadline = nil
        if isBelow {
            step.children?.order = .cancel
            step.children?.told = 0
        }
        move(&step, to: .ready)
        run.active[number] = step
    }

    mutating func endCancelled(_ number: Int) {
        if let step = run.active[number], let failure = step.failure, failure.kind == "deadline",
            run.state != .undoing, run.pausedFrom != .undoing
        {
            return fail(number, failure)
        }
        let step = run.active.removeValue(forKey: number)
        guard step?.isUndo != true, run.ended[number] == nil, number != Run.slotStep else { return }
        run.ended[number] = StepEnd(
            .cancelled,
            failure: step?.failure,
            at: now,
            attempts: step?.attempt ?? 0
        )
    }

    /// Undoes what is left to undo, one step after another.
    mutating func driveBack() throws(RunRefusal) {
        while run.state == .undoing {
            if !run.active.isEmpty {
                guard run.active.values.allSatisfy({ $0.state == .waiting(.person) }) else {
                    return
                }
                return die(from: .undoing)
            }
            guard let last = run.undoable.last else {
                run.state = run.aftermath ?? .failed
                run.aftermath = nil
                return
            }
            try undo(last)
        }
    }

    private mutating func undo(_ number: Int) throws(RunRefusal) {
        let step = flow.steps[number]
        var active = ActiveStep(step: number, at: now, isUndo: true)
        active.epoch = epoch
        active.attempt = begunAgain[number] ?? 0
        switch step.undo {
        case .external(let kind, _, _)?:
            active = ActiveStep(step: number, kind: kind, at: now, isUndo: true)
            active.epoch = epoch
        case nil:
            // The runs below are told to undo what they did.
            let total = run.choices[number] ?? 1
            var children = Children(total: total, items: .inline(.null), generation: epoch)
            children.started = total
            children.order = .undo
            active.children = children
        case .set(let template)?:
            run.active[number] = active
            if let failure = try assign(template) { return fail(number, failure) }
            return succeed(number, .inline(.null))
        case .flow(_, let with)?:
            run.active[number] = active
            return try startBelow(number, with)
        default: break
        }
        run.active[number] = active
    }

    // MARK: Runs below

    mutating func told(
        _ number: Int,
        _ epoch: Int64,
        _ through: Int
    ) throws(RunRefusal) {
        var step = try active(number, epoch)
        guard var children = step.children, children.order != nil, through > children.told,
            through <= children.started
        else { throw .broken("step \(name(number)) has nobody to tell") }
        children.told = through
        if children.isToldAll, children.order == .pause || children.order == .resume {
            children.order = nil
        }
        step.children = children
        let isOver = children.isToldAll
        move(&step, to: isOver ? .waiting(.children) : .ready)
        run.active[number] = step
        if isOver { try lookBelow(number) }
    }

    mutating func childrenEnded(
        _ number: Int,
        _ succeeded: Int,
        _ failed: Int,
        _ first: StepFailure?
    ) throws(RunRefusal) {
        guard var step = run.active[number], var children = step.children else {
            throw .late(step: name(number), isNow: "not under way")
        }
        children.succeeded += succeeded
        children.failed += failed
        if children.firstFailure == nil { children.firstFailure = first }
        step.children = children
        run.active[number] = step
        try lookBelow(number)
    }

    /// Goes on with a step that waits for runs below, by what their counts are now.
    private mutating func lookBelow(_ number: Int) throws(RunRefusal) {
        guard let step = run.active[number], let children = step.children, children.isToldAll
        else { return }
        if children.order == .undo {
            // Those of a time before a restart are told, too, and are not counted.
            if children.underway <= 0 { succeed(number, .inline(.null)) }
        } else if step.isCancelled {
            if children.underway == 0 { endCancelled(number) }
        } else if children.failed > 0 {
            guard children.underway == 0 else { return }
            let first = children.firstFailure?.message ?? "it was cancelled"
            let message =
                children.total == 1
                ? first : "\(children.failed) of \(children.total) items failed: \(first)"
            fail(number, StepFailure("child", message))
        } else if children.started < children.total {
            try startMore(number)
        } else if children.underway == 0 {
            // Its output is put together from theirs.
            ready(number)
        }
    }
}
