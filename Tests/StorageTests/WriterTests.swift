import Decisions
import Dispatch
import Foundation
import Storage
@testable import StorageSQLite
import Synchronization
import TestSupport
import Testing

/// Who commits on whose thread.
struct WriterTests {
    /// One thread for all its tasks, as a server has for all its connections.
    private final class OneThread: TaskExecutor {
        private let queue = DispatchQueue(label: "one")

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            queue.async { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
    }

    private final class Count: Sendable {
        private let value = Atomic<UInt64>(0)

        var now: UInt64 { value.load(ordering: .relaxed) }

        func reach(_ number: UInt64) { value.store(number, ordering: .relaxed) }
    }

    private let path: String

    init() throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("stepgate-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        path = directory.appendingPathComponent("store.db").path
    }

    @Test(.timeLimit(.minutes(1)))
    func `who commits by itself lets those be seen who come on the same thread`() async throws {
        let secret = [UInt8](repeating: 2, count: 32)
        let store = try SQLiteStore(path, mode: .engine, secret: secret)
        let thread = OneThread()
        let done = Count()
        let others = (1...8).map { _ in
            Task(executorPreference: thread) {
                // All begin once the first has been alone for long.
                while done.now < 40 { await Task.yield() }
                return done.now
            }
        }
        let first = Task(executorPreference: thread) {
            for number in 1...400 as ClosedRange<UInt64> {
                _ = try await store.commit([StoreFixture.decided(number)])
                done.reach(number)
            }
        }
        for other in others { #expect(await other.value < 40 + 2 * 16) }
        try await first.value
        #expect(try await store.head().count == 400)
        await store.close()
    }
}
