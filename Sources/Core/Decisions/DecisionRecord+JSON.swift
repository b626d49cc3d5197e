package import Values

extension DecisionRecord {
    /// What people and programs are shown of it.
    package var json: JSON {
        var members: [JSONObject.Member] = [
            .init("decision", .string(id.description)), .init("policy", .string(policy)),
            .init("state", .string(state.rawValue)),
            .init("route", (route?.rawValue).map(JSON.string) ?? .null),
            .init("reason", .string(reason)), .init("because", .string(because)),
            .init("confidence", confidence.map(JSON.double) ?? .null),
            .init("threshold", threshold.map(JSON.double) ?? .null),
            .init("key", key.map(JSON.string) ?? .null), .init("source", .string(source)),
            .init("caller", .string(caller)), .init("release", .string(release.hex)),
            .init("created_at", .string(createdAt.rfc3339)),
            .init("updated_at", .string(updatedAt.rfc3339)),
            .init("cost_usd", .double(Double(cost) / 1e12)), .init("epoch", .int(epoch)),
        ]
        if let review { members.append(.init("review", .string(review.description))) }
        if let retryAt { members.append(.init("retry_at", .string(retryAt.rfc3339))) }
        return .object(JSONObject(uniqueMembers: members))
    }
}
