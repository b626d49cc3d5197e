import Access
import Flows
import Models
import Runs
import Storage
import Synchronization
import TestSupport
import Testing
import Values

@testable import Engine

/// Runs and attempts that begin at most so often, in virtual time.
struct RunRateTests {
    private static func flow(_ name: String, _ head: String = "", _ step: String) -> String {
        "flow: \(name)\ninput: {}\n\(head)\nsteps:\n  - {id: a, \(step)}\n"
    }

    private static let decide = "decide: refund, with: {amount: 5}"
    private static let work = "work: {kind: k, output: {n: integer}}"

    /// When attempts at the first step began, by what is in the histories of all runs.
    private func begun(_ world: RunWorld, _ runs: [Identifier]) async throws -> [Instant] {
        var moments: [Instant] = []
        for run in runs {
            for event in try await world.store.history(of: run, from: 1, limit: 1_000) {
                switch event.event {
                case .claimed(0, _, _, _): moments.append(event.at)
                case .succeeded(0, _, _): moments.append(event.at)
                default: continue
                }
            }
        }
        return moments.sorted()
    }

    /// No more than the burst and the rate, in any stretch of time.
    private func keeps(_ text: String, _ moments: [Instant]) throws {
        let rate = try #require(Rate(text))
        let perSecond = Double(rate.count) / (rate.period == .second ? 1 : 60)
        for first in moments.indices {
            for last in moments.indices[first...] {
                let span = Double(moments[last].microseconds - moments[first].microseconds) / 1e6
                #expect(Double(last - first + 1) <= Double(rate.burst) + perSecond * span + 0.01)
            }
        }
    }

    private func start(
        _ world: RunWorld,
        _ flow: String,
        _ count: Int
    ) async throws -> [Identifier] {
        var runs: [Identifier] = []
        for number in 0..<count {
            // So that they are in that order.
            if number > 0 { try await world.time.sleep(for: .milliseconds(1)) }
            runs.append(try await world.start(flow))
        }
        return runs
    }

    @Test func `attempts of all runs begin at the rate, each run waits once, and others go on`()
        async throws
    {
        let flows = [
            "slow": Self.flow("slow", "", Self.decide + ", rate: \"2/s:3\""),
            "free": Self.flow("free", "", Self.decide),
        ]
        try await RunWorld.run(flows) { world in
            let began = world.time.now
            let runs = try await start(world, "slow", 20)
            let free = try await start(world, "free", 20)
            for run in free { _ = try await world.run(run) }
            #expect(world.time.now - began < .seconds(1))
            for run in runs { _ = try await world.run(run) }
            let moments = try await begun(world, runs)
            #expect(moments.count == 20)
            try keeps("2/s:3", moments)
            let last = try #require(moments.last)
            #expect(last - began < .milliseconds(17 * 500 + 200))
            for run in runs {
                let history = try await world.store.history(of: run, from: 1, limit: 99)
                let waits = history.count { if case .waits = $0.event { true } else { false } }
                #expect(waits <= 1)
            }
        }
    }

    @Test func `a view says that a step waits for its rate and until when`() async throws {
        let flows = ["slow": Self.flow("slow", "", Self.work + ", rate: \"1/m:1\"")]
        try await RunWorld.run(flows) { world in
            let runs = try await start(world, "slow", 2)
            let items = try await world.desk.claimWork(
                kinds: ["k"],
                by: "w",
                limit: 10,
                lease: nil
            )
            #expect(items.map(\.run) == [runs[0]])
            let view = try await world.desk.view(runs[1])
            let until = world.time.now + .seconds(60)
            let step = try #require(view.json(secret: nil)["steps"]?.array?.first)
            #expect(step["state"] == "waiting")
            #expect(step["attempts"] == 0)
            #expect(step["woken_by"]?["kind"] == "rate")
            #expect(step["woken_by"]?["key"] == "slow/a")
            #expect(step["woken_by"]?["at"]?.string == until.rfc3339)
            #expect(step["holder"]?["kind"] == "time")
            let lease = try #require(try await world.store.run(runs[1])).active[0]?.state
            #expect(lease == .waiting(.rate("slow/a", until: until)))
        }
    }

    @Test func `workers are given what the rate lets begin, and what is behind it`() async throws {
        let flows = [
            "slow": Self.flow("slow", "", Self.work + ", rate: \"1/s:2\""),
            "free": Self.flow("free", "", Self.work),
        ]
        try await RunWorld.run(flows) { world in
            let slow = try await start(world, "slow", 30)
            let free = try await start(world, "free", 1)
            func claim() async throws -> [Identifier] {
                try await world.desk.claimWork(kinds: ["k"], by: "w", limit: 10, lease: nil)
                    .map(\.run)
            }
            let first = try await claim()
            #expect(first.count { slow.contains($0) } == 2)
            #expect(first.contains(free[0]))
            #expect(try await claim().isEmpty)
            var count = 2
            var seconds = 0
            while count < 30, seconds < 60 {
                try await world.time.sleep(for: .seconds(1))
                seconds += 1
                count += try await claim().count
            }
            #expect(count == 30)
            #expect((28...30).contains(seconds))
            try keeps("1/s:2", try await begun(world, slow))
        }
    }

