import Foundation
import Storage
@testable import StorageSQLite
import Synchronization
import TestSupport
import Testing

/// How the log of writes is carried over into the database, and what when the disk loses some.
@Suite struct CheckpointTests {
    private let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("stepgate-\(UUID())")
    private var path: String { directory.appendingPathComponent("store.db").path }

    init() throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private func connection() throws -> SQLiteConnection {
        let made = try SQLiteConnection(path, readOnly: false)
        for setting in ["journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 0"] {
            _ = try made.rows("PRAGMA \(setting)")
        }
        return made
    }

    private static func fill(_ connection: SQLiteConnection, _ rows: Range<Int>) throws {
        try connection.run("CREATE TABLE IF NOT EXISTS kept (number INTEGER, body BLOB)")
        try connection.run("BEGIN")
        for row in rows {
            let body = SQLiteValue.blob([UInt8](repeating: UInt8(row & 0xFF), count: 4_000))
            try connection.run("INSERT INTO kept VALUES (?, ?)", [.integer(Int64(row)), body])
        }
        try connection.run("COMMIT")
    }

    private func logBytes() throws -> Int {
        let log = try FileManager.default.attributesOfItem(atPath: path + "-wal")
        return log[.size] as? Int ?? 0
    }

    @Test func `the writer is left little of what was written meanwhile, and begins anew`()
        async throws
    {
        let writing = Confined("writing", try connection())
        let passes = Mutex(0)
        let checkpoints = Checkpoints(
            Confined("checkpointing", try connection()),
            path: path,
            sync: { connection in
                // While the disk is busy others go on writing, a few times.
                let isFirst = passes.withLock { passes in
                    passes += 1
                    return passes <= 2
                }
                if isFirst { try Self.fill(connection, 0..<400) }
                try connection.syncDatabase()
            }
        )
        try await writing.run { connection in
            Result { try Self.fill(connection, 0..<(2 * Limits.checkpointPages)) }
        }.get()
        checkpoints.written(2 * Limits.checkpointPages + 400, isRefused: false)
        await checkpoints.settle()
        #expect(checkpoints.failure == nil)
        #expect(passes.withLock { $0 } >= 1)
        let before = try logBytes()
        let rows = try await writing.run { connection in
            checkpoints.shorten(connection)
            return Result {
                try Self.fill(connection, 0..<1)
                return try connection.row("SELECT count(*) FROM kept")?[0].integer ?? 0
            }
        }.get()
        // Begun anew, the log takes the next page at its beginning.
        #expect(try logBytes() == before)
        #expect(rows > 2 * Int64(Limits.checkpointPages))
    }

    @Test func `what the disk may have lost stays in the log for the next process`() async throws {
        do {
            let writing = Confined("writing", try connection())
            let checkpoints = Checkpoints(
                Confined("checkpointing", try connection()),
                path: path,
                sync: { _ in throw SQLiteFailure(code: 1_034, message: "disk I/O error") }
            )
            let writer = Writer(writing, checkpoints: checkpoints, waiting: 100, runChanges: 100)
            try await writing.run { connection in
                Result { try Self.fill(connection, 0..<(2 * Limits.checkpointPages)) }
            }.get()
            checkpoints.written(2 * Limits.checkpointPages, isRefused: false)
            await checkpoints.settle()
            let failure = try #require(checkpoints.failure)
            #expect(failure.code == .unavailable)
            #expect(failure.message.contains("disk I/O error"))
            #expect(failure.message.contains("start this again"))
            let refused = await #expect(throws: StoreError.self) {
                try await writer.commit([StoreFixture.decided(1)])
            }
            #expect(refused == failure)
            await #expect(throws: StoreError.self) { try await writer.run { _ in } }
            await writer.close()
            await checkpoints.finish()
        }
        // Both connections are closed, and the log is as long as it was.
        #expect(try logBytes() > 2 * Limits.checkpointPages * 4_000)
        let again = try connection()
        let count = try again.row("SELECT count(*) FROM kept")?[0].integer
        #expect(count == 2 * Int64(Limits.checkpointPages))
    }
}
