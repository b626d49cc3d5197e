import Autonomy
import Decisions
import Runs
import Storage
import TestSupport
import Testing
import Values

@testable import Engine

/// Releases that nothing needs any more, removed by the desk, and what is left of what they decided.
struct ReleaseRemovalTests {
    private let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
    private let clock = ManualClock()

    private var surroundings: Surroundings {
        Surroundings(clock: clock, chance: SeededChance(seed: 1))
    }

    private var desk: ReleaseDesk {
        ReleaseDesk(
            store: store,
            releases: StoredReleases(store: store),
            surroundings: surroundings
        )
    }

    private func kept(_ bound: Int) async throws -> Digest {
        let policy = """
            policy: refund
            autonomy: manual
            input: {amount: number}
            output: {action(enum): [refund, reject]}
            rules: [{id: small, when: input.amount <= \(bound), decide: {action: refund}}]
            review: {queue: refunds}
            """
        let release = try StoredReleases.workspace([
            "stepgate.yaml": Array("models: {}".utf8), "Policies/refund.yaml": Array(policy.utf8),
        ]).release
        clock.advance(by: .seconds(1))
        return try await desk.keep(release, text: nil, by: "ada").release
    }

    private func engine(on release: Digest) async throws -> DecisionEngine {
        let releases = StoredReleases(store: store)
        return try await DecisionEngine(
            live: try await releases.release(release),
            promotion: try await desk.live(),
            store: store,
            releases: releases,
            surroundings: surroundings
        )
    }

    private func step(_ amount: Int64) -> IncomingStep {
        IncomingStep(
            policy: "refund",
            input: ["amount": .int(amount)],
            key: nil,
            source: "test",
            caller: "ada"
        )
    }

    private func refusal(_ release: Digest) async throws -> String {
        do {
            _ = try await desk.remove(release, by: "bob")
            return ""
        } catch {
            #expect(error.code == .refused)
            return error.message
        }
    }

    @Test func `a removal is an entry, and a rollback passes over what is gone`() async throws {
        let releases = [try await kept(10), try await kept(20), try await kept(30)]
        for release in releases { _ = try await desk.promote(release, by: "ada") }
        #expect(try await refusal(releases[2]).contains("It is live; promote another"))
        #expect(try await refusal(releases[1]).contains("The next rollback returns to it"))
        let removal = try await desk.remove(releases[0], by: "bob")
        #expect(removal.person == "bob")
        let last = try #require(try await store.wholeLog().last)
        let facts = try JSON.read(last.bytes)["facts"]
        #expect(facts?["act"] == "release_removed")
        #expect(facts?["release"]?.string == releases[0].hex)
        #expect(facts?["person"] == "bob")
        #expect(try await store.verified().isWhole)
        await #expect(throws: EngineError.self) { try await desk.find(releases[0].hex) }
        #expect(try await desk.rollback(by: "bob").release == releases[1])
        let none = await #expect(throws: EngineError.self) { try await desk.rollback(by: "bob") }
        #expect(none?.code == .refused)
        let again = await #expect(throws: EngineError.self) {
            try await desk.remove(releases[0], by: "bob")
        }
        #expect(again?.code == .unknown)
        await #expect(throws: EngineError.self) { try await desk.promote(releases[0], by: "ada") }
        #expect(try await kept(10) == releases[0])
        #expect(try await desk.promote(releases[0], by: "ada").release == releases[0])
    }

    @Test func `an open review keeps its release, and what was decided is explained without it`()
        async throws
    {
        let (first, second) = (try await kept(10), try await kept(20))
        _ = try await desk.promote(first, by: "ada")
        let engine = try await engine(on: first)
        guard
            case .settled(let decided)? = try await engine.begin([step(5)], under: "refund").first,
            case .settled(let waiting)? = try await engine.begin([step(50)], under: "refund").first,
            let review = waiting.record.review
        else { throw Unexpected() }
        for release in [second, first, second] {
            _ = try await desk.promote(release, by: "ada")
        }
        // Nothing returns to the first one once another was promoted over the second.
        let third = try await kept(30)
        _ = try await desk.promote(third, by: "ada")
        let told = try await refusal(first)
        #expect(told.contains("1 open review is judged under it: \(review)"))
        let decisions = DecisionDesk(
            store: store,
            releases: StoredReleases(store: store),
            surroundings: surroundings
        )
        _ = try await decisions.withdraw(waiting.record.id, by: "ada")
        _ = try await desk.remove(first, by: "bob")
        let view = try await engine.view(of: decided.record.id)
        #expect(view.output == ["action": "refund"])
        #expect(view.record.because == decided.record.because)
        #expect(try await store.entries(of: view.record).count == 1)
        // Whoever has not heard of the promotion begins nothing new under what is gone.
        let late = await #expect(throws: EngineError.self) {
            try await engine.begin([step(5)], under: "refund")
        }
        #expect(late?.code == .busy)
        #expect(late?.message.contains("was removed just now") == true)
    }

    @Test
    func `live runs are named with their flows, and the view of an ended one says what is gone`()
        async throws
    {
        let flow =
            "flow: long\ninput: {}\nsteps: [{id: a, work: {kind: k, output: {n: integer}}}]\n"
        try await RunWorld.run(["long": flow]) { world in
            let release = world.desk.release.digest
            let kept = KeptRelease(
                StoredRelease(digest: release, files: ["stepgate.yaml": []]),
                ReleaseNote(release: release, keptAt: world.time.now, person: "ada", text: nil)
            )
            let entry = StoreFixture.entry(StoreFixture.record(1), .administered)
            _ = try await world.store.commit([Change(entries: [entry], kept: kept)])
            let desk = ReleaseDesk(
                store: world.store,
                releases: Gone(),
                surroundings: Surroundings(clock: world.time, chance: SeededChance(seed: 2))
            )
            let id = try await world.start("long")
            let refused = await #expect(throws: EngineError.self) {
                try await desk.remove(release, by: "bob")
            }
            let told = refused?.message ?? ""
            #expect(told.contains("1 live run finishes on it: long \(id)"))
            #expect(told.contains("stepgate run cancel RUN"))
            _ = try await world.desk.act(.cancel(undoing: false), on: id, by: "bob")
            _ = try await world.run(id)
            _ = try await desk.remove(release, by: "bob")

            let restart = await #expect(throws: EngineError.self) {
                try await world.desk.act(.restart(from: 0), on: id, by: "bob")
            }
            #expect(restart?.code == .refused)
            #expect(restart?.message.contains("was removed by bob after it ended") == true)
            let new = await #expect(throws: EngineError.self) { try await world.start("long") }
            #expect(new?.code == .busy)

            let keeper = RunKeeper(
                store: world.store,
                releases: Gone(),
                surroundings: Surroundings(clock: world.time, chance: SeededChance(seed: 3)),
                tell: { _, _ in }
            )
            let view = try await RunDesk(keeper: keeper) { world.desk.release }.view(id)
            #expect(view.missing == "it is gone")
            #expect(view.name(of: 0) == nil)
            let json = view.json(secret: nil)
            #expect(json["missing"] == "it is gone")
            #expect(json["state"] == "cancelled")
            #expect(json["steps"] == [])
        }
    }
}

private struct Unexpected: Error {}

private struct Gone: ReleaseSource {
    func release(_ digest: Digest) async throws(EngineError) -> LoadedRelease {
        throw EngineError(.release, "it is gone")
    }
}
