import Models
import Runs
import Storage
import Synchronization
import TestSupport
import Testing
import Values

@testable import Engine

/// An engine whose store takes nothing for a while, as with a full disk.
struct RunTroubleTests {
    /// A store that refuses commits while told to; not for ever, so that who asks again without a
    /// pause comes to an end too.
    private final class FullStore: WrappingStore {
        private struct State {
            var isFull = false
            var refused = 0
            /// Runs that are not gone on with, whatever else is.
            var barred: Set<Identifier> = []
        }

        private static let most = 20_000
        let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
        private let state = Mutex(State())

        var refused: Int { state.withLock { $0.refused } }

        func fill() { state.withLock { $0.isFull = true } }
        func empty() { state.withLock { $0.isFull = false } }
        func bar(_ run: Identifier) { _ = state.withLock { $0.barred.insert(run) } }

        func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
            let isRefused = state.withLock { state -> Bool in
                let isBarred = changes.contains { change in
                    change.runs.contains { state.barred.contains($0.run.id) }
                }
                guard state.isFull || isBarred, state.refused < Self.most else { return false }
                state.refused += 1
                return true
            }
            if isRefused { throw StoreError(.unavailable, "the disk is full") }
            return try await store.commit(changes)
        }
    }

    private static let nap = """
        flow: nap
        steps: [{id: nap, sleep: 10s}]
        """

    @Test func `what is due while nothing is taken is tried about once a second, and then passes`()
        async throws
    {
        let full = FullStore()
        try await RunWorld.run(["nap": Self.nap], store: full) { world in
            var runs: [Identifier] = []
            for _ in 0..<3 { runs.append(try await world.start("nap")) }
            for run in runs { _ = try await world.run(run) { $0.active[0]?.wait != nil } }
            full.fill()
            try await world.time.sleep(for: .seconds(70))
            // A minute, three runs.
            #expect(full.refused > 60)
            #expect(full.refused < 300)
            full.empty()
            for run in runs { #expect(try await world.run(run).state == .completed) }
        }
    }

    @Test func `one that cannot pass keeps no other waiting for its moment`() async throws {
        let full = FullStore()
        try await RunWorld.run(["nap": Self.nap], store: full) { world in
            let stuck = try await world.start("nap")
            _ = try await world.run(stuck) { $0.active[0]?.wait != nil }
            full.bar(stuck)
            try await world.time.sleep(for: .milliseconds(12_345))
            let other = try await world.start("nap")
            let begun = world.time.now
            var run = try await world.store.run(other)
            while run?.state.isFinal != true {
                try await world.time.sleep(for: .milliseconds(10))
                run = try await world.store.run(other)
            }
            #expect(world.time.now - begun < .milliseconds(10_050))
            #expect(full.refused < 30)
        }
    }

    @Test func `more ready steps than one look reads are not tried again and again either`()
        async throws
    {
        let names = (0..<5).map { "flow\($0)" }
        var flows: [String: String] = [:]
        for name in names {
            flows[name] = "flow: \(name)\nsteps: [{id: a, decide: refund, with: {amount: 5}}]"
        }
        let full = FullStore()
        let texts = flows
        try await VirtualTime.run { time in
            let world = try await RunWorld(time, flows: texts, store: full)
            var runs: [Identifier] = []
            for number in 0..<(names.count * Limits.readyOfFlow) {
                runs.append(try await world.start(names[number % names.count]))
            }
            #expect(runs.count > Limits.readyPage)
            full.fill()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await world.driver.run() }
                try await time.sleep(for: .milliseconds(4_500))
                // Five looks.
                #expect(full.refused >= Limits.readyPage)
                #expect(full.refused <= 6 * runs.count)
                full.empty()
                for run in runs { #expect(try await world.run(run).state == .completed) }
                world.driver.stop()
                try await group.waitForAll()
            }
        }
    }

    /// A store that says after ten seconds that it takes nothing, as a locked one does.
    private final class LockedStore: WrappingStore {
        let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
        private let time: VirtualTime
        private let isLocked = Mutex(false)

        init(_ time: VirtualTime) { self.time = time }

        func lock() { isLocked.withLock { $0 = true } }
        func unlock() { isLocked.withLock { $0 = false } }

        func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
            guard isLocked.withLock({ $0 }) else { return try await store.commit(changes) }
            do {
                try await time.sleep(for: .seconds(10))
            } catch {
                throw StoreError(.unavailable, "it was not waited for")
            }
            throw StoreError(.unavailable, "another process holds the store")
        }
    }

    @Test func `of many who want one run nobody waits for the store more than once`()
        async throws
    {
        try await VirtualTime.run { time in
            let locked = LockedStore(time)
            let flow = "flow: pick\nsteps: [{id: pick, work: {kind: pick}}]"
            let world = try await RunWorld(time, flows: ["pick": flow], store: locked)
            let id = try await world.start("pick")
            locked.lock()
            let begun = time.now
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        let error = await #expect(throws: EngineError.self) {
                            try await world.desk.act(.pause, on: id, by: "ada")
                        }
                        #expect(error?.code == .store)
                    }
                }
            }
            #expect(time.now - begun < .seconds(11))
            locked.unlock()
            let item = try await world.desk.claimWork(
                kinds: ["pick"],
                by: "w",
                limit: 1,
                lease: nil
            )
            #expect(item.map(\.run) == [id])
        }
    }
}
