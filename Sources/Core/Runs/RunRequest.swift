internal import Expressions
package import Flows
package import Values

/// What a ready step asks its driver to do.
package enum RunRequest: Sendable, Equatable {
    /// A run that has not begun: `RunEvent.begun`.
    case begin
    case decide(policy: String, input: JSON)
    /// A question to people; what they are shown.
    case review(shows: JSON)
    case http(HTTPRequest)
    /// For an external worker that claims work of that kind.
    case external(kind: String, input: JSON)
    /// Starts more of the runs below: `RunEvent.childrenEnded` with none.
    case startMore
    /// Puts the outputs of the runs below together, in the order of their items.
    case gather(Children)
    /// Tells the runs below from that item on: `RunEvent.told`.
    case tell(Children.Order, from: Int)
    /// Takes a decision back: `RunEvent.cancelled`.
    case withdraw(Identifier)

    package struct HTTPRequest: Sendable, Equatable {
        package let method: String
        package let url: String
        /// Those without a secret.
        package let headers: [String: String]
        package let body: JSON?

        package init(method: String, url: String, headers: [String: String], body: JSON?) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
        }
    }
}

extension Run {
    /// What the ready step asks for; the failure is one of its own expressions, and ends the attempt.
    package func request(
        of step: ActiveStep,
        in flow: Flow,
        at now: Instant,
        resources: [Digest: JSON] = [:]
    ) throws(RunRefusal) -> Result<RunRequest, StepFailure> {
        if step.step == Run.slotStep { return .success(.begin) }
        if let children = step.children {
            if let order = children.order, !children.isToldAll {
                return .success(.tell(order, from: children.told))
            }
            return .success(children.started < children.total ? .startMore : .gather(children))
        }
        if step.isCancelled {
            guard let decision = step.decision else {
                throw .broken("a cancelled step has nothing to take back")
            }
            return .success(.withdraw(decision))
        }
        var machine = RunMachine(run: self, flow: flow, at: now, chance: 0)
        machine.known = resources
        let definition = flow.steps[step.step]
        guard let work = step.isUndo ? definition.undo : definition.work else {
            throw .broken("step \(definition.id) has nothing to undo")
        }
        return try machine.request(work, step)
    }
}

extension Run {
    /// Whether an event is one that the step waits for; one for which the condition has no value is
    /// none.
    package func matches(
        _ event: JSON,
        step number: Int,
        in flow: Flow,
        at now: Instant,
        resources: [Digest: JSON] = [:]
    ) throws(RunRefusal) -> Bool {
        guard case .wait(.event(_, let match, _)) = flow.steps[number].work else { return false }
        guard let match else { return true }
        var machine = RunMachine(run: self, flow: flow, at: now, chance: 0)
        machine.known = resources
        var bindings = try machine.bindings(match.reads)
        bindings.set(Flow.eventVariable, json: event)
        if case .holds = match.program.condition(bindings) { return true }
        return false
    }
}

extension RunMachine {
    fileprivate func request(
        _ work: Work,
        _ step: ActiveStep
    ) throws(RunRefusal) -> Result<RunRequest, StepFailure> {
        switch work {
        case .decide(let policy, let with):
            return try input(with, step).map { .decide(policy: policy, input: $0) }
        case .review(let review): return try input(review.shows, step).map { .review(shows: $0) }
        case .external(let kind, let with, _):
            return try input(with, step).map { .external(kind: kind, input: $0) }
        case .http(let http): return try call(http, step)
        case .set, .wait, .sleep, .flow, .parallel, .each, .choose:
            throw .broken("step \(name(step.step)) asks nobody")
        }
    }

    /// What the step is given, or what a person wrote in its place.
    private func input(
        _ template: FlowTemplate,
        _ step: ActiveStep
    ) throws(RunRefusal) -> Result<JSON, StepFailure> {
        if let override = step.override { return .success(override) }
        return try render(template)
    }

    private func call(
        _ http: HTTPWork,
        _ step: ActiveStep
    ) throws(RunRefusal) -> Result<RunRequest, StepFailure> {
        let url: JSON
        switch try render(http.url) {
        case .success(let value): url = value
        case .failure(let failure): return .failure(failure)
        }
        guard let address = url.string else {
            return .failure(StepFailure("expression", "the url is \(url.kindWithArticle)"))
        }
        var headers: [String: String] = [:]
        for header in http.headers {
            guard case .template(let template) = header.value else { continue }
            switch try render(template) {
            case .failure(let failure): return .failure(failure)
            case .success(let value):
                headers[header.name.lowercased()] = value.string ?? value.compactText
            }
        }
        var body = step.override
        if body == nil, let template = http.body {
            switch try render(template) {
            case .success(let value): body = value
            case .failure(let failure): return .failure(failure)
            }
        }
        return .success(
            .http(.init(method: http.method, url: address, headers: headers, body: body))
        )
    }
}
