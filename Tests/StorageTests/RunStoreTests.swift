import Decisions
import Runs
import Storage
import TestSupport
import Testing
import Values

/// What every store does with one transition of a run.
struct RunStoreTests {
    private typealias F = RunFixture
    private let stores: RunStores

    init() throws { stores = try RunStores() }

    @Test(arguments: RunStores.Kind.allCases)
    func `a run is there as it was written, with its steps and its history`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        var run = F.run(1, key: "k")
        run.stage = "triage"
        run.fields = ["amount": 12.5, "gold": true]
        run.history = 1
        run.active[0] = F.step(0, .leased(by: "w", until: F.now + .seconds(30)))
        run.active[1] = F.step(1, .waiting(.event("e")), deadline: 9)
        let event = HistoryEvent(number: 1, event: .begun, at: F.now, chance: .max)
        #expect(try await store.commit(RunWrite(run, after: nil, event: event)).isCommitted)
        run.version = 1
        #expect(try await store.run(run.id) == run)
        #expect(try await store.runs([run.id, F.id(9)]) == [run.id: run])
        #expect(try await store.history(of: run.id, from: 1, limit: 9) == [event])
        #expect(try await store.history(of: run.id, from: 2, limit: 9).isEmpty)
        #expect(try await store.runs(RunQuery()) == [RunSummary(run)])
        #expect(try await store.head() == .empty)

        let changed = try await store.change(run.id) { run in
            run.active[0] = nil
            run.ended[0] = StepEnd(.succeeded, output: .inline([1]), at: F.now, attempts: 1)
            run.stage = "payout"
            run.fields = ["amount": "much"]
        }
        #expect(changed.version == 2)
        #expect(changed.ended[0]?.output == .inline([1]))
        #expect(changed.active.keys.sorted() == [1])
        #expect(try await store.runs(RunQuery()) == [RunSummary(changed)])
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `a write from what is no longer so is stale and leaves no trace`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let old = try await store.insert(F.run(1), F.step(0))
        let other = try await store.insert(F.run(2), F.step(0))
        let new = try await store.change(old.id) { $0.active[0]?.epoch = 2 }
        #expect(try await store.commit(RunWrite(F.run(1), after: nil)) == .stale)
        #expect(try await store.commit(RunWrite(F.run(3), after: F.run(3))) == .stale)

