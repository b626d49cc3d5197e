import Runs
import Storage
import Synchronization
import TestSupport
import Testing
import Values

@testable import Engine

/// Much at once costs what it does one after the other.
struct RunSideBySideTests {
    /// Counts changes that came too late, and values that were read.
    private final class Counting: WrappingStore {
        struct Counts {
            var stale = 0
            var resources = 0
        }

        let store: MemoryStore
        private let state = Mutex(Counts())
        var counts: Counts { state.withLock { $0 } }

        init() { store = MemoryStore(secret: [UInt8](repeating: 3, count: 32)) }

        func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
            // Others come between, as they do where a commit takes its time.
            for _ in 0..<5 { await Task.yield() }
            let results = try await store.commit(changes)
            state.withLock { $0.stale += results.filter { $0 == .stale }.count }
            return results
        }

        func resource(_ digest: Digest) async throws(StoreError) -> [UInt8]? {
            state.withLock { $0.resources += 1 }
            return try await store.resource(digest)
        }
    }

    @Test func `who claims beside others takes other steps, and waits for none of them`()
        async throws
    {
        let flow = "flow: one\nsteps: [{id: a, work: {kind: k}}]"
        let store = Counting()
        try await RunWorld.run(["one": flow], store: store) { world in
            for _ in 0..<60 { _ = try await world.start("one") }
            let desk = world.desk
            let claimed = try await withThrowingTaskGroup(of: [WorkItem].self) { group in
                for worker in 0..<12 {
                    group.addTask {
                        try await desk.claimWork(
                            kinds: ["k"],
                            by: "w\(worker)",
                            limit: 5,
                            lease: nil
                        )
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(claimed.map(\.count) == Array(repeating: 5, count: 12))
            #expect(Set(claimed.flatMap { $0 }.map(\.run)).count == 60)
            #expect(world.desk.keeper.claims.count == 0)
            #expect(store.counts.stale == 0)
        }
    }

    @Test(arguments: [("n", 0...20), ("n + string(size(input.words))", 150...400)])
    func `an item reads the list it came from only where it asks for it`(
        text: String,
        reads: ClosedRange<Int>
    ) async throws {
        let flow = """
            flow: all
            input: {words(array): string}
            steps:
              - {each: {in: input.words, as: n, do: [{id: one, set: {word: "${{ \(text) }}"}}]}}
            """
        let store = Counting()
        try await RunWorld.run(["all": flow], store: store) { world in
            // Too long for a row.
            let words = (0..<150).map { JSON.string("a word that is long enough to count: \($0)") }
            let id = try await world.start("all", ["words": .array(words)])
            #expect(try await world.run(id).state == .completed)
            #expect(reads.contains(store.counts.resources), "\(store.counts.resources)")
        }
    }
}
