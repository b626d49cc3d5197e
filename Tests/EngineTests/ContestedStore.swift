import Decisions
import Reviews
import Storage
import Synchronization
import TestSupport
import Values

/// A store in which somebody else always comes first, so many times.
final class ContestedStore: WrappingStore {
    let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
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
}
