import Decisions
import Reviews
import Storage
import Synchronization
import Values

/// A store in which somebody else always comes first, so many times.
final class ContestedStore: Store {
    private let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
    private let lost = Mutex(0)

    /// Commits that come next and are refused as stale.
    func lose(_ count: Int) { lost.withLock { $0 = count } }

    func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
        let isLost = lost.withLock { left in
            defer { left = max(0, left - 1) }
            return left > 0
        }
        if isLost { return changes.map { _ in .stale } }
        return try await store.commit(changes)
    }
    func claimed(
        scope: String,
        keys: [String]
    ) async throws(StoreError) -> [String: ClaimedDecision] {
        try await store.claimed(scope: scope, keys: keys)
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
    func keep(_ release: StoredRelease) async throws(StoreError) { try await store.keep(release) }
    func release(_ digest: Digest) async throws(StoreError) -> StoredRelease? {
        try await store.release(digest)
    }
    func secret() async throws(StoreError) -> [UInt8] { try await store.secret() }
}
