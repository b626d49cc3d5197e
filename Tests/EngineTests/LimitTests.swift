import Decisions
import Engine
import Models
import Reviews
import Storage
import Synchronization
import TestSupport
import Testing
import Values

/// Every limit of the engine's own work that tells something when it is reached.
struct LimitTests {
    @Test func `an act that others keep forestalling is given up with a reason`() async throws {
        let store = ContestedStore()
        let world = try World(store: store) { _ async throws(TransportError) in
            FakeTransport.decision("refund", 0.5)
        }
        _ = try await world.engine().begin(
            [World.step(1, ["message": "odd", "amount": 40])],
            under: "refund"
        )
        let review = try #require(try await store.reviews(ReviewQuery()).first)
        store.lose(Limits.staleAttempts)
        let error = await #expect(throws: EngineError.self) {
            try await world.desk.act(.claim, on: review.id, by: "bob")
        }
        #expect(error?.code == .store)
        #expect(error?.message == "others keep changing review \(review.id); try again")
        store.lose(Limits.staleAttempts - 1)
        let result = try await world.desk.act(.claim, on: review.id, by: "bob")
        #expect(result.review.id == review.id)
    }
}
