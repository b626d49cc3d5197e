package import Values

/// One fact about a decision, before it has its place in the log.
///
/// It holds no payload, only digests of it, so that redaction leaves the chain whole.
package struct Entry: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// A step was taken on and a model will be asked.
        case accepted
        /// Calls were spent and led to no decision: a failure that waits, or a result that came
        /// after its lease.
        case modelCalled = "model_called"
        case decided
        case failed
        case reviewOpened = "review_opened"
        case reviewClaimed = "review_claimed"
        case reviewReleased = "review_released"
        case reviewReassigned = "review_reassigned"
        /// One person's verdict, whether or not it settled the review.
        case reviewDecided = "review_decided"
        /// A verdict that came too late to count; what the person wrote is kept.
        case reviewRefused = "review_refused"
        /// The question was taken back and a model is asked again.
        case reviewRecalled = "review_recalled"
        /// The caller no longer needs an answer.
        case withdrawn
        case auditDrawn = "audit_drawn"
        case outcomeReported = "outcome_reported"
        /// Somebody with the right to changed how the store works.
        case administered
    }

    package let kind: Kind
    /// Nothing for what concerns no single decision.
    package let decision: Identifier?
    package let at: Instant
    /// What happened, by the stable names that `Docs/Log.md` lists.
    package let facts: JSONObject
    package let payload: [PayloadPart]
    /// What is hashed and stored: kind, decision, instant, facts, and digests of the payload.
    ///
    /// Made with the entry, so that the one writer of a store need not.
    package let canonicalBytes: [UInt8]
    /// The payload as its row holds it.
    package let payloadBytes: [UInt8]

    package init(
        _ kind: Kind,
        decision: Identifier?,
        at: Instant,
        facts: JSONObject,
        payload: [PayloadPart] = []
    ) {
        self.kind = kind
        self.decision = decision
        self.at = at
        self.facts = facts
        self.payload = payload
        canonicalBytes = Self.canonicalBytes(kind, decision, at, facts, payload)
        payloadBytes = payload.isEmpty ? [] : payload.rowBytes
    }

    private static func canonicalBytes(
        _ kind: Kind,
        _ decision: Identifier?,
        _ at: Instant,
        _ facts: JSONObject,
        _ payload: [PayloadPart]
    ) -> [UInt8] {
        var members: [JSONObject.Member] = [
            .init("at", .string(at.rfc3339)),
            .init("facts", .object(facts)),
            .init("kind", .string(kind.rawValue)),
        ]
        if let decision { members.append(.init("decision", .string(decision.description))) }
        if !payload.isEmpty {
            let digests = payload.map { JSONObject.Member($0.name, .string($0.digest.hex)) }
            members.append(.init("payload", .object(JSONObject(uniqueMembers: digests))))
        }
        return JSON.object(JSONObject(uniqueMembers: members)).canonicalBytes
    }
}
