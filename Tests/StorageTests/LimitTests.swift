import Decisions
import Foundation
import Storage
import StorageSQLite
import TestSupport
import Testing
import Values

/// Every limit of the embedded store, reached.
struct LimitTests {
    private let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "stepgate-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder + "/store.db"
    }

    private func store(waiting: Int = StorageSQLite.Limits.waitingChanges) throws -> SQLiteStore {
        try SQLiteStore(
            path,
            mode: .engine,
            secret: [UInt8](repeating: 2, count: 32),
            waiting: waiting
        )
    }

    private func changes(_ numbers: ClosedRange<UInt64>) -> [Change] {
        numbers.map { StoreFixture.decided($0) }
    }

    @Test func `more changes than may wait are refused, and those before them stand`() async throws
    {
        let store = try store(waiting: 3)
        _ = try await store.commit(changes(1...3))
        let error = await #expect(throws: StoreError.self) {
            try await store.commit(changes(4...7))
        }
        #expect(error?.code == .busy)
        #expect(
            error?.message
                == "4 changes at once are more than the 3 that may wait for the disk; commit fewer "
                + "together"
        )
        #expect(try await store.head().count == 3)
        // What was refused may come again when there is room.
        _ = try await store.commit(changes(4...6))
        #expect(try await store.head().count == 6)
        #expect(try await store.verified().isWhole)
    }

    @Test func `of many who commit at once each is committed whole or told it is busy`()
        async throws
    {
        let store = try store(waiting: 10)
        let committed = try await withThrowingTaskGroup(of: Int64.self) { group in
            for number in 1...200 as ClosedRange<UInt64> {
                group.addTask {
                    do throws(StoreError) {
                        return Int64(try await store.commit([StoreFixture.decided(number)]).count)
                    } catch {
                        #expect(error.code == .busy)
                        return 0
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(committed >= 10)
        #expect(try await store.head().count == committed)
        #expect(try await store.verified().isWhole)
    }

    @Test func `what is more than one transaction takes is committed in several`() async throws {
        let store = try store()
        let most = UInt64(StorageSQLite.Limits.changesPerTransaction)
        let half = most / 2 + 1
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in 0..<2 as Range<UInt64> {
                let numbers = part * half + 1...part * half + half
                group.addTask { _ = try await store.commit(changes(numbers)) }
            }
            try await group.waitForAll()
        }
        #expect(try await store.head().count == Int64(2 * half))
        #expect(try await store.verified().isWhole)
    }
}
