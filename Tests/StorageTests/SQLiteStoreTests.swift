import Decisions
import Foundation
import Storage
@testable import StorageSQLite
import TestSupport
import Testing
import Values

struct SQLiteStoreTests {
    private let path: String
    private let secret = [UInt8](repeating: 2, count: 32)

    init() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "stepgate-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder + "/store.db"
    }

    @Test func `what was committed is there when it is opened again, with the first secret`()
        async throws
    {
        let store = try SQLiteStore(path, mode: .engine, secret: secret)
        _ = try await store.commit([StoreFixture.decided(1)])
        let head = try await store.head()
        await store.close()
        let again = try SQLiteStore(
            path,
            mode: .reader,
            secret: [UInt8](repeating: 9, count: 32)
        )
        #expect(try await again.head() == head)
        #expect(try await again.secret() == secret)
        await #expect(throws: StoreError.self) { try await again.commit([StoreFixture.decided(2)]) }
    }

    @Test func `the log of writes stays short, however little each commit says`() async throws {
        let store = try SQLiteStore(path, mode: .engine, secret: secret)
        var longest = 0
        for number in 1...6_000 as ClosedRange<UInt64> {
            _ = try await store.commit([StoreFixture.decided(number)])
            if number % 100 == 0 {
                let log = try FileManager.default.attributesOfItem(atPath: path + "-wal")
                longest = max(longest, log[.size] as? Int ?? 0)
            }
        }
        // It is begun anew once it was carried over, and that takes a moment.
        #expect(longest > 0 && longest < 3 * StorageSQLite.Limits.checkpointPages * 4_096)
        await store.close()
    }

    @Test(
        arguments: [
            (nil, 4_096), (64 << 30, 4_096), (256 << 20, 4_096), (64 << 20, 2_048), (8 << 20, 256),
            (0, 256), (-1, 256),
        ] as [(Int64?, Int)]
    )
    func `the log of writes is carried over earlier where the disk has little room`(
        free: Int64?,
        pages: Int
    ) { #expect(Checkpoints.pages(free: free) == pages) }

    @Test func `a second engine is refused with the process that has the store`() throws {
        let first = try SQLiteStore(path, mode: .engine, secret: secret)
        let error = #expect(throws: StoreError.self) {
            try SQLiteStore(path, mode: .engine, secret: secret)
        }
        #expect(error?.code == .locked)
        #expect(error?.message.contains("process \(getpid())") == true)
        withExtendedLifetime(first) {}
    }

    @Test func `an engine and acts beside it make one chain`() async throws {
        let engine = try SQLiteStore(path, mode: .engine, secret: secret)
        let beside = try SQLiteStore(path, mode: .oneShot, secret: secret)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...200 as ClosedRange<UInt64> {
                let store = number % 4 == 0 ? beside : engine
                group.addTask { _ = try await store.commit([StoreFixture.decided(number)]) }
            }
            try await group.waitForAll()
        }
        #expect(try await engine.head().count == 200)
        #expect(try await beside.verified().isWhole)
    }

    @Test func `a copy made in the middle of writing, as a crash leaves it, opens and verifies`()
        async throws
    {
        let store = try SQLiteStore(path, mode: .engine, secret: secret)
        _ = try await store.commit((1...50).map { StoreFixture.decided($0) })
        let copy = path + "-copy"
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
        }
        let wal = try Data(contentsOf: URL(filePath: copy + "-wal"))
        try wal.dropLast(37).write(to: URL(filePath: copy + "-wal"))
        let crashed = try SQLiteStore(copy, mode: .engine, secret: secret)
        #expect(try await crashed.verified().isWhole)
        _ = try await crashed.commit([StoreFixture.decided(99)])
        #expect(try await crashed.verified().isWhole)
    }

    @Test func `a file that is no store, or a later one, is refused in words`() async throws {
        try Data("not a database, but longer than a header of one is".utf8)
            .write(to: URL(filePath: path))
        let foreign = #expect(throws: StoreError.self) {
            try SQLiteStore(path, mode: .reader, secret: secret)
        }
        #expect(foreign?.code == .cannotOpen)
        try FileManager.default.removeItem(atPath: path)
        let store = try SQLiteStore(path, mode: .engine, secret: secret)
        await store.close()
        var bytes = try Data(contentsOf: URL(filePath: path))
        // The user version of the database header (SQLite file format, 1.3.14), big-endian.
        bytes[63] = 99
        try bytes.write(to: URL(filePath: path))
        let newer = #expect(throws: StoreError.self) {
            try SQLiteStore(path, mode: .reader, secret: secret)
        }
        #expect(newer?.code == .newerSchema)
    }

    @Test func `the store and its logs are their owner's alone`() async throws {
        let store = try SQLiteStore(path, mode: .engine, secret: secret)
        _ = try await store.commit([StoreFixture.decided(1)])
        for suffix in ["", "-wal", ".lock"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path + suffix)
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(suffix)")
        }
        await store.close()
    }

    @Test func `a folder that is not there is told with its path`() {
        let error = #expect(throws: StoreError.self) {
            try SQLiteStore("/nowhere/at/all.db", mode: .oneShot, secret: secret)
        }
        #expect(error?.message.contains("/nowhere/at/all.db") == true)
    }
}
