internal import Flows
internal import Values

extension RunMachine {
    mutating func act(_ act: RunAct, _ person: String) throws(RunRefusal) {
        switch act {
        case .pause: try pause(person)
        case .resume: try resume()
        case .cancel(let undoing): try cancelRun(undoing, person)
        case .retry(let number, let input): try retry(number, input)
        case .skip(let number, let output): try skip(number, output)
        case .restart(let number): try restart(number)
        case .undo: try undoRun(person)
        }
    }

    private mutating func pause(_ person: String) throws(RunRefusal) {
        switch run.state {
        case .running, .undoing, .dead:
            if run.state != .dead { run.pausedFrom = run.state }
            run.state = .paused
            run.reason = "paused by \(person)"
            order(.pause)
        case .paused: break
        case .queued, .completed, .failed, .cancelled:
            throw .state(run.state, "only a run under way can be paused")
        }
    }

    private mutating func resume() throws(RunRefusal) {
        guard run.state == .paused else {
            throw .state(run.state, "only a paused run can be resumed")
        }
        goOn()
        run.reason = nil
    }

    /// Back to what was interrupted, and the runs below with it.
    private mutating func goOn() {
        guard run.state == .paused || run.state == .dead else { return }
        if run.state == .paused { order(.resume) }
        run.state = run.pausedFrom ?? .running
        run.pausedFrom = nil
    }

    /// Has the runs below told, a few at a time.
    private mutating func order(_ order: Children.Order) {
        for number in run.active.keys.sorted() {
            guard var step = run.active[number], let children = step.children,
                children.underway > 0, !step.isCancelled, !step.isUndo
            else { continue }
            step.children?.order = order
            step.children?.told = 0
            move(&step, to: .ready)
            run.active[number] = step
        }
    }

    private mutating func cancelRun(_ undoing: Bool, _ person: String) throws(RunRefusal) {
        switch run.state {
        case .queued, .running, .paused, .dead:
            guard run.pausedFrom != .undoing else {
                throw .state(run.state, "it is being undone, which must be finished")
            }
            run.pausedFrom = nil
            abort(to: .cancelled, "cancelled by \(person)", undoing: undoing)
        case .undoing: throw .state(run.state, "it is being undone already")
        case .completed, .failed, .cancelled: throw .state(run.state, "it has ended")
        }
    }

    private mutating func undoRun(_ person: String) throws(RunRefusal) {
        guard run.state == .completed else {
            throw .state(run.state, "only a completed run can be undone")
        }
        abort(to: .cancelled, "undone by \(person)", undoing: true)
    }

    /// The step a person acts on: under way, and nobody works on it.
    private func idle(_ number: Int) throws(RunRefusal) -> ActiveStep {
        guard flow.steps.indices.contains(number) else { throw .unknownStep("\(number)") }
        guard let step = run.active[number] else {
            throw .state(run.state, "step \(name(number)) is not under way")
        }
        if case .leased(let by, let until) = step.state {
            let message = "step \(name(number)) is worked on by \(by) until \(until.rfc3339)"
            throw .state(run.state, message)
        }
        if step.isCancelled || (step.children?.underway ?? 0) > 0 {
            throw .state(run.state, "step \(name(number)) has runs or reviews under way")
        }
        return step
    }

    private mutating func retry(_ number: Int, _ input: JSON?) throws(RunRefusal) {
        let step = try idle(number)
        guard step.failure != nil, step.decision == nil else {
            throw .state(run.state, "step \(name(number)) has not failed")
        }
        // What has no value may be the step's condition, which is asked again before the step begins.
        let hasBegun = step.failure?.kind != "expression" || step.isUndo
        let override = input ?? step.override
        if isAsked(step), hasBegun || override != nil {
            var again = ActiveStep(
                step: number,
                kind: flow.workerKind(of: step),
                at: now,
                deadline: flow.steps[number].deadline.map { now + $0 },
                isUndo: step.isUndo
            )
            again.epoch = epoch
            again.override = override
            again.children = step.isUndo ? step.children : nil
            run.active[number] = again
        } else {
            guard input == nil else {
                throw .state(run.state, "step \(name(number)) has no input that can be mended")
            }
            run.active[number] = nil
            if !step.isUndo { run.choices[number] = nil }
        }
        goOn()
        run.reason = nil
    }

