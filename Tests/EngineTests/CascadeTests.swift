import Autonomy
import Decisions
import Engine
import Models
import Storage
import Synchronization
import TestSupport
import Testing
import Values

/// Several models behind one policy: one after the other, or all at once.
struct CascadeTests {
    private static let cascade = World.policy
        .replacing("use: fast", with: "use: [fast, strong]")
        .replacing("{threshold: 0.8}", with: "{threshold: 0.8, stages: {fast: 0.95}}")
        .replacing("audit: {rate: 10%, rules: 10%}", with: "")
    private static let agreement = World.policy
        .replacing("use: fast", with: "use: [a, b, c]")
        .replacing("from: probability", with: "from: agreement")
        .replacing("{threshold: 0.8}", with: "{threshold: 0.6}")
        .replacing("audit: {rate: 10%, rules: 10%}", with: "")

    /// Replies by the model that is asked; nothing listens where there is none.
    private func world(
        _ policy: String,
        _ replies: [String: (String, Double)],
        models: [String],
        price: Double = 0
    ) throws -> World {
        try World(policy: policy, models: models, price: price) {
            call async throws(TransportError) in
            let body = try? JSON.read(call.body)
            guard let reply = replies[body?["model"]?.string ?? ""] else {
                throw TransportError(.connect, "nothing listens")
            }
            return FakeTransport.decision(reply.0, reply.1)
        }
    }

    private func decide(_ world: World) async throws -> DecisionView? {
        let engine = try await world.engine()
        let begun = try await engine.begin(
            [World.step(1, ["message": "hello", "amount": 40])],
            under: "refund"
        )
        guard case .asking(let asking)? = begun.first else { return nil }
        guard case .settled(let view) = try await engine.ask(asking) else { return nil }
        return view
    }

    private func facts(_ world: World, _ record: DecisionRecord) async throws -> JSON {
        let stored = try #require(try await world.store.decision(record.id))
        let entry = try #require(try await world.store.entries(of: stored).last)
        return try JSON.read(entry.bytes)["facts"] ?? .null
    }

    @Test func `a first model that is sure enough is the only one asked`() async throws {
        let world = try world(
            Self.cascade,
            ["fast": ("refund", 0.96), "strong": ("reject", 0.99)],
            models: ["fast", "strong"]
        )
        let view = try #require(try await decide(world))
        #expect(view.output == ["action": "refund"])
        #expect(view.record.threshold == 0.95)
        #expect(try await facts(world, view.record)["calls"]?.array?.count == 1)
    }

    @Test func `a first model below its own threshold leaves it to the next`() async throws {
        let world = try world(
            Self.cascade,
            ["fast": ("refund", 0.94), "strong": ("reject", 0.81)],
            models: ["fast", "strong"],
            price: 1_000
        )
        let view = try #require(try await decide(world))
        #expect(view.record.route == .model)
        #expect(view.output == ["action": "reject"])
        #expect(view.record.threshold == 0.8)
        let facts = try await facts(world, view.record)
        #expect(facts["calls"]?.array?.compactMap { $0["endpoint"]?.string } == ["fast", "strong"])
        // Ten tokens each at a thousand dollars a million.
        #expect(view.record.cost == 2 * 10 * 1_000_000_000)
        let tallies = try await world.store.tallies(since: Instant(microseconds: 0))
        #expect(tallies.map(\.key.model).sorted() == ["fast", "strong"])
        #expect(tallies.reduce(0) { $0 + $1.cost } == view.record.cost)
    }

    @Test func `a last model that gives nothing usable leaves the draft of the one before`()
        async throws
    {
        let world = try world(
            Self.cascade,
            ["fast": ("refund", 0.7), "strong": ("stranger", 0.9)],
            models: ["fast", "strong"]
        )
        let view = try #require(try await decide(world))
        #expect(view.record.state == .review)
        #expect(view.record.reason == "not-confident")
        #expect(view.output == ["action": "refund"])
    }

    @Test func `a draft of an earlier stage does not undo what the policy says of a failure`()
        async throws
    {
        let world = try world(
            Self.cascade.replacing(
                "on_failure: {wait: 15m, then: review}",
                with: "on_failure: fail"
            ),
            ["fast": ("refund", 0.7), "strong": ("stranger", 0.9)],
            models: ["fast", "strong"]
        )
        let view = try #require(try await decide(world))
        #expect(view.record.state == .failed)
        #expect(view.record.reason == "model-failed")
    }

    @Test func `a last model that cannot be reached is waited for`() async throws {
        let world = try world(
            Self.cascade,
            ["fast": ("refund", 0.7)],
            models: ["fast", "strong"]
        )
        #expect(try await decide(world) == nil)
        let asking = try await world.store.asking(after: nil, limit: 10)
        #expect(asking.map(\.reason) == ["model-unavailable"])
    }

    @Test func `the share of models that agree is the confidence`() async throws {
        let world = try world(
            Self.agreement,
            ["a": ("refund", 0.5), "b": ("reject", 0.9), "c": ("refund", 0.4)],
            models: ["a", "b", "c"]
        )
        let view = try #require(try await decide(world))
        #expect(view.record.route == .model)
        #expect(view.output == ["action": "refund"])
        #expect(view.record.confidence == 2.0 / 3)
        #expect(try await facts(world, view.record)["calls"]?.array?.count == 3)
    }

    @Test func `a model that fails agrees with nobody`() async throws {
        let world = try world(
            Self.agreement,
            ["a": ("refund", 0.5), "c": ("refund", 0.4)],
            models: ["a", "b", "c"]
        )
        let view = try #require(try await decide(world))
        #expect(view.record.confidence == 2.0 / 3)
        let alone = try self.world(
            Self.agreement,
            ["a": ("refund", 0.5)],
            models: ["a", "b", "c"]
        )
        let unsure = try #require(try await decide(alone))
        #expect(unsure.record.state == .review)
        #expect(unsure.record.confidence == 1.0 / 3)
    }
}
