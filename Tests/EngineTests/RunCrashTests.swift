import Decisions
import Models
import Runs
import Storage
import Synchronization
import TestSupport
import Testing
import Values

@testable import Engine

/// An engine dies at every commit of a whole process, before it or just after it; the next one goes
/// on with the same store.
@Suite struct RunCrashTests {
    /// A store whose engine dies at one of its commits: from then on nothing gets through.
    private final class DyingStore: WrappingStore {
        enum Moment: CaseIterable { case before, after }

        private struct State {
            var commits = 0
            var isDead = false
        }

        let store: MemoryStore
        private let at: Int
        private let moment: Moment
        private let state = Mutex(State())

        init(_ store: MemoryStore, at: Int, _ moment: Moment) {
            (self.store, self.at, self.moment) = (store, at, moment)
        }

        var isDead: Bool { state.withLock { $0.isDead } }

        func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
            let dies = try state.withLock { state throws(StoreError) -> Bool in
                try Self.check(state)
                state.commits += 1
                state.isDead = state.commits == at
                return state.isDead
            }
            if dies, moment == .before { throw Self.gone }
            let results = try await store.commit(changes)
            if dies { throw Self.gone }
            return results
        }

        func run(_ id: Identifier) async throws(StoreError) -> Run? {
            try check()
            return try await store.run(id)
        }

        func ready(
            kind: String?,
            perFlow: Int,
            limit: Int
        ) async throws(StoreError) -> [StepPlace] {
            try check()
            return try await store.ready(kind: kind, perFlow: perFlow, limit: limit)
        }

        func due(by now: Instant, limit: Int) async throws(StoreError) -> [StepPlace] {
            try check()
            return try await store.due(by: now, limit: limit)
        }

        private func check() throws(StoreError) {
            try state.withLock { state throws(StoreError) in try Self.check(state) }
        }

        private static func check(_ state: State) throws(StoreError) {
            if state.isDead { throw gone }
        }

        private static let gone = StoreError(.unavailable, "the engine is dead")
    }

    private static let flows = [
        "all": """
        flow: all
        input: {amount: number, tags(array): string}
        steps:
          - {id: triage, decide: refund, with: {amount: "${{ input.amount }}"}}
          - id: pay
            http: {method: POST, url: https://pay.example/x, body: {n: 1}}
            retry: {attempts: 3, backoff: 1s..2s}
          - id: items
            each:
              in: input.tags
              as: tag
              limit: 2
              do: [{id: one, decide: refund, with: {amount: "${{ input.amount }}"}}]
          - {id: nap, sleep: 1m}
          - {id: call, flow: below, with: {amount: "${{ input.amount }}"}}
          - {id: pick, work: {kind: pick}, timeout: 20s}
        """,
        "below": """
        flow: below
        input: {amount: number}
        steps: [{id: ask, decide: refund, with: input}]
        """,
    ]

    @Test(.timeLimit(.minutes(10)))
    func `whenever the engine dies, the next one ends the run as if nothing had happened`()
        async throws
    {
        for moment in DyingStore.Moment.allCases {
            var commit = 1
            while try await dies(at: commit, moment) { commit += 1 }
            #expect(commit > 15, "the process has so many commits")
        }
    }

    /// Whether the engine died before the process had ended.
    private func dies(at commit: Int, _ moment: DyingStore.Moment) async throws -> Bool {
        let calls = Calls()
        let transport = FakeTransport { call throws(TransportError) in
            let key = call.headers.first { $0.name == "idempotency-key" }
            if case .plain(let text)? = key?.value { calls.note(text) }
            return HTTPReply(status: 200, body: [])
        }
        return try await VirtualTime.run { time in
            let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
            let dying = DyingStore(store, at: commit, moment)
            let first = try await RunWorld(
                time,
                flows: Self.flows,
                store: dying,
                transport: transport
            )
            try await Self.work(first) { dying.isDead }
            let second = try await RunWorld(
                time,
                flows: Self.flows,
                store: store,
                transport: transport,
                seed: 2
            )
            try await Self.work(second) { false }
            try await Self.check(store, calls, "\(moment) commit \(commit)")
            return dying.isDead
        }
    }

    /// Starts the process, does its work, and returns when it has ended or the engine is dead.
    private static func work(
        _ world: RunWorld,
        until isDead: @escaping @Sendable () -> Bool
    ) async throws {
        let start = RunStart(
            flow: "all",
            input: ["amount": 5, "tags": ["a", "b", "c"]],
            key: .init(scope: "test", key: "k"),
            caller: "ann"
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await world.service.run() }
            group.addTask { await world.driver.run() }
            group.addTask {
                defer {
                    world.driver.stop()
                    world.service.stop()
                }
                for _ in 0..<600 where !isDead() {
                    do {
                        _ = try await world.desk.start(start)
                        let items = try await world.desk.claimWork(
                            kinds: ["pick"],
                            by: "w",
                            limit: 1,
                            lease: nil
                        )
                        for item in items {
                            _ = try await world.desk.completeWork(
                                item.run,
                                step: item.number,
                                epoch: item.epoch,
                                output: "done"
                            )
                        }
                        var query = RunQuery()
                        query.kinds = [.root]
                        if try await world.store.runs(query).allSatisfy(\.state.isFinal) { return }
                    } catch is EngineError {
                        // A caller tries again, with the same key.
                    }
                    try await world.time.sleep(for: .seconds(1))
                }
            }
            try await group.waitForAll()
        }
    }

    private static func check(_ store: MemoryStore, _ calls: Calls, _ what: String) async throws {
        let roots = try await store.runs(RunQuery()).filter { $0.kind == .root }
        #expect(roots.count == 1, "\(what): one run for one key")
        let root = try #require(roots.first)
        let run = try #require(try await store.run(root.id))
        #expect(run.state == .completed, "\(what): \(run.state) \(run.reason ?? "")")
        #expect(run.output == .inline("done"))
        let decisions = try await store.decisions(DecisionQuery())
        #expect(decisions.count == 5, "\(what): each step decided once")
        #expect(Set(calls.all).count == 1, "\(what): every call has the step's one key")
        #expect((1...2).contains(calls.count), "\(what): called again where its end was lost")
    }
}
