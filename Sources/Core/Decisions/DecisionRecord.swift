package import Values

/// What is known of one decision now: a projection of its entries, rebuilt from them at will.
package struct DecisionRecord: Sendable, Equatable {
    package let id: Identifier
    package let policy: String
    package let release: Digest
    /// The caller's key, if it gave one.
    package let key: String?
    /// Where the step came from: the file of a job, a flow, the gateway.
    package let source: String
    /// Whether a step of a run asked, which is woken when the decision is final.
    package var isOfRun: Bool { source.hasPrefix(Self.runPrefix) }
    /// What the source of such a decision begins with; the run and its step follow.
    package static let runPrefix = "run:"
    /// Who asked.
    package let caller: String
    package let createdAt: Instant
    package var updatedAt: Instant
    package var state: DecisionState
    package var route: Route?
    /// Why in one stable word: `rule`, `confident`, `not-confident`, `check-failed` and so on.
    package var reason: String
    /// Why in one sentence for a person.
    package var because: String
    package var confidence: Double?
    package var threshold: Double?
    /// What its model calls cost, in 10^-12 USD.
    package var cost: Int64
    /// Grows with each asking; a result counts only under the epoch it was asked in.
    package var epoch: Int64
    /// While `asking`: until when its engine may be at work on it.
    package var leaseUntil: Instant?
    /// While `asking`: when a model that was unavailable is asked again.
    package var retryAt: Instant?
    /// When a model was first asked: where `on_failure: wait` counts from.
    package var askedAt: Instant?
    package var review: Identifier?
    package var links: EntryLinks
    /// Grows by one with each change; a change names the version it was made from.
    package var version: Int64

    package init(
        id: Identifier,
        policy: String,
        release: Digest,
        key: String?,
        source: String,
        caller: String,
        createdAt: Instant,
        state: DecisionState
    ) {
        self.id = id
        self.policy = policy
        self.release = release
        self.key = key
        self.source = source
        self.caller = caller
        self.createdAt = createdAt
        self.state = state
        updatedAt = createdAt
        reason = ""
        because = ""
        cost = 0
        epoch = 0
        links = EntryLinks()
        version = 0
    }
}

/// Which entries of the log hold what of a decision; 0 for none yet.
package struct EntryLinks: Sendable, Equatable {
    package var last: Int64 = 0
    /// The one whose payload has `/input`.
    package var input: Int64 = 0
    /// The one whose payload has the `/output` in force: the answer, or the draft under review.
    package var output: Int64 = 0

    package init() {}
}
