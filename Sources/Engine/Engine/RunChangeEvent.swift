internal import Runs
internal import Storage
package import Values

/// One change of a run as those who follow runs are told: what it has become, and no value of it.
package struct RunChangeEvent: Sendable, Equatable {
    /// The number of the change.
    package let sequence: Int64
    package let kind: String
    /// When, as in `LogEvent`.
    let at: String
    package let run: Identifier
    /// The outermost run of its tree.
    package let root: Identifier
    package let flow: String
    package let caller: String
    /// What is told, as compact JSON without a line break.
    package let json: [UInt8]

    init(_ change: RunChange) {
        sequence = change.number
        kind = change.kind.rawValue
        at = change.at.rfc3339
        run = change.run
        root = change.root
        flow = change.flow
        caller = change.caller
        var members: [JSONObject.Member] = [
            .init("number", .int(change.number)), .init("kind", .string(kind)),
            .init("at", .string(at)), .init("run", .string(run.description)),
            .init("root", .string(root.description)), .init("flow", .string(flow)),
            .init("state", .string(change.state.rawValue)),
            .init("version", .int(change.version)),
        ]
        if let stage = change.stage {
            members.append(.init("stage", .string(stage)))
            members.append(.init("stage_since", .string(change.stageSince.rfc3339)))
        }
        if let reason = change.reason { members.append(.init("reason", .string(reason))) }
        var bytes: [UInt8] = []
        JSON.object(JSONObject(uniqueMembers: members)).appendCompact(to: &bytes)
        json = bytes
    }
}

/// Changes of runs that are told no more: so many ago that they are not kept.
package struct RunGapEvent: Sendable, Equatable {
    package static let kind = "run_gap"

    private static let detail =
        "these changes of runs are no longer kept: list /v1/runs to see what has come of them"

    /// The numbers of the first and the last that are missing.
    package let missing: ClosedRange<Int64>

    package init(missing: ClosedRange<Int64>) { self.missing = missing }

    /// What is told, as compact JSON without a line break.
    package var json: [UInt8] {
        let told: JSON = [
            "kind": .string(Self.kind), "from": .int(missing.lowerBound),
            "to": .int(missing.upperBound),
            "detail": .string(Self.detail),
        ]
        return Array(told.compactText.utf8)
    }
}
