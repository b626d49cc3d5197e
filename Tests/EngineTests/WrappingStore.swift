import Access
import Decisions
import Reviews
import Storage
import Values

/// A store that hands on what it does not do itself.
protocol WrappingStore: Store {
    var store: MemoryStore { get }
}

extension WrappingStore {
    func claimed(
        scope: String,
        keys: [String]
    ) async throws(StoreError) -> [String: ClaimedDecision] {
        try await store.claimed(scope: scope, keys: keys)
    }
    func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
        try await store.commit(changes)
    }
    func head() async throws(StoreError) -> ChainHead { try await store.head() }
    func decision(_ id: Identifier) async throws(StoreError) -> DecisionRecord? {
        try await store.decision(id)
    }
    func decisions(_ query: DecisionQuery) async throws(StoreError) -> [DecisionRecord] {
        try await store.decisions(query)
    }
    func asking(after: Identifier?, limit: Int) async throws(StoreError) -> [DecisionRecord] {
        try await store.asking(after: after, limit: limit)
    }
    func review(_ id: Identifier) async throws(StoreError) -> Review? { try await store.review(id) }
    func reviews(_ query: ReviewQuery) async throws(StoreError) -> [Review] {
        try await store.reviews(query)
    }
    func entry(_ sequence: Int64) async throws(StoreError) -> StoredEntry? {
        try await store.entry(sequence)
    }
    func entries(from sequence: Int64, limit: Int) async throws(StoreError) -> [StoredEntry] {
        try await store.entries(from: sequence, limit: limit)
    }
    func bareEntries(from sequence: Int64, limit: Int) async throws(StoreError) -> [BareEntry] {
        try await store.bareEntries(from: sequence, limit: limit)
    }
    func tallies(since: Instant) async throws(StoreError) -> [CallTally] {
        try await store.tallies(since: since)
    }
    func models() async throws(StoreError) -> [ModelState] { try await store.models() }
    func tokens() async throws(StoreError) -> [AccessToken] { try await store.tokens() }
    func token(_ digest: Digest) async throws(StoreError) -> AccessToken? {
        try await store.token(digest)
    }
    func keptAnswer(_ key: Digest, at now: Instant) async throws(StoreError) -> KeptAnswer? {
        try await store.keptAnswer(key, at: now)
    }
    func keep(_ answer: KeptAnswer) async throws(StoreError) { try await store.keep(answer) }
    func keep(_ release: StoredRelease) async throws(StoreError) { try await store.keep(release) }
    func release(_ digest: Digest) async throws(StoreError) -> StoredRelease? {
        try await store.release(digest)
    }
    func secret() async throws(StoreError) -> [UInt8] { try await store.secret() }
}
