import Runs
import Storage
import TestSupport
import Testing
import Values

/// What stores know of steps that wait for a rate.
struct RunRateTests {
    private typealias F = RunFixture
    private let stores: RunStores

    init() throws { stores = try RunStores() }

    private func wait(_ name: String, _ seconds: Int64) -> ActiveStep.State {
        .waiting(.rate(name, until: F.now + .seconds(seconds)))
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `the last moment promised by a rate is known, and its moment makes a step due`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        #expect(try await store.lastPromise(of: "f/a") == nil)
        try await store.insert(F.run(1), F.step(0, wait("f/a", 5)))
        try await store.insert(F.run(2), F.step(0, wait("f/a", 9)))
        try await store.insert(F.run(3), F.step(0, wait("f/b", 90)))
        try await store.insert(F.run(4), F.step(0, .waiting(.timer(F.now + .seconds(50)))))
        #expect(try await store.lastPromise(of: "f/a") == F.now + .seconds(9))
        #expect(try await store.lastPromise(of: "f/b") == F.now + .seconds(90))
        let due = try await store.due(by: F.now + .seconds(6), limit: 9)
        #expect(due.map(\.run) == [F.id(1)])
        #expect(try await store.readyRuns().isEmpty)
        // One that stands still keeps nobody waiting.
        try await store.change(F.id(2)) { $0.state = .paused }
        #expect(try await store.lastPromise(of: "f/a") == F.now + .seconds(5))
        let read = try await store.run(F.id(1))
        #expect(read?.active[0]?.state == wait("f/a", 5))
    }

    @Test(arguments: RunStores.Kind.allCases)
    func
        `a queued run that was told of a slot passes it on when it ends before its rate lets it begin`(
            kind: RunStores.Kind
        ) async throws
    {
        let store = try stores.store(kind)
        let slot = Run.slotStep
        let running = try await store.insert(F.run(1, key: "k"), F.step(0))
        let first = F.run(2, key: "k", state: .queued)
        let second = F.run(3, key: "k", state: .queued)
        try await store.insert(first, F.step(slot, .waiting(.slot("k"))))
        try await store.insert(second, F.step(slot, .waiting(.slot("k")), after: 1))
        try await store.change(running.id) {
            $0.state = .completed
            $0.active = [:]
        }
        #expect(try await store.contents(of: first.id) == [.slotFree])
        #expect(try await store.contents(of: second.id).isEmpty)
        // It takes that in, and waits for its rate.
        let before = try #require(try await store.run(first.id))
        var after = before
        after.active[slot]?.state = wait("f/", 5)
        after.active[slot]?.epoch += 1
        let taken = try await store.signals(of: [first.id], limit: 9)
        let write = RunWrite(after, after: before, taken: taken)
        #expect(try await store.commit(write).isCommitted)
        #expect(try await store.slots("k") == SlotCount(underway: 0, queued: 2))
        #expect(try await store.contents(of: second.id).isEmpty)
        try await store.change(first.id) {
            $0.state = .cancelled
            $0.active = [:]
        }
        #expect(try await store.contents(of: second.id) == [.slotFree])
    }
}
