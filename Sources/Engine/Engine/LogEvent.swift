internal import Decisions
internal import Storage
package import Values

/// One entry of the log as those who follow it are told: what happened to which decision, and no
/// value of it.
///
/// Neither an input nor an output, a draft or what proved right is in it, nor the rule that fired,
/// so an open audit stays blind.
package struct LogEvent: Sendable, Equatable {
    /// Whose decision an entry is about.
    struct Owner: Sendable, Equatable {
        let policy: String
        let caller: String
        /// The run whose step asked, if one did.
        let run: Identifier?

        init(policy: String, caller: String, source: String = "") {
            self.policy = policy
            self.caller = caller
            let isOfRun = source.hasPrefix(DecisionRecord.runPrefix)
            let name = source.dropFirst(DecisionRecord.runPrefix.count).prefix { $0 != "/" }
            run = isOfRun ? Identifier(String(name)) : nil
        }
    }

    package let sequence: Int64
    package let kind: String
    /// When, as it is told: in UTC and always as long, so that texts are in the order of times.
    let at: String
    /// Of the decision it concerns; nothing for what concerns none.
    package let policy: String?
    /// Who asked for that decision.
    package let caller: String?
    /// The run that asked for that decision, or that somebody acted on.
    package let run: Identifier?
    /// The flow whose own question it is, or of the run that somebody acted on.
    package let flow: String?
    /// What is told, as compact JSON without a line break.
    package let json: [UInt8]

    /// What is told of an entry's facts, where it has them.
    private static let told = [
        "state", "route", "reason", "review", "queue", "act", "person", "to", "missing",
        "lease_until", "retry_at", "late", "resumed",
    ]

    /// `owner` is that of the entry's decision; nothing where there is no decision.
    init(_ entry: LoggedFacts, of owner: Owner?) {
        sequence = entry.sequence
        kind = entry.kind
        at = entry.at.string ?? ""
        policy = owner?.policy
        caller = owner?.caller
        run = owner?.run ?? entry.facts["run"]?.string.flatMap { Identifier($0) }
        // A question that a flow asks by itself is named FLOW/STEP.
        flow =
            owner.flatMap { owner in
                owner.policy.firstIndex(of: "/").map { String(owner.policy[..<$0]) }
            } ?? entry.facts["flow"]?.string
        var members: [JSONObject.Member] = [
            .init("sequence", .int(entry.sequence)), .init("kind", .string(entry.kind)),
            .init("at", entry.at),
        ]
        if let decision = entry.decision {
            members.append(.init("decision", .string(decision.description)))
        }
        if let owner { members.append(.init("policy", .string(owner.policy))) }
        if let run = owner?.run { members.append(.init("run", .string(run.description))) }
        // What administers the store says it all: it is about no decision and has no values.
        let isAdministered = entry.kind == Entry.Kind.administered.rawValue
        for fact in entry.facts.members where isAdministered || Self.told.contains(fact.name) {
            if members.contains(where: { $0.name == fact.name }) { continue }
            members.append(fact)
        }
        if entry.facts["state"] == nil, let state = entry.state {
            members.append(.init("state", .string(state.rawValue)))
        }
        if entry.decision != nil, entry.facts["review"] != nil, let kind = entry.facts["kind"] {
            members.append(.init("review_kind", kind))
        }
        var bytes: [UInt8] = []
        JSON.object(JSONObject(uniqueMembers: members)).appendCompact(to: &bytes)
        json = bytes
    }
}

/// An entry of the log as it was read back.
struct LoggedFacts {
    let sequence: Int64
    let kind: String
    let at: JSON
    let decision: Identifier?
    let facts: JSONObject

    init(_ entry: BareEntry) throws(StoreError) {
        let value: JSON
        do {
            value = try JSON.read(entry.bytes)
        } catch {
            throw StoreError(.corrupt, "entry \(entry.sequence) is not JSON: \(error)")
        }
        guard let kind = value["kind"]?.string, let at = value["at"],
            let facts = value["facts"]?.object
        else { throw StoreError(.corrupt, "entry \(entry.sequence) has no kind, time or facts") }
        sequence = entry.sequence
        self.kind = kind
        self.at = at
        self.facts = facts
        decision = value["decision"]?.string.flatMap { Identifier($0) }
    }

    /// Whose decision it is, where the facts say so.
    var owner: LogEvent.Owner? {
        guard decision != nil, let policy = facts["policy"]?.string,
            let caller = facts["caller"]?.string
        else { return nil }
        return LogEvent.Owner(
            policy: policy,
            caller: caller,
            source: facts["source"]?.string ?? ""
        )
    }

    /// What its decision is from then on, where the kind tells it and the facts need not.
    var state: DecisionState? {
        switch Entry.Kind(rawValue: kind) {
        case .accepted, .reviewRecalled: .asking
        case .withdrawn: .withdrawn
        case .reviewDecided:
            if facts["outcome"] == nil || facts["kind"] != "decision" {
                nil
            } else {
                facts["act"] == "reject" ? .rejected : .decided
            }
        default: nil
        }
    }
}

/// Whose decisions were met lately: two generations, the older of which is let go.
struct EventOwners {
    private let limit: Int
    private var recent: [Identifier: LogEvent.Owner] = [:]
    private var older: [Identifier: LogEvent.Owner] = [:]

    /// Remembers no more than twice so many.
    init(limit: Int) { self.limit = limit }

    var count: Int { recent.count + older.count }

    subscript(id: Identifier) -> LogEvent.Owner? { recent[id] ?? older[id] }

    mutating func keep(_ owner: LogEvent.Owner, of id: Identifier) {
        if recent.count >= limit {
            older = recent
            recent = [:]
        }
        recent[id] = owner
    }
}
