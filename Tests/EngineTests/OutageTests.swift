import Autonomy
import Decisions
import Engine
import Models
import Reviews
import Storage
import Synchronization
import TestSupport
import Testing
import Values

/// A model that answers nothing for twenty minutes, and five thousand steps that want it.
struct OutageTests {
    private static let steps = 5_000
    private static let length = Duration.seconds(1_200)

    private func world(
        _ clock: VirtualTime,
        wait: String,
        calls: CallCount,
        limits: ModelLimits = ModelLimits(concurrency: 64)
    ) throws -> World {
        let ends = clock.now + Self.length
        return try World(
            policy: World.policy.replacing("wait: 15m", with: "wait: \(wait)"),
            limits: limits,
            clock: clock
        ) { [clock] _ async throws(TransportError) in
            do {
                try await clock.sleep(for: .milliseconds(20))
            } catch {
                throw TransportError(.cancelled, "the caller gave up")
            }
            calls.count(failed: clock.now < ends)
            if clock.now < ends { throw TransportError(.connect, "nothing listens at x") }
            return FakeTransport.decision("refund", 0.95)
        }
    }

    private func run(_ world: World, lines: Int = Self.steps) async throws -> Told {
        var job = Job(
            engine: try await world.engine(),
            policy: "refund",
            concurrency: 64,
            clock: world.clock,
            source: Lines(lines) { ["message": .string("m \($0)"), "amount": 40] },
            observer: Told()
        )
        try await job.run()
        return job.observer
    }

    private func records(_ world: World) async throws -> [DecisionRecord] {
        try await world.store.decisions(DecisionQuery(limit: 100_000))
    }

    @Test(.timeLimit(.minutes(10)))
    func `twenty minutes are waited out: nobody is flooded, nothing is hammered, nothing lost`()
        async throws
    {
        try await VirtualTime.run { time in
            let calls = CallCount()
            let world = try world(time, wait: "30m", calls: calls)
            let told = try await run(world)
            let records = try await records(world)
            #expect(records.count == Self.steps)
            #expect(records.allSatisfy { $0.state == .decided && $0.route == .model })
            #expect(told.results.count == Self.steps)
            #expect(told.waits > 0)
            // What was tried in twenty minutes: the calls in flight when it began, then probes.
            #expect(calls.failed < 100, "\(calls.failed) calls failed")
            #expect(calls.answered == Self.steps)
            // The log holds the calls that were made, and not each wait.
            let entries = try await world.store.head().count
            let audits = try await world.store.reviews(ReviewQuery(limit: 10_000)).count
            #expect(entries <= Int64(Self.steps * 2 + audits + calls.failed), "\(entries) entries")
            #expect(try await world.store.verified().isWhole)
            let tallies = try await world.store.tallies(since: Instant(microseconds: 0))
            #expect(tallies.reduce(0) { $0 + $1.attempts } == Int64(calls.failed + calls.answered))
            #expect(try await world.store.models().map(\.breaker) == [.closed])
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `what went to people meanwhile is recalled, but for what somebody claimed`() async throws {
        try await VirtualTime.run { time in
            let calls = CallCount()
            let world = try world(time, wait: "15m", calls: calls)
            _ = try await run(world)
            let waiting = try await records(world).filter { $0.state == .review }
            #expect(waiting.count == Self.steps)
            #expect(waiting.allSatisfy { $0.reason == "model-unavailable" })
            try await time.sleep(for: Self.length)
            let claimed = try #require(waiting.first?.review)
            _ = try await world.desk.act(.claim, on: claimed, by: "bob")

            let counts = try await world.desk.recall(
                because: "model-unavailable",
                queue: nil,
                by: "ann"
            )
            #expect(counts.recalled == Self.steps - 1)
            #expect(counts.kept == 1)
            #expect(try await world.store.asking(after: nil, limit: 10).count == 10)
            _ = try await run(world, lines: 0)
            let after = try await records(world)
            #expect(after.count { $0.state == .decided && $0.route == .model } == Self.steps - 1)
            #expect(after.filter { $0.state == .review }.map(\.review) == [claimed])
            let open = try await world.store.reviews(ReviewQuery(limit: 10_000))
            #expect(open.filter { $0.kind == .decision }.map(\.id) == [claimed])
            #expect(try await world.store.verified().isWhole)
        }
    }

    @Test func `a recalled step is taken on by the engine that runs`() async throws {
        try await VirtualTime.run { time in
            let calls = CallCount()
            let world = try world(time, wait: "1m", calls: calls)
            // One step is left to people, and recalled when the model is back.
            _ = try await run(world, lines: 1)
            try await time.sleep(for: Self.length)
            _ = try await world.desk.recall(because: "model-unavailable", queue: nil, by: "ann")
            let engine = try await world.engine()
            let taken = try await engine.reap(holding: [])
            #expect(taken.count == 1)
            #expect(try await engine.reap(holding: []).isEmpty)
            guard case .settled(let view) = try await engine.ask(try #require(taken.first)) else {
                Issue.record("it still waits")
                return
            }
            #expect(view.record.state == .decided)
        }
    }
}

/// How many calls there were.
final class CallCount: Sendable {
    private let counts = Mutex((failed: 0, answered: 0))

    var failed: Int { counts.withLock { $0.failed } }
    var answered: Int { counts.withLock { $0.answered } }

    func count(failed: Bool) {
        counts.withLock { counts in
            if failed { counts.failed += 1 } else { counts.answered += 1 }
        }
    }
}
