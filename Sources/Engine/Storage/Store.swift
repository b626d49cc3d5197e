package import Access
package import Decisions
package import Reviews
package import Values
package import Webhooks

/// Where everything durable lives: the log, its projections, and releases.
///
/// Every implementation passes `StoreConformance`. A call that returns has committed; a call that
/// throws `.unavailable` may or may not have, and the caller finds out by its key or its version.
package protocol Store: RunStore {
    /// Commits the changes in their order, as few transactions as can be, and assigns sequence and
    /// hash to their entries. One result a change.
    ///
    /// Sets on each decision written: `version` one up, `links.last` to the change's last entry,
    /// `links.input` and `links.output` to the last of its entries whose payload has `/input` and
    /// `/output`, where one does. Sets a review's `version` one up. A callback that waits for a
    /// decision becomes due in the very transaction that makes the decision final. Sets a run's
    /// `version` one up; what wakes what is told at `RunStore`.
    ///
    /// A release is removed by the very transaction that finds that nothing needs it: neither what is
    /// live or returned to next, nor a live run, an `asking` decision or an open review. From then on
    /// no decision, promotion or run of it is new, and no run goes on with it after its end.
    func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult]

    func head() async throws(StoreError) -> ChainHead
    func decision(_ id: Identifier) async throws(StoreError) -> DecisionRecord?
    /// Newest first.
    func decisions(_ query: DecisionQuery) async throws(StoreError) -> [DecisionRecord]
    /// The decisions that claimed those keys, each with its claim's body and its current output.
    func claimed(
        scope: String,
        keys: [String]
    ) async throws(StoreError) -> [String: ClaimedDecision]
    /// Those in state `asking`, by their identifiers.
    func asking(
        after: Identifier?,
        limit: Int
    ) async throws(StoreError) -> [DecisionRecord]
    func review(_ id: Identifier) async throws(StoreError) -> Review?
    /// Oldest first.
    func reviews(_ query: ReviewQuery) async throws(StoreError) -> [Review]
    /// The oldest open review of each queue, queues in the order of their names, at most so many.
    func oldestReviews(limit: Int) async throws(StoreError) -> [Review]
    func entry(_ sequence: Int64) async throws(StoreError) -> StoredEntry?
    /// In the order of the log, from that sequence on, at most so many.
    func entries(from sequence: Int64, limit: Int) async throws(StoreError) -> [StoredEntry]
    /// The same without any payload, for who follows the log and must not hold what it does not tell.
    func bareEntries(from sequence: Int64, limit: Int) async throws(StoreError) -> [BareEntry]

    /// The tallies of all quarters from that instant on, in no order.
    func tallies(since: Instant) async throws(StoreError) -> [CallTally]
    /// The last known state of each model, by name.
    func models() async throws(StoreError) -> [ModelState]

    /// All tokens, revoked and expired ones too, oldest first.
    func tokens() async throws(StoreError) -> [AccessToken]
    /// The token whose secret has that digest.
    func token(_ digest: Digest) async throws(StoreError) -> AccessToken?

    /// Where the result of that decision is sent, if it is sent anywhere.
    func callback(_ decision: Identifier) async throws(StoreError) -> Callback?
    /// Newest decision first.
    func callbacks(_ query: CallbackQuery) async throws(StoreError) -> [Callback]
    /// Some of those due by then, so many to a host and in all, but none to some hosts.
    ///
    /// The hosts that have waited longest come first, and within one the longest due.
    func callbacks(
        dueAt now: Instant,
        avoiding hosts: Set<String>,
        toEach: Int,
        limit: Int
    ) async throws(StoreError) -> [Callback]
    /// Keeps each where it has not changed since it was read; says for each whether it was kept.
    func keep(_ callbacks: [Callback]) async throws(StoreError) -> [Bool]

    /// The answer kept under that key, unless it has expired by then.
    func keptAnswer(_ key: Digest, at now: Instant) async throws(StoreError) -> KeptAnswer?
    /// Keeps an answer in the place of an earlier one, and lets go of some that have expired.
    func keep(_ answer: KeptAnswer) async throws(StoreError)

    func release(_ digest: Digest) async throws(StoreError) -> StoredRelease?
    /// By whom and when a release was removed that is not there any more.
    func removal(of release: Digest) async throws(StoreError) -> ReleaseRemoval?
    /// The notes of all releases kept, the last kept first, at most so many.
    func releaseNotes(limit: Int) async throws(StoreError) -> [ReleaseNote]
    /// The promotions, the last first, at most so many: the first of them is live.
    func promotions(limit: Int) async throws(StoreError) -> [Promotion]
    func promotion(_ number: Int64) async throws(StoreError) -> Promotion?
    /// 32 random bytes made with the store and never shown: the key of the audit draw.
    func secret() async throws(StoreError) -> [UInt8]
}

