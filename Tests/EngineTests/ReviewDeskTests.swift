import Decisions
import Engine
import Models
import Reviews
import Storage
import TestSupport
import Testing
import Values

struct ReviewDeskTests {
    private let world: World
    private let sure: Double

    init() throws {
        sure = 0.5
        world = try World { _ async throws(TransportError) in
            FakeTransport.decision("refund", 0.5)
        }
    }

    /// A review of the model's draft `refund`.
    private func opened(_ world: World, amount: Int64 = 40) async throws -> Review {
        let engine = try await world.engine()
        let begun = try await engine.begin(
            [World.step(1, ["message": "hello", "amount": .int(amount)])],
            under: "refund"
        )
        if case .asking(let asking)? = begun.first { _ = try await engine.ask(asking) }
        return try #require(try await world.store.reviews(ReviewQuery()).first)
    }

    private func outcome(_ record: DecisionRecord) async throws -> JSON? {
        let last = try await world.store.entries(of: record).last
        return try JSON.read(try #require(last).bytes)["facts"]?["outcome"]
    }

    @Test func `an approved draft is the answer, and was right`() async throws {
        let review = try await opened(world)
        let result = try await world.desk.act(.approve, on: review.id, by: "bob")
        #expect(result.effect == .settled)
        #expect(result.record.state == .decided)
        #expect(result.record.route == .review)
        let output = try await world.store.payload("/output", of: result.record.links.output)
        #expect(output == ["action": "refund"])
        let outcome = try await outcome(result.record)
        #expect(outcome?["right"] == true)
        #expect(outcome?["anchored"] == true)
        #expect(outcome?["blind"] == false)
    }

    @Test func `an edited draft is the answer, and the first was wrong`() async throws {
        let review = try await opened(world)
        let result = try await world.desk.act(
            .edit(["action": "reject"]),
            on: review.id,
            by: "bob"
        )
        let output = try await world.store.payload("/output", of: result.record.links.output)
        #expect(output == ["action": "reject"])
        #expect(try await outcome(result.record)?["right"] == false)
    }

    @Test func `a rejected step is rejected with its reason`() async throws {
        let review = try await opened(world)
        let result = try await world.desk.act(
            .reject(reason: "fraud"),
            on: review.id,
            by: "bob"
        )
        #expect(result.record.state == .rejected)
        let kept = try await world.store.payload("/reason", of: result.record.links.last)
        #expect(kept == "fraud")
        #expect(try await outcome(result.record)?["right"] == nil)
    }

    @Test func `whoever asked may not review it, and is told why`() async throws {
        let review = try await opened(world)
        let error = await #expect(throws: EngineError.self) {
            try await world.desk.act(.approve, on: review.id, by: "ann")
        }
        #expect(error?.message.contains("four eyes") == true)
    }

    @Test func `an output off the schema is refused with its pointer`() async throws {
        let review = try await opened(world)
        let error = await #expect(throws: EngineError.self) {
            try await world.desk.act(.edit(["action": "refnd"]), on: review.id, by: "bob")
        }
        #expect(error?.message.contains("/action") == true)
        #expect(error?.message.contains("did you mean 'refund'?") == true)
    }

    @Test func `a verdict that comes too late is refused and what was written is kept`()
        async throws
    {
        let review = try await opened(world)
        _ = try await world.desk.act(.approve, on: review.id, by: "bob")
        await #expect(throws: EngineError.self) {
            try await world.desk.act(.edit(["action": "reject"]), on: review.id, by: "eve")
        }
        let record = try #require(try await world.store.decision(review.decision))
        let kept = try await world.store.payload("/kept", of: record.links.last)
        #expect(kept == ["action": "reject"])
        #expect(record.state == .decided)
        let output = try await world.store.payload("/output", of: record.links.output)
        #expect(output == ["action": "refund"])
    }

    @Test func `two who act at once settle it once`() async throws {
        let review = try await opened(world)
        let results = await withTaskGroup(of: Bool.self) { group in
            for person in ["bob", "eve", "joe", "kim"] {
                group.addTask {
                    do {
                        _ = try await world.desk.act(.approve, on: review.id, by: person)
                        return true
                    } catch {
                        return false
                    }
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(results == 1)
        #expect(try await world.store.verified().isWhole)
    }

    @Test func `an audit is blind, and its answer changes nothing but what is known`() async throws
    {
        let world = try World(
            policy: World.policy.replacing("rules: 10%", with: "rules: 100%")
        ) { _ async throws(TransportError) in FakeTransport.decision("refund", 0.9) }
        let review = try await opened(world, amount: 5)
        #expect(review.kind == .audit)
        #expect(review.candidate == nil)
        for act in [ReviewAct.approve, .reject(reason: "x"), .edit(["action": "reject"])] {
            await #expect(throws: EngineError.self) {
                try await world.desk.act(act, on: review.id, by: "bob")
            }
        }
        let result = try await world.desk.act(
            .decide(["action": "reject"]),
            on: review.id,
            by: "bob"
        )
        #expect(result.review.state == .settled)
        #expect(result.record.state == .decided)
        #expect(result.record.route == .rules)
        let output = try await world.store.payload("/output", of: result.record.links.output)
        #expect(output == ["action": "refund"])
        let last = try #require(try await world.store.entries(of: result.record).last)
        let outcome = try JSON.read(last.bytes)["facts"]?["outcome"]
        #expect(outcome?["blind"] == true)
        #expect(outcome?["right"] == false)
    }
}

extension String {
    func replacing(_ text: String, with other: String) -> String {
        guard let range = firstRange(of: text) else { return self }
        return String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
    }
}
