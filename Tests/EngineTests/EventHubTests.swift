import Decisions
import Engine
import Storage
import Synchronization
import TestSupport
import Testing
import Values

/// Followers on the threads there are, while the log grows from several sides.
struct EventHubTests {
    /// Fails to be read every third time.
    private final class FlakyStore: WrappingStore {
        let store = MemoryStore(secret: [UInt8](repeating: 1, count: 32))
        private let reads = Mutex(0)

        func bareEntries(from sequence: Int64, limit: Int) async throws(StoreError) -> [BareEntry] {
            let count = reads.withLock { reads in
                reads += 1
                return reads
            }
            if count % 3 == 0 { throw StoreError(.unavailable, "not now") }
            return try await store.bareEntries(from: sequence, limit: limit)
        }
    }

    /// What one follower hears until that entry.
    private static func hears(
        _ follower: EventFollower,
        from start: Int64,
        until last: Int64,
        _ clock: VirtualTime
    ) async -> [Int64] {
        var heard: [Int64] = []
        while heard.last ?? start < last {
            switch await follower.next(until: clock.now + .seconds(15)) {
            case .events(let events): heard += events.map(\.sequence)
            case .quiet: continue
            case .stopped: return heard
            }
        }
        return heard
    }

    @Test func `each hears every entry once, though the store fails now and then`() async throws {
        let store = FlakyStore()
        let clock = VirtualTime()
        defer { clock.stop() }
        let hub = EventHub(store: store, clock: clock)
        let (writers, rounds, batch) = (4, 30, UInt64(10))
        let last = Int64(writers * rounds) * Int64(batch)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await hub.run() }
            try await withThrowingTaskGroup(of: Void.self) { work in
                for writer in 0..<writers {
                    work.addTask {
                        for round in 0..<rounds {
                            let first = UInt64(writer * rounds + round) * batch
                            _ = try await store.commit(
                                (first..<first + batch).map { StoreFixture.decided($0) }
                            )
                            // Some as this process does, some as another would.
                            if round % 2 == 0 { hub.wake() }
                        }
                    }
                }
                for number in 0..<8 {
                    work.addTask {
                        let start = number % 2 == 0 ? Int64(0) : try await store.head().count
                        let follower = try await hub.follow(after: start)
                        let heard = await Self.hears(follower, from: start, until: last, clock)
                        #expect(heard == (start < last ? Array(start + 1...last) : []))
                    }
                }
                try await work.waitForAll()
            }
            hub.stop()
            try await group.waitForAll()
        }
        #expect(hub.listeners == 0)
    }
}
