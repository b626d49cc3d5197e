package import Access
package import Decisions
package import Reviews
package import Storage
package import Values
package import Webhooks

/// A store that hands on what it does not do itself: to slow one act down, or to let it fail.
package protocol WrappingStore: Store {
    var store: MemoryStore { get }
}

extension WrappingStore {
    package func claimed(
        scope: String,
        keys: [String]
    ) async throws(StoreError) -> [String: ClaimedDecision] {
        try await store.claimed(scope: scope, keys: keys)
    }
    package func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
        try await store.commit(changes)
    }
    package func head() async throws(StoreError) -> ChainHead { try await store.head() }
    package func decision(_ id: Identifier) async throws(StoreError) -> DecisionRecord? {
        try await store.decision(id)
    }
    package func decisions(_ query: DecisionQuery) async throws(StoreError) -> [DecisionRecord] {
        try await store.decisions(query)
    }
    package func asking(after: Identifier?, limit: Int) async throws(StoreError) -> [DecisionRecord]
    {
        try await store.asking(after: after, limit: limit)
    }
    package func review(_ id: Identifier) async throws(StoreError) -> Review? {
        try await store.review(id)
    }
    package func reviews(_ query: ReviewQuery) async throws(StoreError) -> [Review] {
        try await store.reviews(query)
    }
    package func oldestReviews(limit: Int) async throws(StoreError) -> [Review] {
        try await store.oldestReviews(limit: limit)
    }
    package func entry(_ sequence: Int64) async throws(StoreError) -> StoredEntry? {
        try await store.entry(sequence)
    }
    package func entries(from sequence: Int64, limit: Int) async throws(StoreError) -> [StoredEntry]
    {
        try await store.entries(from: sequence, limit: limit)
    }
    package func bareEntries(
        from sequence: Int64,
        limit: Int
    ) async throws(StoreError) -> [BareEntry] {
        try await store.bareEntries(from: sequence, limit: limit)
    }
    package func tallies(since: Instant) async throws(StoreError) -> [CallTally] {
        try await store.tallies(since: since)
    }
    package func models() async throws(StoreError) -> [ModelState] { try await store.models() }
    package func tokens() async throws(StoreError) -> [AccessToken] { try await store.tokens() }
    package func token(_ digest: Digest) async throws(StoreError) -> AccessToken? {
        try await store.token(digest)
    }
    package func keptAnswer(_ key: Digest, at now: Instant) async throws(StoreError) -> KeptAnswer?
    {
        try await store.keptAnswer(key, at: now)
    }
    package func callback(_ decision: Identifier) async throws(StoreError) -> Callback? {
        try await store.callback(decision)
    }
    package func callbacks(_ query: CallbackQuery) async throws(StoreError) -> [Callback] {
        try await store.callbacks(query)
    }
    package func callbacks(
        dueAt now: Instant,
        avoiding hosts: Set<String>,
        toEach: Int,
        limit: Int
    ) async throws(StoreError) -> [Callback] {
        try await store.callbacks(dueAt: now, avoiding: hosts, toEach: toEach, limit: limit)
    }
    package func keep(_ callbacks: [Callback]) async throws(StoreError) -> [Bool] {
        try await store.keep(callbacks)
    }
    package func keep(_ answer: KeptAnswer) async throws(StoreError) {
        try await store.keep(answer)
    }
    package func removal(of release: Digest) async throws(StoreError) -> ReleaseRemoval? {
        try await store.removal(of: release)
    }
    package func releaseNotes(limit: Int) async throws(StoreError) -> [ReleaseNote] {
        try await store.releaseNotes(limit: limit)
    }
    package func promotions(limit: Int) async throws(StoreError) -> [Promotion] {
        try await store.promotions(limit: limit)
    }
    package func promotion(_ number: Int64) async throws(StoreError) -> Promotion? {
        try await store.promotion(number)
    }
    package func release(_ digest: Digest) async throws(StoreError) -> StoredRelease? {
        try await store.release(digest)
    }
    package func secret() async throws(StoreError) -> [UInt8] { try await store.secret() }
}
