import Models
import Runs
import Storage
import Synchronization
import TestSupport
import Testing
import Values

@testable import Engine

/// Runs that are forgotten by themselves, in virtual time.
struct RunRetentionTests {
    /// A store whose forgetting is noted, and fails when told to.
    private final class NotedStore: WrappingStore {
        private struct State {
            var calls: [(at: Instant, forgotten: Int)] = []
            var fails = false
        }

        let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
        private let clock: VirtualTime
        private let state = Mutex(State())

        init(_ clock: VirtualTime) { self.clock = clock }

        var calls: [(at: Instant, forgotten: Int)] { state.withLock { $0.calls } }
        func fail(_ fails: Bool) { state.withLock { $0.fails = fails } }

        func forgetRuns(
            endedBefore: Instant,
            states: Set<RunState>,
            limit: Int
        ) async throws(StoreError) -> Int {
            if state.withLock({ $0.fails }) { throw StoreError(.unavailable, "the disk is full") }
            let forgotten = try await store.forgetRuns(
                endedBefore: endedBefore,
                states: states,
                limit: limit
            )
            state.withLock { $0.calls.append((clock.now, forgotten)) }
            return forgotten
        }
    }

    private final class Told: Sendable {
        private let state = Mutex<[RunRetention.Report]>([])
        var all: [RunRetention.Report] { state.withLock { $0 } }
        func note(_ report: RunRetention.Report) { state.withLock { $0.append(report) } }
    }

    private struct World: Sendable {
        let time: VirtualTime
        let store: NotedStore
        let told: Told
        let settings: Settings

        /// Adds a run that ends now; one of a tree where a parent is given.
        @discardableResult
        func end(_ number: UInt64, _ state: RunState, below parent: Run? = nil) async throws -> Run
        {
            let id = Identifier(at: time.now, random: (number, number))
            var run = Run(
                id: id,
                root: parent?.root ?? id,
                plan: Run.Plan(flow: "f", release: .zero),
                parent: parent.map {
                    Run.Parent(run: $0.id, step: 0, item: 0, generation: 1, depth: 1)
                },
                caller: "ann",
                startedAt: time.now,
                input: .inline(.null),
                state: state
            )
            run.updatedAt = time.now
            let change = Change(entries: [], runs: [RunWrite(run, after: nil)])
            _ = try await store.commit([change])
            return run
        }

        func left() async throws -> Int { try await store.runs(RunQuery(limit: 10_000)).count }
    }

    /// What is live, which may be another by the next look.
    private final class Settings: Sendable {
        private let state: Mutex<LoadedRelease>
        init(_ release: LoadedRelease) { state = Mutex(release) }
        var live: LoadedRelease { state.withLock { $0 } }
        func go(_ release: LoadedRelease) { state.withLock { $0 = release } }
    }

    private static func release(_ retention: String) throws -> LoadedRelease {
        try RunWorld.release([:], settings: "models: {}\nretention: \(retention)")
    }

    private func world(
        _ retention: String,
        _ work: @escaping @Sendable (World) async throws -> Void
    ) async throws {
        let first = try Self.release(retention)
        try await VirtualTime.run { time in
            let world = World(
                time: time,
                store: NotedStore(time),
                told: Told(),
                settings: Settings(first)
            )
            let keeper = RunRetention(
                store: world.store,
                clock: time,
                live: { world.settings.live },
                tell: { world.told.note($0) }
            )
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    await keeper.run()
                    return false
                }
                group.addTask {
                    try await work(world)
                    return true
                }
                for try await isOver in group where isOver { group.cancelAll() }
            }
        }
    }

    @Test func `each state goes at its own age, and a live tree never`() async throws {
        try await world("{runs: {completed: 2h, failed: 1h}}") { world in
            try await world.end(1, .completed)
            try await world.end(2, .failed)
            try await world.end(3, .cancelled)
            let root = try await world.end(4, .failed)
            try await world.end(5, .running, below: root)
            try await world.time.sleep(for: .seconds(3_590))
            #expect(try await world.left() == 5)
            try await world.time.sleep(for: .seconds(90))
            #expect(try await world.left() == 4)
            try await world.time.sleep(for: .seconds(3_600))
            #expect(try await world.left() == 3)
            try await world.time.sleep(for: .seconds(100_000))
            #expect(try await world.left() == 3)
            let counts = world.told.all.map { report -> String in
                guard case .forgot(let count, let state, _) = report else { return "\(report)" }
                return "\(count) \(state.rawValue)"
            }
            #expect(counts == ["1 failed", "1 completed"])
        }
    }

    @Test func `many go a few at a time with a pause between, and on at once`() async throws {
        try await world("{runs: {completed: 1h}}") { world in
            for number in 1...350 as ClosedRange<UInt64> { try await world.end(number, .completed) }
            try await world.time.sleep(for: .seconds(3_600 + 70))
            #expect(try await world.left() == 0)
            let calls = world.store.calls.filter { $0.forgotten > 0 }
            #expect(calls.map(\.forgotten) == [100, 100, 100, 50])
            for (first, second) in zip(calls, calls.dropFirst()) {
                #expect(second.at - first.at == Limits.forgettingPause)
            }
            #expect(world.told.all.count == 1)
        }
    }

    @Test func `what is live says how long, and without a word all is kept`() async throws {
        try await world("{}") { world in
            try await world.end(1, .completed)
            try await world.time.sleep(for: .seconds(86_400))
            #expect(try await world.left() == 1)
            #expect(world.store.calls.isEmpty)
            world.settings.go(try Self.release("{runs: {completed: 20h}}"))
            try await world.time.sleep(for: Limits.retentionPause + .seconds(1))
            #expect(try await world.left() == 0)
        }
    }

    @Test func `a store that refuses is told of, and asked again at the next look`() async throws {
        try await world("{runs: {failed: 1h}}") { world in
            try await world.end(1, .failed)
            world.store.fail(true)
            try await world.time.sleep(for: .seconds(3_700))
            #expect(try await world.left() == 1)
            let refused = StoreError(.unavailable, "the disk is full")
            #expect(world.told.all.last == .failed(refused, after: 0, .failed))
            world.store.fail(false)
            try await world.time.sleep(for: Limits.retentionPause + .seconds(1))
            #expect(try await world.left() == 0)
        }
    }
}
