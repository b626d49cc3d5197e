import Autonomy
import Decisions
import Engine
import Models
import Storage
import TestSupport
import Testing
import Values

/// A policy's budget, while the engine runs and when it starts again.
struct LedgerTests {
    private func world(
        _ time: VirtualTime,
        usd: Double,
        onExceeded: String,
        store: MemoryStore
    ) throws -> World {
        let policy =
            World.policy.replacing("audit: {rate: 10%, rules: 10%}", with: "")
            + "\nbudget: {usd: \(usd), per: day, zone: UTC, on_exceeded: \(onExceeded)}\n"
        // Ten tokens a call at a hundred dollars a million: a tenth of a cent each.
        return try World(policy: policy, price: 100, store: store, clock: time) {
            _ async throws(TransportError) in
            do {
                try await time.sleep(for: .milliseconds(20))
            } catch {
                throw TransportError(.cancelled, "the caller gave up")
            }
            return FakeTransport.decision("refund", 0.95)
        }
    }

    private func run(_ world: World, lines: Int) async throws {
        var job = Job(
            engine: try await world.engine(),
            policy: "refund",
            concurrency: 8,
            clock: world.clock,
            source: Lines(lines) { ["message": .string("m \($0)"), "amount": 40] },
            observer: Told()
        )
        try await job.run()
    }

    private func store() -> MemoryStore { MemoryStore(secret: [UInt8](repeating: 3, count: 32)) }

    private func spent(_ store: MemoryStore) async throws -> Double {
        let tallies = try await store.tallies(since: Instant(microseconds: 0))
        return Double(tallies.reduce(0) { $0 + $1.cost }) / 1e12
    }

    @Test func `calls are made while the most they can cost has room, and no more`() async throws {
        try await VirtualTime.run { time in
            let store = store()
            let world = try world(time, usd: 0.1, onExceeded: "review", store: store)
            try await run(world, lines: 200)
            let records = try await store.decisions(DecisionQuery(limit: 1_000))
            #expect(records.count == 200)
            let over = records.filter { $0.reason == "over-budget" }
            #expect(over.allSatisfy { $0.state == .review })
            #expect(records.count { $0.route == .model } + over.count == 200)
            #expect(!over.isEmpty)
            #expect(try await spent(store) <= 0.1)
            // A call can cost thirty times what it does, so the last of the room stays unused.
            #expect(try await spent(store) > 0.06)
        }
    }

    @Test func `a step may wait for the next day`() async throws {
        try await VirtualTime.run { time in
            let store = store()
            let world = try world(time, usd: 0.1, onExceeded: "wait", store: store)
            let began = time.now
            try await run(world, lines: 200)
            let records = try await store.decisions(DecisionQuery(limit: 1_000))
            #expect(records.allSatisfy { $0.route == .model })
            #expect(time.now - began > .seconds(86_400))
            #expect(try await spent(store) > 0.15)
            // Each step that waited says so once in the log, and not each time it looked.
            #expect(try await store.head().count <= 200 * 3)
        }
    }

    @Test func `an engine that starts again knows what was spent`() async throws {
        try await VirtualTime.run { time in
            let store = store()
            try await run(
                try world(time, usd: 0.1, onExceeded: "review", store: store),
                lines: 200
            )
            let before = try await spent(store)
            let again = try world(time, usd: 0.1, onExceeded: "review", store: store)
            try await run(again, lines: 300)
            #expect(try await spent(store) - before < 0.01)
        }
    }
}
