import Decisions
import Runs
import Storage
@testable import StorageSQLite
import TestSupport
import Testing
import Values

/// What every store keeps of the states and stages that runs came into.
struct RunChangeTests {
    private typealias F = RunFixture
    private let stores: RunStores

    init() throws { stores = try RunStores() }

    private func told(
        _ store: any Store,
        after number: Int64 = 0
    ) async throws -> [RunChange] {
        try await store.runChanges(after: number, limit: 10_000)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `each state and stage a run comes into is kept with the transition, in order`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        #expect(try await store.lastRunChange() == 0)
        #expect(try await told(store).isEmpty)
        var run = F.run(1)
        run.stage = "triage"
        try await store.insert(run, F.step(0))
        // How it goes on within a stage is its history's.
        try await store.change(run.id) { $0.active[0]?.epoch = 2 }
        try await store.change(run.id) { $0.active[1] = F.step(1) }
        try await store.change(run.id) { run in
            run.stage = "payout"
            run.stageSince = F.now + .seconds(5)
            run.updatedAt = F.now + .seconds(5)
        }
        try await store.change(run.id) { run in
            run.state = .paused
            run.reason = "step pay: no such account"
        }
        try await store.change(run.id) { run in
            run.state = .running
            run.reason = nil
        }
        try await store.change(run.id) { run in
            run.state = .completed
            run.active = [:]
        }
        let changes = try await told(store)
        #expect(changes.map(\.number) == [1, 2, 3, 4, 5])
        #expect(changes.map(\.kind) == [.started, .stage, .paused, .resumed, .completed])
        #expect(changes.map(\.version) == [1, 4, 5, 6, 7])
        #expect(changes.map(\.state) == [.running, .running, .paused, .running, .completed])
        #expect(
            changes[2]
                == RunChange(
                    number: 3,
                    kind: .paused,
                    at: F.now + .seconds(5),
                    run: run.id,
                    root: run.id,
                    flow: "f",
                    caller: "c",
                    state: .paused,
                    stage: "payout",
                    stageSince: F.now + .seconds(5),
                    reason: "step pay: no such account",
                    version: 5
                )
        )
        #expect(try await told(store, after: 3) == Array(changes[3...]))
        #expect(try await store.runChanges(after: 1, limit: 2) == Array(changes[1...2]))
        #expect(try await told(store, after: 5).isEmpty)
        #expect(try await store.lastRunChange() == 5)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `sub-flows are told of when they begin, and the items of a list never`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let root = try await store.insert(F.run(1))
        let below = F.run(2, flow: "sub", parent: root)
        try await store.insert(below, F.step(Run.slotStep))
        #expect(try await told(store).map(\.run) == [root.id])
        try await store.change(below.id) { $0.active = [0: F.step(0)] }
        let item = try await store.insert(F.run(3, parent: root, each: 0))
        for state in [RunState.paused, .running, .completed] {
            try await store.change(item.id) { $0.state = state }
        }
        try await store.change(below.id) { $0.state = .cancelled }
        let changes = try await told(store)
        #expect(changes.map(\.kind) == [.started, .started, .cancelled])
        #expect(changes.map(\.run) == [root.id, below.id, below.id])
        #expect(changes.map(\.root) == [root.id, root.id, root.id])
        #expect(changes.map(\.flow) == ["f", "sub", "sub"])
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `what was not committed has no number`(kind: RunStores.Kind) async throws {
        let store = try stores.store(kind)
        let key = KeyClaim(scope: "s", key: "k", body: Digest(of: [1]), lifetime: .day)
        let first = RunWrite(F.run(1), after: nil, start: key)
        let again = RunWrite(F.run(2), after: nil, start: key)
        let stale = RunWrite(F.run(1), after: nil)
        let last = RunWrite(F.run(3), after: nil)
        // All in one transaction, of which some is taken back.
        let results = try await store.commit(
            [first, again, stale, last].map { Change(entries: [], runs: [$0]) }
        )
        #expect(results.map(\.isCommitted) == [true, false, false, true])
        let changes = try await told(store)
        #expect(changes.map(\.number) == [1, 2])
        #expect(changes.map(\.run) == [F.id(1), F.id(3)])
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `the latest are kept without a gap, and older ones go in lots`(
        kind: RunStores.Kind
    ) async throws {
        let secret = [UInt8](repeating: 1, count: 32)
        let kept = 20
        let store: any Store =
            switch kind {
            case .memory: MemoryStore(secret: secret, runChanges: kept)
            case .sqlite:
                try SQLiteStore(stores.path, mode: .engine, secret: secret, runChanges: kept)
            }
        let lot = Storage.Limits.runChangesLot
        for first in stride(from: UInt64(1), through: 2_401, by: 400) {
            let writes = (first..<first + 400).map { RunWrite(F.run($0), after: nil) }
            let change = Change(entries: [], runs: writes)
            #expect(try await store.commit([change]).allSatisfy(\.isCommitted))
            let changes = try await told(store)
            let last = Int64(first) + 399
            #expect(try await store.lastRunChange() == last)
            #expect(changes.map(\.number) == Array((changes.first?.number ?? 0)...last))
            #expect(changes.count >= min(kept, Int(last)))
            #expect(changes.count < kept + lot + 400)
        }
        // The numbers go on, and who asks for what is gone is given what comes after it.
        #expect((try await told(store).first?.number ?? 0) > Int64(lot))
    }

    @Test func `as many are kept as the limit says, however many there were`() async throws {
        let secret = [UInt8](repeating: 1, count: 32)
        let store = try SQLiteStore(stores.path, mode: .engine, secret: secret)
        let lot = Storage.Limits.runChangesLot
        let count = Storage.Limits.runChanges + lot - 1
        let connection = try SQLiteConnection(stores.path, readOnly: false)
        try connection.run(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM numbers WHERE n<?) "
                + "INSERT INTO run_changes SELECT n, 'run_started', 0, x'', x'', 'f', 'c', "
                + "'running', NULL, 0, NULL, 1 FROM numbers",
            [.integer(Int64(count))]
        )
        try await store.insert(F.run(1))
        let row = try connection.row("SELECT count(*), min(number) FROM run_changes")
        #expect(row?[0].integer == Int64(Storage.Limits.runChanges))
        #expect(row?[1].integer == Int64(lot + 1))
        #expect(try await store.lastRunChange() == Int64(count + 1))
    }