    @Test func `a worker that comes late finds the burst, and no more`() async throws {
        let flows = ["slow": Self.flow("slow", "", Self.work + ", rate: \"1/s:2\"")]
        try await RunWorld.run(flows) { world in
            _ = try await start(world, "slow", 40)
            func claim() async throws -> Int {
                try await world.desk.claimWork(kinds: ["k"], by: "w", limit: 100, lease: nil).count
            }
            #expect(try await claim() == 2)
            // All the others' moments go by while nobody asks.
            try await world.time.sleep(for: .seconds(120))
            let late = try await claim()
            #expect((2...3).contains(late))
            // Those that had to wait again come a second after each other.
            var count = 0
            for _ in 0..<10 {
                try await world.time.sleep(for: .seconds(1))
                count += try await claim()
            }
            #expect((9...11).contains(count))
        }
    }

    @Test func `an engine that follows promises later moments than those that wait`() async throws {
        let flows = ["slow": Self.flow("slow", "", Self.work + ", rate: \"1/s:2\"")]
        try await RunWorld.run(flows) { world in
            _ = try await start(world, "slow", 12)
            _ = try await world.desk.claimWork(kinds: ["k"], by: "w", limit: 12, lease: nil)
            let keeper = RunKeeper(
                store: world.store,
                releases: Pinned(release: world.desk.release),
                surroundings: Surroundings(clock: world.time, chance: SeededChance(seed: 9)),
                tell: { _, _ in }
            )
            let next = RunDesk(keeper: keeper) { world.desk.release }
            let late = try await start(world, "slow", 1)
            #expect(try await next.claimWork(kinds: ["k"], by: "x", limit: 9, lease: nil).isEmpty)
            let step = try #require(try await world.store.run(late[0])?.active[0])
            guard case .waiting(.rate("slow/a", let until)) = step.state else {
                Issue.record("\(step.state)")
                return
            }
            #expect((10.9...11.1).contains((until - world.time.now).seconds))
        }
    }

    @Test func `promises of runs that were cancelled keep nobody waiting for long`() async throws {
        let flows = ["slow": Self.flow("slow", "", Self.decide + ", rate: \"1/s:1\"")]
        try await RunWorld.run(flows) { world in
            let runs = try await start(world, "slow", 300)
            try await world.time.sleep(for: .seconds(5))
            for run in runs where try await world.store.run(run)?.state.isFinal == false {
                _ = try await world.desk.act(.cancel(undoing: false), on: run, by: "bob")
            }
            try await world.time.sleep(for: .seconds(60))
            let began = world.time.now
            let late = try await start(world, "slow", 1)
            _ = try await world.run(late[0])
            #expect(world.time.now - began < .seconds(3))
        }
    }

    @Test func `runs begin at the rate of their flow, all that were started`() async throws {
        let flows = ["often": Self.flow("often", "rate: \"60/m:2\"", Self.decide)]
        try await RunWorld.run(flows) { world in
            let runs = try await start(world, "often", 12)
            let waiting = try await world.desk.view(runs[11])
            #expect(waiting.run.state == .queued)
            let ahead = try #require(waiting.beginsAt) - world.time.now
            #expect((9.9...10.0).contains(ahead.seconds))
            #expect(
                waiting.json(secret: nil)["begins_at"]?.string == waiting.beginsAt?.rfc3339
            )
            #expect(try await world.desk.doctor(isMending: false).examine().isEmpty)
            for run in runs { #expect(try await world.run(run).state == .completed) }
            try keeps("60/m:2", try await begun(world, runs))
        }
    }

