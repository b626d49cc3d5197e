internal import Decisions
internal import Engine
internal import Values

extension DecisionView {
    /// What a caller gets: a draft is no answer, so only a decided step has an output.
    var json: JSON {
        var members = record.members
        members.append(.init("output", record.state == .decided ? output ?? .null : .null))
        return .object(JSONObject(uniqueMembers: members))
    }
}

extension DecisionRecord {
    fileprivate var members: [JSONObject.Member] {
        var members: [JSONObject.Member] = [
            .init("decision", .string(id.description)), .init("policy", .string(policy)),
            .init("state", .string(state.rawValue)),
            .init("route", (route?.rawValue).map(JSON.string) ?? .null),
            .init("reason", .string(reason)), .init("because", .string(because)),
            .init("confidence", confidence.map(JSON.double) ?? .null),
            .init("threshold", threshold.map(JSON.double) ?? .null),
            .init("release", .string(release.hex)),
            .init("created_at", .string(createdAt.rfc3339)),
            .init("updated_at", .string(updatedAt.rfc3339)),
        ]
        if let review { members.append(.init("review", .string(review.description))) }
        return members
    }

    var json: JSON {
        .object(
            JSONObject(
                uniqueMembers: members + [
                    .init("key", key.map(JSON.string) ?? .null), .init("source", .string(source)),
                    .init("caller", .string(caller)),
                    .init("cost_usd", .double(Double(cost) / 1e12)),
                ]
            )
        )
    }

    /// With its input, its output and every entry, as far as they were not redacted.
    func explained(_ entries: [StoredEntry]) -> JSON {
        func payload(_ name: String, _ sequence: Int64) -> JSON {
            entries.first { $0.sequence == sequence }?.payload.value(name) ?? .null
        }
        let told = entries.map { entry -> JSON in
            (try? JSON.read(entry.bytes)) ?? .null
        }
        guard let own = json.object else { preconditionFailure("a record is an object") }
        return .object(
            own.setting("input", to: payload("/input", links.input))
                .setting(
                    "output",
                    to: state == .decided ? payload("/output", links.output) : .null
                )
                .setting("entries", to: .array(told))
        )
    }
}
