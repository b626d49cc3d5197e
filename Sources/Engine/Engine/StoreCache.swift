package import Decisions
internal import Models
package import Storage
package import Values

/// A model's answers kept in the store.
///
/// One that cannot be read or kept is asked for again, so what the store says against it is left to
/// the commits that matter.
package struct StoreCache: AnswerCache {
    private let store: any Store

    package init(_ store: any Store) { self.store = store }

    package func answer(_ key: Digest, at now: Instant) async -> KeptAnswer? {
        do {
            return try await store.keptAnswer(key, at: now)
        } catch {
            return nil
        }
    }

    package func keep(_ answer: KeptAnswer) async {
        do {
            try await store.keep(answer)
        } catch {
            return
        }
    }
}
