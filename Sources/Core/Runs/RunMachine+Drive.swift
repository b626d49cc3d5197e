internal import Expressions
internal import Flows
internal import Values

extension RunMachine {
    /// Begins whatever can begin, and ends the run when nothing is left.
    mutating func drive() throws(RunRefusal) {
        switch run.state {
        case .running where run.active[Run.slotStep] != nil: break
        case .running:
            let isDone = try drive(body)
            // An expression that failed may have paused or aborted it meanwhile.
            guard run.state == .running else { return try drive() }
            if isDone {
                try complete()
            } else if !run.active.isEmpty,
                run.active.values.allSatisfy({ $0.state == .waiting(.person) })
            {
                die(from: .running)
            } else if run.active.isEmpty {
                throw .broken("nothing of the run is under way, and it is not done")
            }
        case .undoing: try driveBack()
        case .queued, .paused, .dead, .completed, .failed, .cancelled: break
        }
    }

    /// Stands still, since every step under way waits for a person.
    mutating func die(from state: RunState) {
        run.pausedFrom = state
        run.state = .dead
        let parked = run.active.values.min { $0.step < $1.step }
        guard run.reason == nil, let parked, let failure = parked.failure else { return }
        run.reason = "step \(name(parked.step)): \(failure.message)"
    }

    /// Does steps one after another; whether all are done.
    private mutating func drive(_ steps: [Int]) throws(RunRefusal) -> Bool {
        for number in steps {
            guard try drive(number), run.state == .running else { return false }
        }
        return true
    }

    private mutating func drive(_ number: Int) throws(RunRefusal) -> Bool {
        if run.ended[number] != nil { return try goPast(number) }
        if run.active[number] != nil { return false }
        if run.choices[number] == nil {
            // Those under way make room by ending, and are what wakes the run.
            guard run.active.count < Limits.active else { return false }
            guard try holds(number) else { return try goPast(number) }
            enter(flow.steps[number].stage)
        }
        try begin(number)
        return try goPast(number)
    }

    /// Whether a step is done, with what is done instead where it failed.
    private mutating func goPast(_ number: Int) throws(RunRefusal) -> Bool {
        guard let end = run.ended[number] else { return false }
        guard end.state == .failed, case .perform(let steps) = flow.steps[number].onFailure
        else { return true }
        return try drive(steps)
    }

    /// Whether the step's condition holds; one that fails fails the step.
    private mutating func holds(_ number: Int) throws(RunRefusal) -> Bool {
        guard let condition = flow.steps[number].when else { return true }
        switch try condition.program.condition(bindings(condition.reads)) {
        case .holds: return true
        case .fails:
            run.ended[number] = StepEnd(.skipped, at: now, attempts: 0)
            return false
        case .failed(let error):
            park(number, noValue(error, "'when'"))
            return false
        }
    }

    mutating func enter(_ stage: String?) {
        guard let stage, stage != run.stage else { return }
        run.stage = stage
        run.stageSince = now
    }

    /// Begins a step, or goes on with one that holds others.
    private mutating func begin(_ number: Int) throws(RunRefusal) {
        let step = flow.steps[number]
        switch step.work {
        case .decide, .review, .http: add(number, .ready)
        case .external(let kind, _, _): add(number, .ready, kind: kind)
        case .set(let template): try set(number, template)
        case .sleep(let sleep): try self.sleep(number, sleep)
        case .wait(.callback): add(number, .waiting(.callback))
        case .wait(.event(let type, let match, let about)):
            let subject = try about.flatMap { about throws(RunRefusal) in
                try self.subject(about, reads: match?.reads ?? [])
            }
            add(number, .waiting(.event(type, about: subject)))
        case .wait(.until(let moment)): try until(number, moment)
        case .flow(let name, let with): try callFlow(number, name, with)
        case .each(let each): try iterate(number, each)
        case .parallel(let branches): try fork(number, branches)
        case .choose(let choices): try choose(number, choices)
        }
    }

    mutating func add(_ number: Int, _ state: ActiveStep.State, kind: String? = nil) {
        var step = ActiveStep(
            step: number,
            kind: kind,
            state: state,
            at: now,
            deadline: flow.steps[number].deadline.map { now + $0 }
        )
        step.epoch = epoch
        step.attempt = begunAgain[number] ?? 0
        run.active[number] = step
    }

