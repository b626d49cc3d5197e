import Decisions
import Reviews
import Storage
import Synchronization
import TestSupport
import Values

/// A store whose answers about keys are old by the time they are given: it looks them up, then
/// waits until a certain decision is settled.
final class SlowClaims: WrappingStore {
    let store: MemoryStore
    private let awaited = Mutex<Identifier?>(nil)

    init(store: MemoryStore) { self.store = store }

    func waitFor(_ id: Identifier) { awaited.withLock { $0 = id } }

    func claimed(
        scope: String,
        keys: [String]
    ) async throws(StoreError) -> [String: ClaimedDecision] {
        let found = try await store.claimed(scope: scope, keys: keys)
        if let id = awaited.withLock({ $0 }) {
            while try await store.decision(id)?.state == .asking { await Task.yield() }
        }
        return found
    }
}
