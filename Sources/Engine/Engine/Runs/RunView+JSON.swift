internal import Decisions
package import Flows
internal import Reviews
package import Runs
package import Storage
package import Values

extension RunSummary {
    /// A run as lists show it.
    package var json: JSON {
        var members: [JSONObject.Member] = [
            .init("run", .string(id.description)), .init("flow", .string(plan.flow)),
            .init("kind", .string(kind.word)), .init("state", .string(state.rawValue)),
            .init("reason", reason.map(JSON.string) ?? .null),
            .init("stage", stage.map(JSON.string) ?? .null),
            .init("stage_since", .string(stageSince.rfc3339)),
            .init("started_at", .string(startedAt.rfc3339)),
            .init("updated_at", .string(updatedAt.rfc3339)),
            .init("caller", .string(caller)), .init("key", key.map(JSON.string) ?? .null),
            .init("release", .string(plan.release.hex)),
        ]
        let fields = fields.sorted { $0.key < $1.key }
            .map { JSONObject.Member($0.key, $0.value) }
        members.append(.init("fields", .object(JSONObject(uniqueMembers: fields))))
        members.append(.init("history", .int(history)))
        if let parent { members.append(.init("parent", .string(parent.description))) }
        if root != id { members.append(.init("root", .string(root.description))) }
        return .object(JSONObject(uniqueMembers: members))
    }
}

extension Run.Kind {
    /// As interfaces name it.
    package var word: String {
        switch self {
        case .root: "root"
        case .subflow: "subflow"
        case .item: "item"
        }
    }

    package init?(word: String) {
        guard let kind = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = kind
    }
}

extension RunView {
    /// The run with all its steps; `secret` makes the addresses that callbacks are to be sent to, which
    /// without it are not shown: who knows one can answer for the step.
    package func json(secret: [UInt8]?) -> JSON {
        guard let own = RunSummary(run).json.object else {
            preconditionFailure("a summary is an object")
        }
        var members = own.members
        members += shown(run.input, as: "input")
        members += shown(run.output, as: "output")
        members.append(.init("priority", .int(Int64(run.priority))))
        members.append(.init("stands_still", .bool(standsStill)))
        members.append(
            .init("steps", .array(steps.map { json($0.step, depth: $0.depth, secret) }))
        )
        if let beginsAt { members.append(.init("begins_at", .string(beginsAt.rfc3339))) }
        if let missing { members.append(.init("missing", .string(missing))) }
        return .object(JSONObject(uniqueMembers: members))
    }

    /// The steps it executes, each before those inside it, and how deep they stand.
    package var steps: [(step: FlowStep, depth: Int)] {
        guard let flow else { return [] }
        return flow.steps.indices.compactMap { number in
            var depth = 0
            var above = flow.steps[number].parent
            var isInside = run.plan.each == nil
            while let holder = above {
                if holder == run.plan.each {
                    isInside = true
                    break
                }
                if case .each = flow.steps[holder].work { return nil }
                depth += 1
                above = flow.steps[holder].parent
            }
            return isInside ? (flow.steps[number], depth) : nil
        }
    }

    private func json(_ step: FlowStep, depth: Int, _ secret: [UInt8]?) -> JSON {
        let number = flow?.number(of: step.id) ?? 0
        var members: [JSONObject.Member] = [
            .init("step", .string(step.id)), .init("depth", .int(Int64(depth))),
            .init("family", .string(step.work.family)),
            .init("subject", .string(step.work.subject)),
            .init("stage", step.stage.map(JSON.string) ?? .null),
        ]
        if let active = run.active[number] {
            members += told(active, secret)
        } else if let end = run.ended[number] {
            members += [
                .init("state", .string(end.state.rawValue)),
                .init("since", .string(end.at.rfc3339)),
                .init("attempts", .int(Int64(end.attempts))),
                .init("failure", end.failure?.json ?? .null),
            ]
            members += shown(end.output, as: "output")
        } else {
            members += [
                .init("state", .string(run.state.isFinal ? "never" : "later")),
                .init("since", .null), .init("attempts", 0), .init("failure", .null),
            ]
        }
        return .object(JSONObject(uniqueMembers: members))
    }