    private mutating func wait(_ number: Int, for children: Children) {
        add(number, .waiting(.children))
        run.active[number]?.children = children
    }

    // MARK: What needs nobody

    private mutating func set(_ number: Int, _ template: FlowTemplate) throws(RunRefusal) {
        switch try assigned(template) {
        case .success(let value): finish(number, value)
        case .failure(let failure): park(number, failure)
        }
    }

    /// Works values out and takes those named like a field into the run.
    private mutating func assigned(
        _ template: FlowTemplate
    ) throws(RunRefusal) -> Result<JSON, StepFailure> {
        let value: JSON
        switch try render(template) {
        case .success(let rendered): value = rendered
        case .failure(let failure): return .failure(failure)
        }
        for member in value.object?.members ?? [] {
            guard let field = flow.fields.first(where: { $0.name == member.name }) else { continue }
            guard field.takes(member.value) else {
                let message =
                    "the field '\(field.name)' cannot be \(member.value.kindWithArticle)"
                return .failure(StepFailure("schema", message))
            }
            run.fields[field.name] = member.value == .null ? nil : member.value
        }
        return .success(value)
    }

    /// The same for who needs no output; why it could not be done.
    mutating func assign(_ template: FlowTemplate) throws(RunRefusal) -> StepFailure? {
        if case .failure(let failure) = try assigned(template) { return failure }
        return nil
    }

    private mutating func sleep(_ number: Int, _ sleep: SleepWork) throws(RunRefusal) {
        switch sleep {
        case .fixed(let time): add(number, .waiting(.timer(now + time)))
        case .computed(let expression):
            switch try value(expression) {
            case .failure(let failure): park(number, failure)
            case .success(let value):
                guard let time = value.length else {
                    let message = "a \(value.typeName) is no duration"
                    return park(number, StepFailure("expression", message))
                }
                add(number, .waiting(.timer(now + time)))
            }
        }
    }

    private mutating func until(_ number: Int, _ moment: FlowExpression) throws(RunRefusal) {
        switch try value(moment) {
        case .failure(let failure): park(number, failure)
        case .success(let value):
            guard let instant = value.instant else {
                let message = "a \(value.typeName) is no moment; write a timestamp or RFC 3339"
                return park(number, StepFailure("expression", message))
            }
            add(number, .waiting(.timer(instant)))
        }
    }

    // MARK: Steps that hold others

    private mutating func fork(
        _ number: Int,
        _ branches: [Work.Branch]
    ) throws(RunRefusal) {
        run.choices[number] = 0
        var isDone = true
        for branch in branches {
            let isBranchDone = try drive(branch.steps)
            guard run.state == .running else { return }
            isDone = isDone && isBranchDone
        }
        guard isDone else { return }
        var members: [JSONObject.Member] = []
        for branch in branches {
            guard let output = try lastOutput(branch.steps) else { continue }
            members.append(.init(branch.name, output))
        }
        finish(number, .object(JSONObject(uniqueMembers: members)))
    }

    private mutating func choose(
        _ number: Int,
        _ choices: [Work.Choice]
    ) throws(RunRefusal) {
        if run.choices[number] == nil {
            var chosen = choices.count
            search: for (index, choice) in choices.enumerated() {
                guard let condition = choice.when else {
                    chosen = index
                    break
                }
                switch try condition.program.condition(bindings(condition.reads)) {
                case .holds:
                    chosen = index
                    break search
                case .fails: continue
                case .failed(let error):
                    return park(number, noValue(error, "branch \(index + 1)"))
                }
            }
            run.choices[number] = chosen
        }
        guard let chosen = run.choices[number], choices.indices.contains(chosen) else {
            return finish(number, .null)
        }
        guard try drive(choices[chosen].steps) else { return }
        finish(number, try lastOutput(choices[chosen].steps) ?? .null)
    }

    /// The output of the last of some steps that has one.
    func lastOutput(_ steps: [Int]) throws(RunRefusal) -> JSON? {
        for number in steps.reversed() {
            if let output = run.ended[number]?.output { return try load(output) }
        }
        return nil
    }

    // MARK: Runs below

