internal import Autonomy
internal import Decisions
internal import Models
internal import Values

/// The facts of an entry, by the stable names that `Docs/Log.md` lists.
struct Facts {
    private(set) var members: [JSONObject.Member]

    /// What every entry says of its decision.
    init(_ record: DecisionRecord, release: LoadedRelease) {
        members = [
            .init("policy", .string(record.policy)),
            .init("release", .string(record.release.hex)),
            .init("source", .string(record.source)),
            .init("caller", .string(record.caller)),
            .init("epoch", .int(record.epoch)),
        ]
        add("key", record.key.map(JSON.string))
        add(
            "policy_digest",
            release.policy(record.policy).map { .string($0.digest.hex) }
        )
    }

    mutating func add(_ name: String, _ value: JSON?) {
        if let value { members.append(.init(name, value)) }
    }

    mutating func add(_ more: [JSONObject.Member]) { members += more }

    /// State, route and why, as the record has them.
    mutating func add(_ record: DecisionRecord) {
        add("state", .string(record.state.rawValue))
        add("route", (record.route?.rawValue).map(JSON.string))
        add("reason", .string(record.reason))
        add("because", .string(record.because))
        add("confidence", record.confidence.map(JSON.double))
        add("threshold", record.threshold.map(JSON.double))
    }

    mutating func add(_ draw: AuditDraw) {
        add("audit", ["p": .double(draw.p), "drawn": .bool(draw.drawn)])
    }

    var object: JSONObject { JSONObject(uniqueMembers: members) }
}

extension ModelCallRecord {
    /// One call with its attempts; what the model wrote is payload and not here.
    var facts: JSON {
        var members: [JSONObject.Member] = [
            .init("endpoint", .string(endpoint)),
            .init("model", .string(model)),
            .init("attempts", .array(attempts.map(\.facts))),
            .init("cost_picodollars", .int(cost.picodollars)),
            .init("usage", usage.facts),
        ]
        if let cachedAt { members.append(.init("cached_at", .string(cachedAt.rfc3339))) }
        switch reply {
        case .answer(let answer):
            members.append(.init("version", .string(answer.version)))
            members.append(.init("signal", .string(answer.signal.rawValue)))
            if let value = answer.confidence.value, value.isFinite {
                members.append(.init("confidence", .double(value)))
            }
            if let mass = answer.confidence.mass {
                members.append(.init("mass", .double(mass)))
            }
            if let note = answer.confidence.note {
                members.append(.init("note", .string(note)))
            }
            if !answer.confidence.scores.isEmpty {
                members.append(.init("scores", .object(answer.confidence.scores)))
            }
            if let finish = answer.finish { members.append(.init("finish", .string(finish))) }
        case .failure(let failure):
            members.append(.init("failure", .string(failure.reason.kind.rawValue)))
            if let version = failure.version { members.append(.init("version", .string(version))) }
        }
        return .object(JSONObject(uniqueMembers: members))
    }

    /// What the model wrote or the server answered, for the payload.
    var rawAnswer: JSON {
        let body: [UInt8]
        var members: [JSONObject.Member] = []
        switch reply {
        case .answer(let answer): body = answer.body
        case .failure(let failure):
            body = failure.body
            members.append(.init("detail", .string(failure.reason.detail)))
        }
        members.append(.init("body", .string(String(decoding: body, as: UTF8.self))))
        return .object(JSONObject(uniqueMembers: members))
    }
}

extension Usage {
    fileprivate var facts: JSON {
        [
            "input": .int(input), "cached": .int(cached), "output": .int(output),
            "reasoning": .int(reasoning),
        ]
    }
}

extension CallAttempt {
    fileprivate var facts: JSON {
        var members: [JSONObject.Member] = [
            .init("at", .string(started.rfc3339)),
            .init("microseconds", .int(duration.wholeMicroseconds)),
        ]
        if let status { members.append(.init("status", .int(Int64(status)))) }
        if let failure { members.append(.init("failure", .string(failure.kind.rawValue))) }
        return .object(JSONObject(uniqueMembers: members))
    }
}
