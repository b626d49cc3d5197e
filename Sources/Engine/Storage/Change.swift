package import Access
package import Decisions
package import Reviews
package import Values
package import Webhooks

/// One atomic step of the store: entries for the log, and the rows they change.
///
/// All of it is committed or none. Each row written names what it was made from; where that is no
/// longer so the change is refused whole and leaves no trace, and other changes of the same commit
/// are unaffected.
package struct Change: Sendable {
    /// In the order they happened; at least one.
    package var entries: [Entry]
    package var decision: DecisionWrite?
    /// A decision has one review of its own at most, and one audit: a change touches one of them.
    package var review: ReviewWrite?
    /// What the model calls told by the entries add up to.
    package var tallies: [CallTally]
    /// Models whose circuit breaker has moved.
    package var models: [ModelState]
    /// A token made, or changed in whether it is revoked.
    package var token: AccessToken?
    /// Where the result of the decision inserted is to be sent, once it is final.
    package var callback: Callback?

    package init(
        entries: [Entry],
        decision: DecisionWrite? = nil,
        review: ReviewWrite? = nil,
        tallies: [CallTally] = [],
        models: [ModelState] = [],
        token: AccessToken? = nil,
        callback: Callback? = nil
    ) {
        precondition(!entries.isEmpty, "a change is told by at least one entry")
        self.entries = entries
        self.decision = decision
        self.review = review
        self.tallies = tallies
        self.models = models
        self.token = token
        self.callback = callback
    }
}

/// What a change does to a decision's row.
package enum DecisionWrite: Sendable {
    /// A decision not there yet, claiming its key if it has one.
    case insert(DecisionRecord, key: KeyClaim?)
    /// The record as it shall be; its `version` is the one it was read with.
    case update(DecisionRecord)

    package var record: DecisionRecord {
        switch self {
        case .insert(let record, _), .update(let record): record
        }
    }
}

/// What a change does to a review's row.
package enum ReviewWrite: Sendable {
    case insert(Review)
    /// The review as it shall be; its `version` is the one it was read with.
    case update(Review)

    package var review: Review {
        switch self {
        case .insert(let review), .update(let review): review
        }
    }
}

/// What makes a step the same step when it comes again.
package struct KeyClaim: Sendable, Equatable {
    /// Who may collide: a job's file digest, or its policy where lines have keys of their own.
    package let scope: String
    package let key: String
    /// The digest of the canonical input: the same key with another body is a mistake.
    package let body: Digest

    package init(scope: String, key: String, body: Digest) {
        self.scope = scope
        self.key = key
        self.body = body
    }
}

/// What became of one change.
package enum CommitResult: Sendable, Equatable {
    /// Durable; the log ends with `head` after the change's last entry.
    case committed(ChainHead)
    /// The key was claimed before, by that decision for that body.
    case keyTaken(by: Identifier, body: Digest)
    /// The decision or review has changed since it was read, or is there already.
    case stale
}