extension Store {
    /// All entries of a decision, first to last, along their links.
    package func entries(of record: DecisionRecord) async throws(StoreError) -> [StoredEntry] {
        var entries: [StoredEntry] = []
        var sequence = record.links.last
        while sequence > 0, let entry = try await entry(sequence) {
            entries.append(entry)
            sequence = entry.previous
        }
        return entries.reversed()
    }

    /// The value of a payload part of that entry; nothing when it was redacted.
    package func payload(
        _ name: String,
        of sequence: Int64
    ) async throws(StoreError) -> JSON? {
        guard sequence > 0 else { return nil }
        return try await entry(sequence)?.payload.value(name)
    }
}

/// An entry's place and its canonical bytes, without hash, link or payload.
package struct BareEntry: Sendable, Equatable {
    package let sequence: Int64
    package let bytes: [UInt8]

    package init(sequence: Int64, bytes: [UInt8]) {
        self.sequence = sequence
        self.bytes = bytes
    }
}

/// A decision found by its key.
package struct ClaimedDecision: Sendable, Equatable {
    package let record: DecisionRecord
    package let body: Digest
    /// The answer in force, or the draft under review; nothing while there is none.
    package let output: JSON?

    package init(record: DecisionRecord, body: Digest, output: JSON?) {
        self.record = record
        self.body = body
        self.output = output
    }
}

/// Which decisions to list.
package struct DecisionQuery: Sendable, Equatable {
    package var policy: String?
    package var states: Set<DecisionState> = []
    package var route: Route?
    /// Only those made before this one: the cursor of the next page.
    package var before: Identifier?
    package var limit: Int

    package init(limit: Int = 100) { self.limit = limit }
}

/// Which reviews to list.
package struct ReviewQuery: Sendable, Equatable {
    package var queue: String?
    package var states: Set<ReviewState> = [.open]
    package var kind: Review.Kind?
    package var decision: Identifier?
    /// Only those opened after this one: the cursor of the next page.
    package var after: Identifier?
    package var limit: Int

    package init(limit: Int = 100) { self.limit = limit }
}

/// Which callbacks to list.
package struct CallbackQuery: Sendable, Equatable {
    package var state: Callback.State?
    /// Only those of decisions made before this one: the cursor of the next page.
    package var before: Identifier?
    package var limit: Int

    package init(limit: Int = 100) { self.limit = limit }
}

/// A release as it comes to be kept.
package struct KeptRelease: Sendable, Equatable {
    package let release: StoredRelease
    package let note: ReleaseNote

    package init(_ release: StoredRelease, _ note: ReleaseNote) {
        self.release = release
        self.note = note
    }
}

/// A release with every file it refers to, as its manifest names them.
package struct StoredRelease: Sendable, Equatable {
    package let digest: Digest
    /// By path, relative to the workspace.
    package let files: [String: [UInt8]]

    package init(digest: Digest, files: [String: [UInt8]]) {
        self.digest = digest
        self.files = files
    }
}