    private mutating func callFlow(
        _ number: Int,
        _ name: String,
        _ with: FlowTemplate
    ) throws(RunRefusal) {
        guard (run.parent?.depth ?? 0) < Limits.depth else {
            let message = "runs are at most \(Limits.depth) deep"
            return park(number, StepFailure("limit", message))
        }
        switch try render(with) {
        case .failure(let failure): park(number, failure)
        case .success(let input):
            guard let payload = payload(input, of: number) else { return }
            wait(number, for: Children(total: 1, items: payload, generation: epoch))
            try startMore(number)
        }
    }

    /// Takes a step back by a flow of its own.
    mutating func startBelow(_ number: Int, _ with: FlowTemplate) throws(RunRefusal) {
        guard (run.parent?.depth ?? 0) < Limits.depth else {
            return fail(number, StepFailure("limit", "runs are at most \(Limits.depth) deep"))
        }
        switch try render(with) {
        case .failure(let failure): fail(number, failure)
        case .success(let input):
            guard let payload = payload(input, of: number), var step = run.active[number] else {
                return
            }
            step.children = Children(total: 1, items: payload, generation: epoch)
            move(&step, to: .waiting(.children))
            run.active[number] = step
            try startMore(number)
        }
    }

    private mutating func iterate(_ number: Int, _ each: EachWork) throws(RunRefusal) {
        guard (run.parent?.depth ?? 0) < Limits.depth else {
            let message = "runs are at most \(Limits.depth) deep"
            return park(number, StepFailure("limit", message))
        }
        switch try value(each.items) {
        case .failure(let failure): park(number, failure)
        case .success(let value):
            guard let list = value.json, let elements = list.array else {
                let message = "a \(value.typeName) is no list of items"
                return park(number, StepFailure("expression", message))
            }
            guard elements.count <= Limits.items else {
                let message = "\(elements.count) items are more than \(Limits.items)"
                return park(number, StepFailure("limit", message))
            }
            if elements.isEmpty {
                run.choices[number] = 0
                return finish(number, .array([]))
            }
            guard let payload = payload(list, of: number) else { return }
            wait(
                number,
                for: Children(total: elements.count, items: payload, generation: epoch)
            )
            try startMore(number)
        }
    }

    /// Starts as many as may be under way, and a few at a time.
    mutating func startMore(_ number: Int) throws(RunRefusal) {
        guard var children = run.active[number]?.children else { return }
        let limit: Int
        if case .each(let each) = flow.steps[number].work { limit = each.limit } else { limit = 1 }
        let items = try load(children.items)
        while children.started < children.total, children.underway < limit {
            guard starts.count < Limits.startsAtOnce else {
                // More may start at once, so this is not waiting yet.
                run.active[number]?.children = children
                return ready(number)
            }
            guard let start = start(number, children, items) else { return }
            starts.append(start)
            children.started += 1
        }
        run.active[number]?.children = children
    }

    mutating func ready(_ number: Int) {
        guard var step = run.active[number] else { return }
        move(&step, to: .ready)
        run.active[number] = step
    }

    private mutating func start(
        _ number: Int,
        _ children: Children,
        _ items: JSON
    ) -> Transition.Start? {
        let isUndo = run.active[number]?.isUndo == true
        switch isUndo ? flow.steps[number].undo : flow.steps[number].work {
        case .each(let each)?:
            let value = items.array?[children.started] ?? .null
            guard let payload = payload(value, of: number) else { return nil }
            let reads = readsInside(each.steps)
            return Transition.Start(
                step: number,
                item: children.started,
                generation: children.generation,
                flow: flow.name,
                each: number,
                input: run.input,
                items: run.items + [
                    Run.Item(name: each.name, value: payload, index: children.started)
                ],
                ended: run.ended.filter { reads.contains($0.key) }
            )
        case .flow(let name, _)?:
            return Transition.Start(
                step: number,
                item: 0,
                generation: children.generation,
                flow: name,
                each: nil,
                input: children.items,
                items: [],
                ended: [:]
            )
        default: preconditionFailure("only an each and a sub-flow start runs")
        }
    }
}

extension ExpressionValue {
    /// A length of time, to the microsecond.
    fileprivate var length: Duration? {
        guard case .duration(let span) = self else { return nil }
        return .seconds(span.seconds) + .nanoseconds(Int64(span.nanoseconds))
    }

    /// A moment: a timestamp, or its text.
    fileprivate var instant: Instant? {
        switch self {
        case .timestamp(let time): Instant(rfc3339: time.text)
        case .string(let text): Instant(rfc3339: text)
        default: nil
        }
    }
}
