import Foundation
import Models
import Runs
import Storage
import StorageSQLite
import Synchronization
import TestSupport
import Testing
import Values

@testable import Engine

/// When the wall clock counts as set.
struct ClockWatchTests {
    private let start = Instant(microseconds: 1_800_000_000_000_000)

    @Test func `time that passes on both clocks is no jump, however much`() {
        var watch = ClockWatch()
        #expect(watch.look(start, uptime: .zero) == .init(by: .zero, seen: start))
        #expect(watch.look(start + .seconds(1), uptime: .seconds(1)) == nil)
        #expect(watch.look(start + .seconds(90_001), uptime: .seconds(90_001)) == nil)
    }

    @Test func `a clock that is kept right little by little has not been set`() {
        var watch = ClockWatch()
        _ = watch.look(start, uptime: .zero)
        for second in 1...100 {
            let wall = start + .seconds(second) + .milliseconds(second * 400)
            #expect(watch.look(wall, uptime: .seconds(second)) == nil)
        }
    }

    @Test(arguments: [-3_600, -5, 5, 3_600])
    func `a clock that was set is seen once, with how far`(seconds: Int) {
        var watch = ClockWatch()
        _ = watch.look(start, uptime: .zero)
        let wall = start + .seconds(2 + seconds)
        let jump = watch.look(wall, uptime: .seconds(2))
        #expect(jump == .init(by: .seconds(seconds), seen: wall))
        #expect(watch.look(wall + .seconds(1), uptime: .seconds(3)) == nil)
    }
}

/// The clock is set under engines that keep their runs on disk, in real time.
struct ClockOnDiskTests {
    /// The machine's time, and what somebody set it off by.
    private final class MachineClock: CallClock {
        private static let start = ContinuousClock.now
        private let offset = Mutex(Duration.zero)

        var now: Instant {
            let seconds = Date().timeIntervalSince1970
            return Instant(microseconds: Int64(seconds * 1_000_000)) + offset.withLock { $0 }
        }
        var uptime: Duration { Self.start.duration(to: .now) }

        func sleep(for duration: Duration) async throws(CancellationError) {
            do {
                try await ContinuousClock().sleep(for: duration)
            } catch {
                throw CancellationError()
            }
        }

        func jump(by duration: Duration) { offset.withLock { $0 += duration } }
    }

    private static let flows = [
        "pick": """
        flow: pick
        steps: [{id: pick, work: {kind: pick}, timeout: 3s}]
        """,
        "nap": """
        flow: nap
        steps: [{id: nap, sleep: 15s}]
        """,
    ]

    private let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "stepgate-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder + "/store.db"
    }

    /// An engine on the store, which ends after that.
    private func engine(
        _ clock: MachineClock,
        seed: UInt64,
        _ work: @escaping @Sendable (RunWorld) async throws -> Void
    ) async throws {
        let secret = [UInt8](repeating: 3, count: 32)
        let store = try SQLiteStore(path, mode: .engine, secret: secret)
        let time = VirtualTime()
        defer { time.stop() }
        let world = try await RunWorld(
            time,
            flows: Self.flows,
            store: store,
            clock: clock,
            seed: seed
        )
        let driver = world.driver
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await driver.run() }
            group.addTask {
                defer { driver.stop() }
                try await work(world)
            }
            try await group.waitForAll()
        }
        #expect(try await store.checkRuns(mending: false).isEmpty)
        await store.close()
    }

    private static func claim(_ world: RunWorld, _ clock: MachineClock) async throws -> WorkItem {
        while true {
            let items = try await world.desk.claimWork(
                kinds: ["pick"],
                by: "w",
                limit: 1,
                lease: nil
            )
            if let item = items.first { return item }
            try await clock.sleep(for: .milliseconds(20))
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func
        `set back, stopped, begun again and set forward: leases last their time, sleeps wait for theirs`()
        async throws
    {
        let clock = MachineClock()
        let runs = Mutex<[String: Identifier]>([:])
        let first = Mutex<WorkItem?>(nil)
        let wakes = Mutex<Instant?>(nil)
        try await engine(clock, seed: 1) { world in
            for flow in ["pick", "nap"] {
                let id = try await world.start(flow)
                runs.withLock { $0[flow] = id }
                // Now, since a slow machine may find it over when it is looked at later.
                let dueAt = try await world.store.run(id)?.active[0]?.dueAt
                if flow == "nap" { wakes.withLock { $0 = dueAt } }
            }
            let item = try await Self.claim(world, clock)
            first.withLock { $0 = item }
            clock.jump(by: .seconds(-3_600))
        }
        let pick = try #require(runs.withLock { $0["pick"] })
        let nap = try #require(runs.withLock { $0["nap"] })
        let old = try #require(first.withLock { $0 })
        let moment = try #require(wakes.withLock { $0 })
        try await engine(clock, seed: 2) { world in
            let begun = clock.uptime
            let item = try await Self.claim(world, clock)
            #expect(clock.uptime - begun < .seconds(8))
            let late = await #expect(throws: EngineError.self) {
                try await world.desk.completeWork(
                    pick,
                    step: old.number,
                    epoch: old.epoch,
                    output: 1
                )
            }
            #expect(late?.code == .refused)
            clock.jump(by: .seconds(3_600))
            // Longer than a tick: the lease would have ended by the clock.
            try await clock.sleep(for: .milliseconds(1_500))
            let ended = try await world.desk.completeWork(
                pick,
                step: item.number,
                epoch: item.epoch,
                output: 2
            )
            #expect(ended.state == .completed)
            #expect(ended.output == .inline(2))
            var run = try #require(try await world.store.run(nap))
            while !run.state.isFinal {
                try await clock.sleep(for: .milliseconds(50))
                run = try #require(try await world.store.run(nap))
            }
            #expect(run.state == .completed)
            #expect(run.updatedAt >= moment)
            #expect(run.updatedAt - moment < .seconds(3))
            for id in [pick, nap] {
                let history = try await world.store.history(of: id, from: 1, limit: 100)
                #expect(history.map(\.number) == Array(1...Int64(history.count)))
            }
        }
    }
}
