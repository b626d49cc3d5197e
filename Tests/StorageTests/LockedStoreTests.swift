import Decisions
import Foundation
import Storage
import StorageSQLite
import TestSupport
import Testing
import Values

/// A store whose write lock another process holds.
@Suite(.enabled(if: StoreHolder.isHere, "needs python3"), .timeLimit(.minutes(2)))
struct LockedStoreTests {
    private let path: String
    private let store: SQLiteStore

    init() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "stepgate-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder + "/store.db"
        store = try SQLiteStore(path, mode: .engine, secret: [UInt8](repeating: 2, count: 32))
    }

    /// A thread that serves many must not wait for what one of them writes.
    @Test func `whoever begins a write while another waits goes on at once`() async throws {
        // Two that were alone, so that a third would be committed where it is begun.
        for number in 1...2 as ClosedRange<UInt64> {
            _ = try await store.commit([StoreFixture.decided(number)])
        }
        let holder = try StoreHolder(path)
        let store = store
        let answer = KeptAnswer(
            key: StoreFixture.release,
            version: "m",
            body: [1],
            keptAt: StoreFixture.now,
            expiresAt: StoreFixture.now
        )
        let beside = Task.immediate { try await store.keep(answer) }
        let begun = ContinuousClock.now
        let committed = Task.immediate { try await store.commit([StoreFixture.decided(3)]) }
        #expect(ContinuousClock.now - begun < .seconds(5))
        #expect(try await store.head().count == 2)
        holder.release()
        try await beside.value
        #expect(try await committed.value.count == 1)
        #expect(try await store.head().count == 3)
    }

    @Test func `nobody waits longer than the limit, whenever he came, and it recovers by itself`()
        async throws
    {
        let holder = try StoreHolder(path)
        let store = store
        let waited = await withTaskGroup(of: Duration.self) { group in
            for number in 1...20 as ClosedRange<UInt64> {
                group.addTask {
                    let begun = ContinuousClock.now
                    do throws(StoreError) {
                        _ = try await store.commit([StoreFixture.decided(number)])
                        Issue.record("it was held")
                    } catch {
                        #expect(error.code == .unavailable)
                    }
                    return ContinuousClock.now - begun
                }
            }
            return await group.reduce(Duration.zero) { max($0, $1) }
        }
        #expect(waited < .seconds(15))
        holder.release()
        let again = try await store.commit((1...20).map { StoreFixture.decided($0) })
        #expect(again.count == 20)
        #expect(try await store.verified().isWhole)
    }
}
