package import Access
package import Decisions
package import Reviews
internal import Runs
package import Values
package import Webhooks

/// One atomic step of the store: entries for the log, and the rows they change.
///
/// All of it is committed or none. Each row written names what it was made from; where that is no
/// longer so the change is refused whole and leaves no trace, and other changes of the same commit
/// are unaffected.
package struct Change: Sendable {
    /// In the order they happened; at least one, unless runs are written.
    package var entries: [Entry]
    package var decision: DecisionWrite?
    /// A decision has one review of its own at most, and one audit: a change touches one of them.
    package var review: ReviewWrite?
    /// What the model calls told by the entries add up to.
    package var tallies: [CallTally]
    /// Models whose circuit breaker has moved.
    package var models: [ModelState]
    /// A token made, or changed in whether it is revoked.
    @Apart package var token: AccessToken?
    /// A release that goes live; refused as stale when its number is not the next.
    @Apart package var promotion: Promotion?
    /// A release that is kept whole; one that is there already stays as it was, one that was removed
    /// is there again.
    @Apart package var kept: KeptRelease?
    /// A release whose files go; refused while anything needs it.
    @Apart package var removal: ReleaseRemoval?
    /// Where the result of the decision inserted is to be sent, once it is final.
    @Apart package var callback: Callback?
    /// Transitions of runs; each run at most once.
    package var runs: [RunWrite]

    package init(
        entries: [Entry],
        decision: DecisionWrite? = nil,
        review: ReviewWrite? = nil,
        tallies: [CallTally] = [],
        models: [ModelState] = [],
        token: AccessToken? = nil,
        promotion: Promotion? = nil,
        kept: KeptRelease? = nil,
        removal: ReleaseRemoval? = nil,
        callback: Callback? = nil,
        runs: [RunWrite] = []
    ) {
        precondition(
            !entries.isEmpty || !runs.isEmpty,
            "a change is told by an entry or by a run's history"
        )
        precondition(
            runs.count < 2 || Set(runs.map(\.run.id)).count == runs.count,
            "a change writes a run once"
        )
        self.entries = entries
        self.decision = decision
        self.review = review
        self.tallies = tallies
        self.models = models
        self.token = token
        self.promotion = promotion
        self.kept = kept
        self.removal = removal
        self.callback = callback
        self.runs = runs
    }
}

/// Holds what few values have elsewhere, so that the others are not moved about with room for it.
@propertyWrapper
package struct Apart<Value: Sendable>: Sendable {
    private final class Place: Sendable {
        let value: Value

        init(_ value: Value) { self.value = value }
    }

    private var place: Place?

    package init(wrappedValue: Value?) { place = wrappedValue.map(Place.init) }

    package var wrappedValue: Value? {
        get { place?.value }
        set { place = newValue.map(Place.init) }
    }
}

extension Change {
    /// The releases that must be there for what it makes: those of what is new or goes on after its
    /// end, since all else keeps its release from being removed.
    package var releasesNeeded: [Digest] {
        var releases: [Digest] = []
        if case .insert(let record, _)? = decision { releases.append(record.release) }
        if let promotion { releases.append(promotion.release) }
        for write in runs where write.before?.state.isFinal ?? true && !write.run.state.isFinal {
            releases.append(write.run.plan.release)
        }
        return releases
    }
}

/// What a change does to a decision's row.
package indirect enum DecisionWrite: Sendable {
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
package indirect enum ReviewWrite: Sendable {
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
    /// How long the step is recognised by its key.
    package enum Lifetime: Sendable, Equatable {
        /// A job's file may be decided again at any time.
        case always
        /// A request is sent again within minutes: kept for one day at least, and for two at most.
        case day
    }

    /// What a claim is found by.
    package struct Name: Sendable, Hashable {
        package let scope: String
        package let key: String

        package init(scope: String, key: String) {
            self.scope = scope
            self.key = key
        }
    }

    /// Who may collide: a job's file digest, or its policy where lines have keys of their own.
    package let scope: String
    package let key: String
    /// The digest of the canonical input: the same key with another body is a mistake.
    package let body: Digest
    package let lifetime: Lifetime

    package init(scope: String, key: String, body: Digest, lifetime: Lifetime = .always) {
        self.scope = scope
        self.key = key
        self.body = body
        self.lifetime = lifetime
    }

    /// The day of an instant, as keys are forgotten by.
    package static func day(of instant: Instant) -> Int64 {
        instant.microseconds / 86_400_000_000
    }
}

/// What became of one change.
package enum CommitResult: Sendable, Equatable {
    /// Durable; the log ends with `head` after the change's last entry.
    case committed(ChainHead)
    /// The key was claimed before, by that decision or run for that body.
    case keyTaken(by: Identifier, body: Digest)
    /// A decision, a review, a run or what is live has changed since it was read, or is there
    /// already; or a slot was not as was thought.
    case stale
    /// What was to be removed is still needed.
    case inUse(ReleaseUse)
    /// The release that something new is of, or that was to go, was removed before.
    case removed(Digest)
}
