import Models
import Runs
import Storage
import Synchronization
import TestSupport
import Testing
import Values

@testable import Engine

/// The wall clock is set back or forward while runs are under way.
struct RunClockTests {
    private static let flows = [
        "pick": """
        flow: pick
        steps: [{id: pick, work: {kind: pick}, timeout: 60s}]
        """,
        "nap": """
        flow: nap
        steps: [{id: nap, sleep: 10m}]
        """,
        "call": """
        flow: call
        steps:
          - id: call
            http: {method: GET, url: "https://slow.example/"}
            timeout: 20s
            retry: {attempts: 3, backoff: 1s..2s}
        """,
    ]

    /// An engine's world whose clock can be set, over a store that may have been another's.
    private struct Scene: Sendable {
        let world: RunWorld
        let clock: SettableClock

        var time: VirtualTime { world.time }

        func claim() async throws -> WorkItem? {
            try await world.desk.claimWork(kinds: ["pick"], by: "w", limit: 1, lease: nil).first
        }

        /// How long it is until somebody can claim the step, by the uptime.
        func untilClaimed() async throws -> (WorkItem, Duration) {
            let begun = clock.uptime
            while true {
                if let item = try await claim() { return (item, clock.uptime - begun) }
                try await time.sleep(for: .milliseconds(100))
            }
        }

