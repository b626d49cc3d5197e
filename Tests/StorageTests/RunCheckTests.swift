import Foundation
import Runs
import Storage
import TestSupport
import Testing
import Values

@testable import StorageSQLite

/// What a store finds when rows were changed by other hands.
@Suite struct RunCheckTests {
    private typealias F = RunFixture

    @Test(arguments: [
        ("UPDATE steps SET woken=1-woken", "passed over"),
        ("UPDATE steps SET held=1", "not held as its run"),
        ("UPDATE runs SET live=0", "says of itself"),
        ("DELETE FROM runs", "ended or is gone"),
        ("UPDATE stage_counts SET count=count+3", "are counted"),
        ("INSERT INTO signals VALUES (x'00', 9, 1, x'00')", "not there"),
    ])
    func `rows that say different things are found, mended, and then say the same`(
        _ damage: String,
        _ fault: String
    ) async throws {
        let path = try RunStores().path
        let store = try SQLiteStore(path, mode: .engine, secret: [UInt8](repeating: 1, count: 32))
        _ = try await store.insert(F.run(1), F.step(0), F.step(1, .waiting(.event("e"))))
        _ = try await store.insert(F.run(2), F.step(0))
        #expect(try await store.checkRuns(mending: false) == [])
        let connection = try SQLiteConnection(path, readOnly: false)
        try connection.execute(damage)
        let found = try await store.checkRuns(mending: false)
        #expect(found.contains { $0.fault.contains(fault) }, "\(found)")
        #expect(found.allSatisfy { $0.mended == nil })
        let mended = try await store.checkRuns(mending: true)
        #expect(mended.allSatisfy { $0.mended != nil })
        #expect(try await store.checkRuns(mending: false) == [])
        await store.close()
    }
}