    @Test func `two processes give one row of numbers`() async throws {
        let secret = [UInt8](repeating: 1, count: 32)
        let engine = try SQLiteStore(stores.path, mode: .engine, secret: secret)
        let beside = try SQLiteStore(stores.path, mode: .oneShot, secret: secret)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...60 as ClosedRange<UInt64> {
                let store = number % 3 == 0 ? beside : engine
                group.addTask { try await store.insert(F.run(number)) }
            }
            try await group.waitForAll()
        }
        let changes = try await told(beside)
        #expect(changes.map(\.number) == Array(1...60))
        #expect(Set(changes.map(\.run)).count == 60)
        #expect(try await told(engine) == changes)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `nothing that was said of a run stays once it is forgotten`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        for number in [1, 2] as [UInt64] {
            try await store.insert(F.run(number))
            try await store.change(F.id(number)) { run in
                run.state = .failed
                run.reason = "secret \(number)"
                if number == 2 { run.updatedAt = F.now + .seconds(7_200) }
            }
        }
        let forgotten = try await store.forgetRuns(
            endedBefore: F.now + .seconds(3_600),
            states: [.failed],
            limit: 9
        )
        #expect(forgotten == 1)
        let changes = try await told(store)
        #expect(changes.map(\.number) == [1, 2, 3, 4])
        #expect(changes.map(\.reason) == [nil, nil, nil, "secret 2"])
    }

    // MARK: What a transition is told as

    private func kind(_ before: Run?, _ change: (inout Run) -> Void) -> RunChange.Kind? {
        var run = before ?? F.run(1)
        change(&run)
        return RunWrite(run, after: before).changeKind
    }

    @Test func `a new run is queued or started, or has ended at once`() {
        #expect(kind(nil) { _ in } == .started)
        #expect(kind(nil) { $0.state = .completed } == .completed)
        #expect(kind(nil) { $0.state = .paused } == .paused)
        let slot = F.step(Run.slotStep, .waiting(.slot("k")))
        #expect(kind(nil) { ($0.state, $0.active[Run.slotStep]) = (.queued, slot) } == .queued)
        #expect(kind(nil) { $0.active[Run.slotStep] = F.step(Run.slotStep) } == nil)
    }

    @Test func `a queued run starts once, and goes on as any other`() {
        var queued = F.run(1, state: .queued)
        queued.active[Run.slotStep] = F.step(Run.slotStep, .waiting(.slot("k")))
        #expect(kind(queued) { ($0.state, $0.active) = (.running, [0: F.step(0)]) } == .started)
        #expect(kind(queued) { ($0.state, $0.active) = (.completed, [:]) } == .completed)
        #expect(kind(queued) { $0.state = .paused } == .paused)
        #expect(kind(queued) { $0.active[Run.slotStep]?.epoch += 1 } == nil)
        var held = queued
        held.state = .paused
        #expect(kind(held) { $0.state = .queued } == .resumed)
    }

    @Test(arguments: [
        (RunState.running, RunState.undoing, RunChange.Kind.undoing), (.running, .dead, .dead),
        (.running, .paused, .paused), (.paused, .running, .resumed), (.dead, .running, .resumed),
        (.completed, .undoing, .undoing), (.failed, .running, .resumed),
        (.undoing, .cancelled, .cancelled), (.running, .failed, .failed),
    ])
    func `a change of state is told by its word`(
        before: RunState,
        after: RunState,
        word: RunChange.Kind
    ) {
        // Its stage goes with it and is not told apart.
        #expect(kind(F.run(1, state: before)) { ($0.state, $0.stage) = (after, "x") } == word)
    }

    @Test func `a stage entered again is told again, and a dead letter while others go on`() {
        var run = F.run(1)
        run.stage = "a"
        run.active = [0: F.step(0), 1: F.step(1)]
        #expect(kind(run) { $0.stageSince = F.now + .seconds(9) } == .stage)
        #expect(kind(run) { $0.active[0]?.state = .waiting(.person) } == .deadLetter)
        run.active[0]?.state = .waiting(.person)
        #expect(kind(run) { $0.active[0]?.epoch = 9 } == nil)
        #expect(kind(run) { $0.active[0] = nil } == nil)
    }
}