    private func told(_ step: ActiveStep, _ secret: [UInt8]?) -> [JSONObject.Member] {
        var members: [JSONObject.Member] = [
            .init("state", .string(step.word)), .init("since", .string(step.since.rfc3339)),
            .init("attempts", .int(Int64(step.attempt))),
            .init("failure", step.failure?.json ?? .null),
            .init("epoch", .int(step.epoch)), .init("holder", holder(of: step).json),
            .init("woken_by", wake(of: step)),
            .init("deadline", (step.deadline?.rfc3339).map(JSON.string) ?? .null),
        ]
        if step.isUndo { members.append(.init("undo", true)) }
        if let input = step.override { members.append(.init("mended_input", input)) }
        if let children = step.children {
            members.append(
                .init(
                    "children",
                    [
                        "total": .int(Int64(children.total)),
                        "started": .int(Int64(children.started)),
                        "succeeded": .int(Int64(children.succeeded)),
                        "failed": .int(Int64(children.failed)),
                    ]
                )
            )
        }
        if step.state == .waiting(.callback), let secret {
            let token = CallbackToken(run: run.id, step: step.step, epoch: step.epoch)
            let path = "/v1/callbacks/\(token.text(secret: secret))"
            members.append(.init("callback_url", .string(path)))
        }
        return members
    }

    /// What happens to it next by itself, or what has to happen.
    private func wake(of step: ActiveStep) -> JSON {
        let kind: String
        var key: String?
        var at: Instant?
        switch step.state {
        case .ready: kind = step.kind == nil ? "engine" : "claim"
        case .leased(_, let until): (kind, at) = ("result", until)
        case .waiting(.timer(let until)): (kind, at) = ("timer", until)
        case .waiting(.event(let type, let about)):
            kind = "event"
            key = about.map { "\(type) whose \($0.words)" } ?? type
        case .waiting(.rate(let name, let until)): (kind, key, at) = ("rate", name, until)
        case .waiting(let wait):
            kind = wait.kind
            if let text = wait.key, !text.isEmpty { key = text }
        }
        return [
            "kind": .string(kind), "key": key.map(JSON.string) ?? .null,
            "at": (at?.rfc3339).map(JSON.string) ?? .null,
        ]
    }

    private func shown(_ payload: Payload?, as name: String) -> [JSONObject.Member] {
        payload?.members(as: name, of: run.id) ?? [.init(name, .null)]
    }
}

extension ActiveStep {
    /// Its state in one word.
    package var word: String {
        switch state {
        case .ready: "ready"
        case .leased: "leased"
        case .waiting: "waiting"
        }
    }
}

extension Payload {
    /// The value, or beside a null where a large one is.
    package func members(as name: String, of run: Identifier) -> [JSONObject.Member] {
        switch self {
        case .inline(let value): return [.init(name, value)]
        case .resource(let digest, let bytes):
            return [
                .init(name, .null),
                .init(
                    "\(name)_at",
                    [
                        "resource": .string("res://\(digest.hex)"), "bytes": .int(Int64(bytes)),
                        "href": .string("/v1/runs/\(run)/resources/\(digest.hex)"),
                    ]
                ),
            ]
        }
    }
}

extension StepHolder {
    package var json: JSON {
        var members: [JSONObject.Member] = [.init("kind", .string(kind))]
        switch self {
        case .workers(let kind): members.append(.init("work", .string(kind)))
        case .worker(let name, let until):
            members.append(.init("name", .string(name)))
            members.append(.init("until", .string(until.rfc3339)))
        case .model(let id): members.append(.init("decision", .string(id.description)))
        case .review(let review):
            members += [
                .init("review", .string(review.id.description)),
                .init("decision", .string(review.decision.description)),
                .init("queue", .string(review.terms.queue)),
                .init("assignee", review.assignee.map(JSON.string) ?? .null),
                .init(
                    "claimed_by",
                    .array(review.seats.filter { $0.approved == nil }.map { .string($0.person) })
                ),
                .init("approvals", .int(Int64(review.approvals))),
                .init("approvals_needed", .int(Int64(review.terms.approvals))),
                .init("due_at", (review.dueAt?.rfc3339).map(JSON.string) ?? .null),
            ]
        case .engine, .person, .outside, .runs, .time: break
        }
        return .object(JSONObject(uniqueMembers: members))
    }
}