        /// Works while an engine drives runs, which then stops.
        func driving(_ work: @escaping @Sendable () async throws -> Void) async throws {
            let driver = world.driver
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await driver.run() }
                group.addTask {
                    defer { driver.stop() }
                    try await work()
                }
                try await group.waitForAll()
            }
        }
    }

    private static func play(
        transport: (any HTTPTransport)? = nil,
        _ work: @escaping @Sendable (_ engine: (UInt64) async throws -> Scene) async throws -> Void
    ) async throws {
        try await VirtualTime.run { time in
            let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
            let clock = SettableClock(time)
            try await work { seed in
                let world = try await RunWorld(
                    time,
                    flows: flows,
                    store: store,
                    transport: transport,
                    clock: clock,
                    seed: seed
                )
                return Scene(world: world, clock: clock)
            }
        }
    }

    @Test func `a lease claimed longer ago than the clock was set back by ends that much later`()
        async throws
    {
        try await Self.play { engine in
            let scene = try await engine(1)
            try await scene.driving {
                _ = try await scene.world.start("pick")
                let first = try await scene.untilClaimed().0
                // Nobody can tell it from one claimed since.
                try await scene.time.sleep(for: .seconds(40))
                scene.clock.jump(by: .seconds(-30))
                let (second, waited) = try await scene.untilClaimed()
                #expect(waited > .seconds(48))
                #expect(waited < .seconds(53))
                #expect(first.epoch < second.epoch)
            }
        }
    }

    @Test func `runs started after the clock was set back stand among those of that hour`()
        async throws
    {
        try await Self.play { engine in
            let scene = try await engine(1)
            let early = try await scene.world.start("pick")
            try await scene.time.sleep(for: .seconds(1_800))
            let late = try await scene.world.start("pick")
            scene.clock.jump(by: .seconds(-900))
            let between = try await scene.world.start("pick")
            var query = RunQuery(limit: 1)
            var found: [Identifier] = []
            while let run = try await scene.world.store.runs(query).first {
                found.append(run.id)
                query.after = query.cursor(run)
            }
            // Each once, page by page, by what the clock said when it was started.
            #expect(found == [late, between, early])
        }
    }

    @Test(arguments: [-3_600, 3_600])
    func `a lease that nobody ends lasts as long as was said, however the clock is set`(
        seconds: Int
    ) async throws {
        try await Self.play { engine in
            let scene = try await engine(1)
            try await scene.driving {
                let id = try await scene.world.start("pick")
                let first = try await scene.untilClaimed().0
                try await scene.time.sleep(for: .seconds(20))
                scene.clock.jump(by: .seconds(seconds))
                let (second, waited) = try await scene.untilClaimed()
                // Of the sixty seconds forty were left when it was set forward; set back, they are
                // counted anew from when that was seen.
                #expect(waited > .seconds(38))
                #expect(waited < .seconds(63))
                #expect(first.epoch < second.epoch)
                let late = await #expect(throws: EngineError.self) {
                    try await scene.world.desk.completeWork(
                        id,
                        step: first.number,
                        epoch: first.epoch,
                        output: 1
                    )
                }
                #expect(late?.code == .refused)
                let run = try await scene.world.desk.completeWork(
                    id,
                    step: second.number,
                    epoch: second.epoch,
                    output: 2
                )
                #expect(run.state == .completed)
                #expect(run.output == .inline(2))
            }
        }
    }

    @Test func `a lease claimed just after the clock was set lasts no longer and no shorter`()
        async throws
    {
        for seconds in [-3_600, 3_600] {
            try await Self.play { engine in
                let scene = try await engine(1)
                try await scene.driving {
                    _ = try await scene.world.start("pick")
                    try await scene.time.sleep(for: .milliseconds(1_500))
                    scene.clock.jump(by: .seconds(seconds))
                    _ = try await scene.untilClaimed()
                    let (_, waited) = try await scene.untilClaimed()
                    #expect(waited > .seconds(59))
                    #expect(waited < .seconds(62))
                }
            }
        }
    }

    @Test
    func `a lease of an engine that ended lasts no longer where the clock was set back since`()
        async throws
    {
        try await Self.play { engine in
            let first = try await engine(1)
            try await first.driving {
                _ = try await first.world.start("pick")
                _ = try await first.untilClaimed()
            }
            first.clock.jump(by: .seconds(-3_600))
            let second = try await engine(2)
            try await second.driving {
                let (_, waited) = try await second.untilClaimed()
                #expect(waited < .seconds(63))
            }
            // And not again at each start.
            let third = try await engine(3)
            try await third.driving {
                let begun = third.clock.now
                let (item, _) = try await third.untilClaimed()
                #expect(third.clock.now - begun < .seconds(63))
                _ = try await third.world.desk.completeWork(
                    item.run,
                    step: item.number,
                    epoch: item.epoch,
                    output: 1
                )
            }
        }
    }

    /// A store that takes nothing while told to.
    private final class FullStore: WrappingStore {
        let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
        private let isFull = Mutex(false)

        func fill(_ isFull: Bool) { self.isFull.withLock { $0 = isFull } }

        private func check() throws(StoreError) {
            if isFull.withLock({ $0 }) { throw StoreError(.unavailable, "the disk is full") }
        }

        func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
            try check()
            return try await store.commit(changes)
        }

        func extend(
            _ run: Identifier,
            step: Int,
            epoch: Int64,
            until: Instant
        ) async throws(StoreError) -> Bool {
            try check()
            return try await store.extend(run, step: step, epoch: epoch, until: until)
        }
    }

    @Test(arguments: [-3_600, 3_600])
    func `leases are moved when the store takes it again, and none ends before`(
        seconds: Int
    ) async throws {
        try await VirtualTime.run { time in
            let (clock, full) = (SettableClock(time), FullStore())
            let world = try await RunWorld(time, flows: Self.flows, store: full, clock: clock)
            let scene = Scene(world: world, clock: clock)
            try await scene.driving {
                for _ in 0..<3 { _ = try await world.start("pick") }
                var claimed: [WorkItem] = []
                for _ in 0..<3 { claimed.append(try await scene.untilClaimed().0) }
                try await time.sleep(for: .seconds(5))
                full.fill(true)
                clock.jump(by: .seconds(seconds))
                try await time.sleep(for: .seconds(20))
                full.fill(false)
                for item in claimed {
                    let (again, waited) = try await scene.untilClaimed()
                    #expect(waited < .seconds(63))
                    #expect(again.attempt == 2)
                    #expect(claimed.map(\.run).contains(item.run))
                }
                let begun = clock.uptime
                #expect(try await scene.claim() == nil)
                #expect(begun >= .seconds(60))
                #expect(begun < .seconds(95))
            }
        }
    }

    @Test(arguments: [-3_600, 3_600])
    func `a call under way when the clock is set is made once`(seconds: Int) async throws {
        let calls = Calls()
        try await VirtualTime.run { time in
            let clock = SettableClock(time)
            let transport = FakeTransport { _ throws(TransportError) in
                calls.note("call")
                do {
                    try await time.sleep(for: .seconds(15))
                } catch {
                    throw TransportError(.cancelled, "the engine stops")
                }
                return HTTPReply(status: 200, body: [])
            }
            let world = try await RunWorld(
                time,
                flows: Self.flows,
                transport: transport,
                clock: clock
            )
            try await Scene(world: world, clock: clock).driving {
                let id = try await world.start("call")
                try await time.sleep(for: .seconds(5))
                clock.jump(by: .seconds(seconds))
                let run = try await world.run(id)
                #expect(run.state == .completed)
            }
        }
        #expect(calls.count == 1)
    }

    @Test(arguments: [-3_600, 3_600])
    func `a sleep is over when the clock comes to its moment`(seconds: Int) async throws {
        try await Self.play { engine in
            let scene = try await engine(1)
            try await scene.driving {
                let id = try await scene.world.start("nap")
                let run = try await scene.world.run(id) { $0.active[0]?.wait != nil }
                let moment = try #require(run.active[0]?.dueAt)
                try await scene.time.sleep(for: .seconds(60))
                scene.clock.jump(by: .seconds(seconds))
                let begun = scene.clock.uptime
                let ended = try await Self.ended(id, scene)
                #expect(ended.state == .completed)
                let waited = scene.clock.uptime - begun
                if seconds < 0 {
                    #expect(waited > .seconds(3_600 + 539))
                    #expect(scene.clock.now - moment < .seconds(2))
                } else {
                    #expect(waited < .seconds(2))
                }
                let history = try await scene.world.store.history(of: id, from: 1, limit: 100)
                #expect(history.map(\.number) == Array(1...ended.history))
            }
        }
    }

    /// `run(until:)` looks for some minutes only.
    private static func ended(_ id: Identifier, _ scene: Scene) async throws -> Run {
        while true {
            let run = try #require(try await scene.world.store.run(id))
            if run.state.isFinal { return run }
            try await scene.time.sleep(for: .milliseconds(500))
        }
    }

    @Test(arguments: [-3_600, 3_600])
    func `a retry is made when the clock comes to its moment, and none is lost`(
        seconds: Int
    ) async throws {
        let calls = Calls()
        let transport = FakeTransport { _ throws(TransportError) in
            calls.note("call")
            if calls.count > 2 { return HTTPReply(status: 200, body: []) }
            throw TransportError(.connect, "nothing is there")
        }
        try await Self.play(transport: transport) { engine in
            let first = try await engine(1)
            let id = try await first.world.start("call")
            try await first.driving {
                while calls.count == 0 { try await first.time.sleep(for: .milliseconds(10)) }
                _ = try await first.world.run(id) { $0.active[0]?.wait != nil }
                first.clock.jump(by: .seconds(seconds))
                try await first.time.sleep(for: .milliseconds(100))
            }
            // An engine that begins later finds it, too.
            let second = try await engine(2)
            try await second.driving {
                let run = try await Self.ended(id, second)
                #expect(run.state == .completed)
            }
        }
        #expect(calls.count == 3)
    }
}