        var late = old
        late.state = .completed
        late.active = [:]
        // The other run of the same change stays as it is, too.
        var moved = other
        moved.stage = "x"
        moved.active[0]?.epoch = 5
        let change = Change(
            entries: [StoreFixture.entry(StoreFixture.record(1))],
            decision: .insert(StoreFixture.record(1), key: nil),
            runs: [RunWrite(moved, after: other), RunWrite(late, after: old)]
        )
        #expect(try await store.commit([change]) == [.stale])
        #expect(try await store.run(old.id) == new)
        #expect(try await store.run(other.id) == other)
        #expect(try await store.decision(F.id(1)) == nil)
        #expect(try await store.head() == .empty)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `a step is changed only under the epoch it was read with`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let run = try await store.insert(F.run(1), F.step(0), F.step(1))
        var believed = run
        believed.active[1]?.epoch = 7
        var after = believed
        after.active[1] = nil
        #expect(try await store.commit(RunWrite(after, after: believed)) == .stale)
        #expect(try await store.run(run.id) == run)
        // A step that is not changed is not looked at.
        after = believed
        after.active[0]?.epoch = 2
        #expect(try await store.commit(RunWrite(after, after: believed)).isCommitted)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `a heartbeat moves the end of a lease under its epoch alone`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let until = F.now + .seconds(30)
        let run = try await store.insert(F.run(1), F.step(0, .leased(by: "w", until: until)))
        let later = F.now + .seconds(90)
        #expect(try await !store.extend(run.id, step: 0, epoch: 2, until: later))
        #expect(try await !store.extend(run.id, step: 1, epoch: 1, until: later))
        #expect(try await store.extend(run.id, step: 0, epoch: 1, until: later))
        #expect(try await store.nextDue() == later)
        let extended = try #require(try await store.run(run.id))
        #expect(extended.active[0]?.state == .leased(by: "w", until: later))
        #expect(extended.version == run.version)
        // A lease is never cut short: its history would not say so.
        #expect(try await store.extend(run.id, step: 0, epoch: 1, until: later - .seconds(9)))
        #expect(try await store.run(run.id)?.active[0] == extended.active[0])
        // A transition made from what was read before does not take the heartbeat back.
        var after = run
        after.active[1] = F.step(1)
        #expect(try await store.commit(RunWrite(after, after: run)).isCommitted)
        #expect(try await store.nextDue() == later)
        try await store.change(run.id) { $0.active[0]?.state = .ready }
        #expect(try await !store.extend(run.id, step: 0, epoch: 1, until: later))
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `a start that comes again is told the run that it started`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let body = Digest(of: [1])
        for (number, lifetime) in [(1, KeyClaim.Lifetime.always), (11, .day)] {
            let scope = "run:f\(number)"
            let key = KeyClaim(scope: scope, key: "k", body: body, lifetime: lifetime)
            let first = F.run(UInt64(number))
            let again = F.run(UInt64(number) + 1)
            #expect(
                try await store.commit(RunWrite(first, after: nil, start: key)).isCommitted
            )
            #expect(
                try await store.commit(RunWrite(again, after: nil, start: key))
                    == .keyTaken(by: first.id, body: body)
            )
            #expect(try await store.run(again.id) == nil)
            #expect(
                try await store.claimedRun(scope: scope, key: "k")
                    == ClaimedRun(run: first.id, body: body)
            )
            // A claim goes with the change that is refused.
            let free = KeyClaim(scope: scope, key: "free", body: body, lifetime: lifetime)
            let both = Change(
                entries: [],
                runs: [
                    RunWrite(F.run(UInt64(number) + 2), after: nil, start: free),
                    RunWrite(again, after: nil, start: key),
                ]
            )
            #expect(try await store.commit([both]) == [.keyTaken(by: first.id, body: body)])
            #expect(try await store.claimedRun(scope: scope, key: "free") == nil)
            #expect(try await store.claimedRun(scope: "none", key: "k") == nil)
        }
        #expect(try await store.runs(RunQuery()).count == 2)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `large values are kept in the transaction that refers to them`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let bytes = [UInt8](repeating: 7, count: 100_000)
        let kept = KeptResource(digest: Digest(of: bytes), bytes: bytes)
        #expect(try await store.resource(kept.digest) == nil)
        let write = RunWrite(F.run(1), after: nil, resources: [kept])
        #expect(try await store.commit(write).isCommitted)
        #expect(try await store.resource(kept.digest) == bytes)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `the counters are what counting gives, whatever happens`(
        kind: RunStores.Kind
    ) async throws {
        for seed in 0..<UInt64(3) {
            let store = try RunStores().store(kind)
            var chance = SeededGenerator(seed: seed)
            var known: [Identifier] = []
            for number in 1...200 as ClosedRange<UInt64> {
                let flow = ["f", "g"].randomElement(using: &chance) ?? "f"
                let id = known.randomElement(using: &chance)
                if let id, Int.random(in: 0..<3, using: &chance) > 0 {
                    let before = try #require(try await store.run(id))
                    var after = before
                    after.stage = [nil, "a", "b"].randomElement(using: &chance) ?? nil
                    after.state = RunState.allCases.randomElement(using: &chance) ?? .dead
                    // Some are made from what is no longer so.
                    let late = Int.random(in: 0..<4, using: &chance) == 0
                    if late { try await store.change(id) { $0.stage = "late" } }
                    let result = try await store.commit(RunWrite(after, after: before))
                    #expect(result.isCommitted != late)
                } else {
                    try await store.insert(F.run(number, flow: flow))
                    known.append(F.id(number))
                }
            }
            var counted: [StageCount.Place: Int64] = [:]
            for id in known {
                let run = try #require(try await store.run(id))
                counted[StageCount.Place(run), default: 0] += 1
            }
            let kept = try await store.stageCounts(nil)
            #expect(Dictionary(kept.map { ($0.place, $0.count) }) { $1 } == counted, "\(seed)")
            #expect(try await store.stageCounts("f") == kept.filter { $0.place.flow == "f" })
            #expect(try await store.runs(RunQuery(limit: 999)).count == known.count)
        }
    }
}
