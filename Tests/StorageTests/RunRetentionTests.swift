import Runs
import Storage
import TestSupport
import Testing
import Values

/// What is forgotten of runs, and what never is, in every store.
struct RunRetentionTests {
    private typealias F = RunFixture
    private let stores: RunStores
    private let kept = KeptResource(digest: Digest(of: [1]), bytes: [1])
    private let shared = KeptResource(digest: Digest(of: [2]), bytes: [2])

    init() throws { stores = try RunStores() }

    /// A tree of an outermost run, two below it and one below the first of these.
    private func tree(_ store: any Store, from first: UInt64) async throws {
        var root = F.run(first)
        root.fields = ["amount": .int(Int64(first))]
        root.history = 1
        let event = HistoryEvent(number: 1, event: .begun, at: F.now, chance: 0)
        let write = RunWrite(root, after: nil, event: event, resources: [kept, shared])
        #expect(try await store.commit(write).isCommitted)
        let middle = try await store.insert(F.run(first + 1, parent: root))
        try await store.insert(F.run(first + 2, parent: root))
        try await store.insert(F.run(first + 3, parent: middle, each: 0))
    }

    private func end(
        _ store: any Store,
        _ numbers: ClosedRange<UInt64>,
        _ state: RunState = .completed
    ) async throws {
        for number in numbers { try await store.change(F.id(number)) { $0.state = state } }
    }

    private func forget(
        _ store: any Store,
        before seconds: Int64 = 3_600,
        _ states: Set<RunState> = [.completed, .failed],
        limit: Int = 100
    ) async throws -> Int {
        try await store.forgetRuns(
            endedBefore: F.now + .seconds(seconds),
            states: states,
            limit: limit
        )
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `a tree goes whole once all of it has ended, and nothing of a live one`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        try await tree(store, from: 10)
        try await tree(store, from: 20)
        try await tree(store, from: 30)
        try await end(store, 10...13)
        try await end(store, 20...22)
        // 23 is live, deep below an outermost run that has ended; 30 is live above ended ones.
        try await end(store, 31...33)
        #expect(try await forget(store, before: -1) == 0)
        #expect(try await forget(store, [.failed]) == 0)
        #expect(try await forget(store) == 4)
        #expect(try await forget(store) == 0)
        #expect(try await store.runs(RunQuery()).count == 8)
        #expect(try await store.history(of: F.id(10), from: 1, limit: 9).isEmpty)
        #expect(try await store.history(of: F.id(20), from: 1, limit: 9).count == 1)
        var query = RunQuery()
        query.conditions = [.init("amount", .equal, 10)]
        #expect(try await store.runs(query).isEmpty)
        query.sort = .field("amount", descending: false)
        query.conditions = []
        #expect(try await store.runs(query).map(\.id) == [F.id(20), F.id(30)])
        #expect(try await store.stageCounts(nil).reduce(0) { $0 + $1.count } == 8)

        try await end(store, 23...23, .cancelled)
        try await end(store, 30...30, .failed)
        #expect(try await forget(store) == 8)
        #expect(try await store.stageCounts(nil).isEmpty)
        #expect(try await store.resource(kept.digest) == nil)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `a large value stays while any tree refers to it`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        try await tree(store, from: 10)
        let other = RunWrite(F.run(50), after: nil, resources: [shared])
        #expect(try await store.commit(other).isCommitted)
        try await end(store, 10...13)
        #expect(try await forget(store) == 4)
        #expect(try await store.resource(kept.digest) == nil)
        #expect(try await store.resource(shared.digest) == [2])
        try await end(store, 50...50)
        #expect(try await forget(store) == 1)
        #expect(try await store.resource(shared.digest) == nil)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `a call forgets no more than it may, and a later one goes on`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        try await tree(store, from: 10)
        try await tree(store, from: 20)
        try await end(store, 10...13)
        try await end(store, 20...23)
        #expect(try await forget(store, limit: 3) == 3)
        #expect(try await store.run(F.id(10)) != nil)
        #expect(try await store.resource(kept.digest) == [1])
        #expect(try await forget(store, limit: 3) == 3)
        #expect(try await store.run(F.id(10)) == nil)
        #expect(try await forget(store, limit: 3) == 2)
        #expect(try await store.runs(RunQuery()).isEmpty)
        #expect(try await store.resource(kept.digest) == nil)
    }
}
