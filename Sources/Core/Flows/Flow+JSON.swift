internal import Access
internal import Expressions
package import Values

/// A flow as programs read it.
extension Flow {
    /// What a list of flows shows.
    package var summary: JSON {
        [
            "flow": .string(name), "title": title.map(JSON.string) ?? .null,
            "owner": owner.map(JSON.string) ?? .null,
            "stages": .array(stages.map(JSON.string)),
            "triggers": .array(triggers.map { .string($0.text) }),
            "steps": .int(Int64(steps.count)),
        ]
    }

    /// All of it: the schema of its input, its fields, and its steps as a tree.
    package var json: JSON {
        let fields = self.fields.map { field -> JSON in
            ["name": .string(field.name), "type": .string(field.kind.text)]
        }
        let concurrency = self.concurrency.map { own -> JSON in
            [
                "key": .string(own.key.fragment.written), "limit": .int(Int64(own.limit)),
                "then": .string(own.then.rawValue),
            ]
        }
        guard let own = summary.object else { preconditionFailure("a summary is an object") }
        return .object(
            own.setting("digest", to: .string(digest.hex))
                .setting("input", to: input.document)
                .setting("fields", to: .array(fields))
                .setting("concurrency", to: concurrency ?? .null)
                .setting("rate", to: (rate?.text).map(JSON.string) ?? .null)
                .setting("steps", to: .array(body.map { json(steps[$0]) }))
        )
    }

    private func json(_ step: FlowStep) -> JSON {
        var members: [JSONObject.Member] = [
            .init("id", .string(step.id)), .init("family", .string(step.work.family)),
            .init("subject", .string(step.work.subject)),
            .init("stage", step.stage.map(JSON.string) ?? .null),
            .init("when", (step.when?.program.fragment.written).map(JSON.string) ?? .null),
            .init("attempts", .int(Int64(step.retry.attempts))),
            .init("timeout", .string(step.timeout.short)),
            .init("deadline", (step.deadline?.short).map(JSON.string) ?? .null),
            .init("rate", (step.rate?.text).map(JSON.string) ?? .null),
            .init("on_failure", .string(step.onFailure.word)),
            .init("undo", (step.undo?.family).map(JSON.string) ?? .null),
        ]
        var lists = step.work.lists
        if case .perform(let steps) = step.onFailure {
            lists.append(.init(title: "on_failure", steps: steps))
        }
        let inner = lists.map { list -> JSON in
            [
                "title": .string(list.title),
                "steps": .array(list.steps.map { json(steps[$0]) }),
            ]
        }
        if !inner.isEmpty { members.append(.init("inner", .array(inner))) }
        return .object(JSONObject(uniqueMembers: members))
    }
}