    @Test func `what is started beside the engine is begun by the engine, at the rate`()
        async throws
    {
        let flows = ["often": Self.flow("often", "rate: \"1/s:2\"", Self.decide)]
        try await RunWorld.run(flows) { world in
            var runs: [Identifier] = []
            for number in 0..<8 as Range<UInt64> {
                let keeper = RunKeeper(
                    store: world.store,
                    releases: Pinned(release: world.desk.release),
                    surroundings: Surroundings(
                        clock: world.time,
                        chance: SeededChance(seed: 100 + number)
                    ),
                    keepsRates: false,
                    tell: { _, _ in }
                )
                let beside = RunDesk(keeper: keeper) { world.desk.release }
                let started = try await beside.start(
                    RunStart(flow: "often", input: [:], caller: "cli")
                )
                guard case .started(let run) = started else {
                    Issue.record("\(started)")
                    return
                }
                #expect(run.state == .queued)
                runs.append(run.id)
            }
            for run in runs { #expect(try await world.run(run).state == .completed) }
            try keeps("1/s:2", try await begun(world, runs))
        }
    }

    @Test func `the same start again takes nothing of the rate`() async throws {
        let flows = ["often": Self.flow("often", "rate: \"1/s:1\"", Self.decide)]
        try await RunWorld.run(flows) { world in
            let start = RunStart(
                flow: "often",
                input: [:],
                key: .init(scope: "test", key: "one"),
                caller: "ann"
            )
            for _ in 0..<50 { _ = try await world.desk.start(start) }
            let run = try await world.start("often")
            #expect(try await world.desk.view(run).beginsAt == world.time.now + .seconds(1))
        }
    }

    @Test func `a run that waits for its rate holds no slot, and one behind it is not lost`()
        async throws
    {
        let head = "concurrency: {key: \"'all'\", limit: 2, then: queue}\nrate: \"1/s:1\""
        let flows = ["both": Self.flow("both", head, "sleep: 3s")]
        try await RunWorld.run(flows) { world in
            let runs = try await start(world, "both", 8)
            var most = 0
            var isOver = false
            for _ in 0..<600 where !isOver {
                let all = try await world.store.runs(runs).values
                most = max(most, all.count { $0.state == .running })
                isOver = all.allSatisfy { $0.state == .completed }
                try await world.time.sleep(for: .milliseconds(100))
            }
            #expect(isOver)
            #expect(most == 2)
            var begun: [Instant] = []
            for run in runs {
                let history = try await world.store.history(of: run, from: 1, limit: 99)
                begun += history.filter { $0.event == .begun }.map(\.at)
            }
            #expect(begun.count == 8)
            try keeps("1/s:1", begun.sorted())
        }
    }

    @Test func `one that waits for its rate and is cancelled leaves its slot to the next`()
        async throws
    {
        let head = "concurrency: {key: \"'all'\", limit: 1, then: queue}\nrate: \"1/h:2\""
        let flows = ["both": Self.flow("both", head, "sleep: 1s")]
        try await RunWorld.run(flows) { world in
            let runs = try await start(world, "both", 4)
            _ = try await world.run(runs[1])
            let third = try await world.run(runs[2]) { !$0.waitsForSlot }
            #expect(third.active[Run.slotStep]?.wait?.kind == "rate")
            #expect(try await world.store.run(runs[3])?.waitsForSlot == true)
            _ = try await world.desk.act(.cancel(undoing: false), on: runs[2], by: "bob")
            let fourth = try await world.run(runs[3]) { !$0.waitsForSlot }
            #expect(fourth.active[Run.slotStep]?.wait?.kind == "rate")
            #expect(try await world.desk.doctor(isMending: false).examine().isEmpty)
        }
    }

    @Test func `a sub-flow that is paused before it begins waits for its rate after it goes on`()
        async throws
    {
        let flows = [
            "above": "flow: above\ninput: {}\nsteps:\n  - {id: a, flow: below, with: {}}\n",
            "below": Self.flow("below", "rate: \"1/m:1\"", Self.decide),
        ]
        try await RunWorld.run(flows) { world in
            let runs = try await start(world, "above", 2)
            _ = try await world.run(runs[0])
            var query = RunQuery(limit: 1)
            query.parent = runs[1]
            let below = try #require(try await world.store.runs(query).first?.id)
            _ = try await world.run(below) { $0.active[Run.slotStep]?.wait?.kind == "rate" }
            _ = try await world.desk.act(.pause, on: below, by: "bob")
            _ = try await world.desk.act(.resume, on: below, by: "bob")
            #expect(try await world.store.signals(of: [below], limit: 9).isEmpty)
            #expect(try await world.run(runs[1]).state == .completed)
            #expect(world.errors.all.isEmpty)
        }
    }

    @Test func `sub-flows begin at the rate of their flow`() async throws {
        let flows = [
            "above": "flow: above\ninput: {}\nsteps:\n  - {id: a, flow: below, with: {}}\n",
            "below": Self.flow("below", "rate: \"2/s:1\"", Self.decide),
        ]
        try await RunWorld.run(flows) { world in
            let began = world.time.now
            let runs = try await start(world, "above", 6)
            for run in runs { #expect(try await world.run(run).state == .completed) }
            let took = world.time.now - began
            #expect(took >= .milliseconds(2_500))
            #expect(took < .seconds(4))
        }
    }
}

private struct Pinned: ReleaseSource {
    let release: LoadedRelease

    func release(_ digest: Digest) async throws(EngineError) -> LoadedRelease { release }
}
