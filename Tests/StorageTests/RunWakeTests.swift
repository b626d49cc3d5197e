import Decisions
import Runs
import Storage
import TestSupport
import Testing
import Values

/// What wakes a step, in every store.
struct RunWakeTests {
    private typealias F = RunFixture
    private let stores: RunStores

    init() throws { stores = try RunStores() }

    private func decision(_ number: UInt64, _ state: DecisionState) -> DecisionRecord {
        DecisionRecord(
            id: F.id(number),
            policy: "p",
            release: StoreFixture.release,
            key: nil,
            source: "run:x",
            caller: "c",
            createdAt: F.now,
            state: state
        )
    }

    private func change(_ write: DecisionWrite, _ runs: [RunWrite] = []) -> Change {
        Change(entries: [StoreFixture.entry(write.record)], decision: write, runs: runs)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `a call that comes for a run that stands still is kept`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let run = try await store.insert(F.run(1), F.step(0, .waiting(.callback)))
        func signal(_ wait: Wait) async throws -> Bool {
            try await store.signal(
                run.id,
                step: 0,
                .arrived(.inline(1)),
                ifWaiting: wait,
                keeping: []
            )
        }
        #expect(try await !signal(.event("paid")))
        #expect(try await !signal(.person))
        #expect(try await signal(.callback))
        #expect(try await !signal(.callback))
        #expect(try await store.readyRuns() == [run.id])
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `a step is woken when it is ready, or waits and something has come`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let wait = Wait.event("paid")
        let run = try await store.insert(
            F.run(1),
            F.step(0, .waiting(wait)),
            F.step(1, .leased(by: "w", until: F.now))
        )
        #expect(try await store.readyRuns().isEmpty)
        let other = Wait.event("sent")
        func signal(_ wait: Wait, _ body: JSON) async throws -> Bool {
            try await store.signal(
                run.id,
                step: 0,
                .arrived(.inline(body)),
                ifWaiting: wait,
                keeping: []
            )
        }
        #expect(try await !signal(other, 1))
        #expect(try await !signal(.event("e"), 1))
        #expect(try await signal(wait, 1))
        // The second to come is told that somebody was faster.
        #expect(try await !signal(wait, 2))
        #expect(try await store.readyRuns() == [run.id])
        let came = try await store.signals(of: [run.id], limit: 9)
        #expect(came.map(\.content) == [.arrived(.inline(1))])
        #expect(came.map(\.step) == [0])

        // Taken in, and still waiting: it sleeps again, and can be woken again.
        var after = run
        after.active[0]?.attempt = 1
        #expect(try await store.commit(RunWrite(after, after: run, taken: came)).isCommitted)
        #expect(try await store.readyRuns().isEmpty)
        #expect(try await signal(wait, 3))
        let again = try await store.signals(of: [run.id], limit: 9)
        #expect(again[0].number > came[0].number)

        // A step that ends takes with it what came for it.
        try await store.change(run.id) { $0.active[0] = nil }
        #expect(try await store.contents(of: run.id).isEmpty)
        try await store.change(run.id) { $0.active[0] = F.step(0, .waiting(wait)) }
        #expect(try await store.readyRuns().isEmpty)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `what is taken in from a step that is otherwise as it was lets it sleep`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let run = try await store.insert(F.run(1), F.step(0, .waiting(.event("e"))))
        let done = try await store.signal(
            run.id,
            step: 0,
            .arrived(.inline(1)),
            ifWaiting: .event("e"),
            keeping: []
        )
        #expect(done)
        let came = try await store.signals(of: [run.id], limit: 9)
        #expect(try await store.commit(RunWrite(run, after: run, taken: came)).isCommitted)
        #expect(try await store.readyRuns().isEmpty)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `a decision wakes its step in the transaction that makes it final`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let run = try await store.insert(F.run(1), F.step(0, .waiting(.decision(F.id(7)))))
        _ = try await store.commit([change(.insert(decision(7, .review), key: nil))])
        #expect(try await store.readyRuns().isEmpty)
        var record = try #require(try await store.decision(F.id(7)))
        record.state = .decided
        _ = try await store.commit([change(.update(record))])
        #expect(try await store.contents(of: run.id) == [.decided(F.id(7))])
        #expect(try await store.readyRuns() == [run.id])
        // An audit of what is final tells nobody again.
        record = try #require(try await store.decision(F.id(7)))
        _ = try await store.commit([change(.update(record))])
        #expect(try await store.contents(of: run.id).count == 1)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `a step that begins to wait for a decision which is final is woken at once`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let run = try await store.insert(F.run(1), F.step(0))
        _ = try await store.commit([change(.insert(decision(7, .failed), key: nil))])
        try await store.change(run.id) { $0.active[0]?.state = .waiting(.decision(F.id(7))) }
        #expect(try await store.contents(of: run.id) == [.decided(F.id(7))])

        // Likewise where the decision is made in the very transaction.
        let other = try await store.insert(F.run(2), F.step(0))
        var after = other
        after.active[0]?.state = .waiting(.decision(F.id(8)))
        let write = RunWrite(after, after: other)
        _ = try await store.commit([change(.insert(decision(8, .decided), key: nil), [write])])
        #expect(try await store.contents(of: other.id) == [.decided(F.id(8))])
        #expect(try await store.readyRuns() == [run.id, other.id])
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `a run that ends tells the step above, once for each time it ends`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let parent = try await store.insert(
            F.run(1),
            F.step(2, .waiting(.children)),
            F.step(3, .waiting(.event("e")))
        )
        let good = try await store.insert(F.run(2, parent: parent, step: 2), F.step(0))
        let bad = try await store.insert(F.run(3, parent: parent, step: 2), F.step(0))
        let lost = try await store.insert(F.run(4, parent: parent, step: 9), F.step(0))
        try await store.change(good.id) { ($0.active, $0.state) = ([:], .completed) }
        try await store.change(bad.id) {
            ($0.active, $0.state, $0.reason) = ([:], .failed, "no money")
        }
        try await store.change(lost.id) { ($0.active, $0.state) = ([:], .cancelled) }
        try await store.change(good.id) { $0.reason = "noted" }
        let told = try await store.signals(of: [parent.id], limit: 9)
        #expect(told.map(\.step) == [2, 2])
        #expect(
            told.map(\.content) == [
                .childEnded(good.id, succeeded: true, nil),
                .childEnded(bad.id, succeeded: false, StepFailure("child", "no money")),
            ]
        )
        #expect(try await store.signals(of: [parent.id], limit: 1) == [told[0]])
        #expect(try await store.readyRuns() == [parent.id])
        // Undone from above, it ends a second time.
        try await store.change(good.id) { $0.state = .undoing }
        try await store.change(good.id) { $0.state = .cancelled }
        #expect(try await store.contents(of: parent.id).count == 3)
    }

    private func queued(_ number: UInt64) -> Run {
        F.run(number, key: "f/k", state: .queued)
    }

    private func slot(_ number: UInt64) -> ActiveStep {
        F.step(Run.slotStep, .waiting(.slot("f/k")), after: Int64(number))
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `a slot that is free goes to the longest queued that knows of none`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        for number in 1...2 as ClosedRange<UInt64> {
            try await store.insert(F.run(number, key: "f/k"), F.step(0))
        }
        // Queued in another order than they were made.
        for (number, at) in [(13, 3), (11, 5), (12, 4), (14, 6)] as [(UInt64, UInt64)] {
            try await store.insert(queued(number), slot(at))
        }
        #expect(try await store.slots("f/k") == SlotCount(underway: 2, queued: 4))
        #expect(try await store.slots("f/other") == SlotCount(underway: 0, queued: 0))
        // The first has looked before and found nothing, which costs it no place.
        try await store.change(F.id(13)) { $0.active[Run.slotStep]?.since = F.now + .seconds(99) }
        // One that is held is passed over, and has nothing to pass on.
        try await store.change(F.id(12)) { $0.state = .paused }
        for number in 1...2 as ClosedRange<UInt64> {
            try await store.change(F.id(number)) { ($0.active, $0.state) = ([:], .completed) }
        }
        #expect(try await store.contents(of: F.id(13)) == [.slotFree])
        #expect(try await store.contents(of: F.id(12)).isEmpty)
        #expect(try await store.contents(of: F.id(11)) == [.slotFree])
        #expect(try await store.contents(of: F.id(14)).isEmpty)
        // Who stands still with a slot in hand passes it on, and looks again when it goes on.
        try await store.change(F.id(11)) { $0.state = .paused }
        #expect(try await store.contents(of: F.id(14)) == [.slotFree])
        try await store.change(F.id(12)) { $0.state = .queued }
        #expect(try await store.contents(of: F.id(12)) == [.slotFree])
        #expect(try await store.readyRuns() == [F.id(13), F.id(12), F.id(14)])
        // Who is cancelled in the queue passes on what it was told, and nothing otherwise.
        try await store.insert(queued(15), slot(15))
        try await store.insert(queued(16), slot(16))
        try await store.change(F.id(15)) { ($0.active, $0.state) = ([:], .cancelled) }
        #expect(try await store.contents(of: F.id(16)).isEmpty)
        try await store.change(F.id(13)) { ($0.active, $0.state) = ([:], .cancelled) }
        #expect(try await store.contents(of: F.id(16)) == [.slotFree])
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `what is assumed of the slots is looked at in the transaction`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        func start(_ number: UInt64, free: Bool, limit: Int = 2) async throws -> CommitResult {
            let check = SlotCheck(key: "f/k", limit: limit, expectFree: free)
            var run = free ? F.run(number, key: "f/k") : queued(number)
            run.active[0] = free ? F.step(0) : slot(number)
            return try await store.commit(RunWrite(run, after: nil, slot: check))
        }
        #expect(try await start(1, free: false) == .stale)
        #expect(try await start(1, free: true).isCommitted)
        #expect(try await start(2, free: true).isCommitted)
        #expect(try await start(3, free: true) == .stale)
        #expect(try await store.run(F.id(3)) == nil)
        try await store.insert(queued(3), slot(3))
        let first = try await store.change(F.id(1)) { ($0.active, $0.state) = ([:], .completed) }
        #expect(first.state.isFinal)
        // A new one goes behind the one that is queued, which finds the slot free.
        #expect(try await start(4, free: true) == .stale)
        let waiting = try #require(try await store.run(F.id(3)))
        var begun = waiting
        begun.state = .running
        begun.active = [0: F.step(0)]
        func begin(_ limit: Int) async throws -> CommitResult {
            let check = SlotCheck(key: "f/k", limit: limit, expectFree: true)
            return try await store.commit(RunWrite(begun, after: waiting, slot: check))
        }
        #expect(try await begin(1) == .stale)
        #expect(try await begin(2).isCommitted)
        // The one that makes room in the same change does not count.
        let old = try #require(try await store.run(F.id(2)))
        var gone = old
        (gone.active, gone.state) = ([:], .cancelled)
        let check = SlotCheck(key: "f/k", limit: 2, expectFree: true)
        let new = RunWrite(F.run(5, key: "f/k"), after: nil, slot: check)
        #expect(try await store.commit(RunWrite(gone, after: old), new).isCommitted)
    }
}