    /// Whether somebody is asked to do the step, with an input, or the runs below are told.
    func isAsked(_ step: ActiveStep) -> Bool {
        let definition = flow.steps[step.step]
        switch step.isUndo ? definition.undo : definition.work {
        case .decide, .review, .http, .external, nil: return true
        case .set, .wait, .sleep, .flow, .parallel, .each, .choose: return false
        }
    }

    private mutating func skip(_ number: Int, _ output: JSON?) throws(RunRefusal) {
        let step = try idle(number)
        guard step.decision == nil else {
            throw .state(run.state, "step \(name(number)) waits for a decision: withdraw that")
        }
        if step.isUndo {
            succeed(number, .inline(.null))
        } else {
            var payload: Payload?
            if let output {
                switch kept(output) {
                case .success(let value): payload = value
                case .failure(let failure): throw .state(run.state, failure.message)
                }
            }
            run.active[number] = nil
            run.ended[number] = StepEnd(
                .skipped,
                output: payload,
                failure: step.failure,
                at: now,
                attempts: step.attempt
            )
        }
        goOn()
        run.reason = nil
    }

    private mutating func restart(_ number: Int) throws(RunRefusal) {
        guard flow.steps.indices.contains(number) else { throw .unknownStep("\(number)") }
        guard run.state != .undoing, run.state != .queued, run.pausedFrom != .undoing else {
            throw .state(run.state, "it cannot be restarted while it is so")
        }
        guard !run.isUndone else {
            throw .state(run.state, "what it did was undone, so nothing before the step stands")
        }
        guard run.parent == nil || !run.state.isFinal else {
            throw .state(run.state, "the run above has gone on; restart that")
        }
        guard inside(body).contains(number) else { throw .unknownStep(name(number)) }
        let reopened = try reopened(by: number)
        let again = from(number).union(reopened.flatMap { inside(fallback(of: $0)) })
        for other in again {
            guard let step = run.active[other] else { continue }
            if step.decision != nil || (step.children?.underway ?? 0) > 0 {
                throw .state(run.state, "step \(name(other)) has runs or reviews under way")
            }
        }
        for other in again {
            run.active[other] = nil
            run.ended[other] = nil
            run.choices[other] = nil
        }
        for holder in reopened { run.ended[holder] = nil }
        run.undoable.removeAll { again.contains($0) }
        run.output = nil
        run.reason = nil
        run.pausedFrom = nil
        run.state = .running
    }

    /// The steps that hold a step, and go on with it; one that the step is done for since it failed
    /// stays failed.
    private func reopened(by number: Int) throws(RunRefusal) -> [Int] {
        var holders: [Int] = []
        var current = number
        while let holder = flow.steps[current].parent, holder != run.plan.each {
            if !fallback(of: holder).contains(current) {
                holders.append(holder)
            } else if run.ended[holder]?.state != .failed {
                throw .state(
                    run.state,
                    "step \(name(number)) is done only when step \(name(holder)) fails, which it did "
                        + "not; restart from step \(name(holder)) instead"
                )
            }
            current = holder
        }
        return holders
    }

    /// The steps that are done when one fails.
    private func fallback(of number: Int) -> [Int] {
        guard case .perform(let steps) = flow.steps[number].onFailure else { return [] }
        return steps
    }

    /// A step and all that is done after it, with what is inside them.
    private func from(_ number: Int) -> Set<Int> {
        var found: Set<Int> = []
        var current = number
        var isFirst = true
        while true {
            for list in lists(with: current) {
                guard let place = list.firstIndex(of: current) else { continue }
                found.formUnion(inside(Array(list[(isFirst ? place : place + 1)...])))
            }
            isFirst = false
            guard let parent = flow.steps[current].parent, parent != run.plan.each else { break }
            current = parent
        }
        return found
    }

    /// The list of steps that a step stands in.
    private func lists(with number: Int) -> [[Int]] {
        guard let parent = flow.steps[number].parent, parent != run.plan.each else { return [body] }
        return held(by: parent)
    }

    /// The lists of steps directly inside one.
    func held(by number: Int) -> [[Int]] {
        var lists: [[Int]] = []
        switch flow.steps[number].work {
        case .parallel(let branches): lists += branches.map(\.steps)
        case .each(let each): lists.append(each.steps)
        case .choose(let choices): lists += choices.map(\.steps)
        default: break
        }
        if case .perform(let steps) = flow.steps[number].onFailure { lists.append(steps) }
        return lists
    }

    /// Steps, and all inside them.
    func inside(_ steps: [Int]) -> [Int] {
        steps + steps.flatMap { held(by: $0).flatMap { inside($0) } }
    }
}
