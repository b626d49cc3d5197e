import Decisions
import Foundation
import Storage
import StorageSQLite
import TestSupport
import Testing
import Values
import Webhooks

/// What every store must do of the outbox.
struct CallbackStoreTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "stepgate-\(UUID().uuidString)").path
    private let now = StoreFixture.now

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func store(
        _ kind: StoreTests.Kind,
        mode: SQLiteStore.Mode = .engine
    ) throws -> any Store {
        let secret = [UInt8](repeating: 1, count: 32)
        return switch kind {
        case .memory: MemoryStore(secret: secret)
        case .sqlite: try SQLiteStore(folder + "/store.db", mode: mode, secret: secret)
        }
    }

    /// A decision that is new, in that state, with a callback.
    private func asked(
        _ number: UInt64,
        _ state: DecisionState,
        host: String = "example.com"
    ) throws -> Change {
        var record = StoreFixture.record(number, state: state)
        record.updatedAt = now + .seconds(Int64(number))
        return Change(
            entries: [StoreFixture.entry(record)],
            decision: .insert(record, key: nil),
            callback: Callback(
                decision: record.id,
                url: try CallbackURL("https://\(host)/\(number)"),
                token: StoreFixture.id(900)
            )
        )
    }

    private func due(
        _ store: any Store,
        after seconds: Int64 = 0,
        avoiding hosts: Set<String> = [],
        toEach: Int = 100,
        limit: Int = 100
    ) async throws -> [UInt64] {
        let found = try await store.callbacks(
            dueAt: now + .seconds(seconds),
            avoiding: hosts,
            toEach: toEach,
            limit: limit
        )
        return found.map { callback in
            (1...99).first { StoreFixture.id($0) == callback.decision } ?? 0
        }
    }

    @Test(arguments: StoreTests.Kind.allCases)
    func `a callback waits for its decision, and nothing is due before`(
        kind: StoreTests.Kind
    ) async throws {
        let store = try store(kind)
        _ = try await store.commit([try asked(1, .asking), StoreFixture.decided(2)])
        let kept = try #require(try await store.callback(StoreFixture.id(1)))
        #expect(kept.progress.state == .waiting)
        #expect(kept.url == "https://example.com/1")
        #expect(kept.host == "example.com:443")
        #expect(kept.token == StoreFixture.id(900))
        #expect(try await store.callback(StoreFixture.id(2)) == nil)
        #expect(try await due(store, after: 1_000).isEmpty)
    }

    @Test(arguments: StoreTests.Kind.allCases, [DecisionState.decided, .failed, .rejected])
    func `with a decision that is final at once it is due at once`(
        kind: StoreTests.Kind,
        state: DecisionState
    ) async throws {
        let store = try store(kind)
        _ = try await store.commit([try asked(1, state)])
        let kept = try #require(try await store.callback(StoreFixture.id(1)))
        #expect(kept.progress.state == .sending)
        #expect(kept.progress.finalAt == now + .seconds(1))
        #expect(kept.progress.nextAt == now + .seconds(1))
        #expect(try await due(store).isEmpty)
        #expect(try await due(store, after: 1) == [1])
    }

    @Test(
        arguments: StoreTests.Kind.allCases,
        [DecisionState.decided, .rejected, .failed, .withdrawn]
    )
    func `whatever write makes the decision final makes it due, in the same commit and once`(
        kind: StoreTests.Kind,
        state: DecisionState
    ) async throws {
        let store = try store(kind)
        _ = try await store.commit([try asked(1, .asking), try asked(2, .asking)])
        func update(_ state: DecisionState, _ seconds: Int64) async throws -> CommitResult? {
            var record = try #require(try await store.decision(StoreFixture.id(1)))
            record.state = state
            record.updatedAt = now + .seconds(seconds)
            let entry = StoreFixture.entry(record)
            return try await store.commit([Change(entries: [entry], decision: .update(record))])
                .first
        }
        _ = try await update(.review, 3)
        #expect(try await store.callback(StoreFixture.id(1))?.progress.state == .waiting)
        let waiting = try #require(try await store.callback(StoreFixture.id(1)))
        _ = try await update(state, 5)
        let kept = try #require(try await store.callback(StoreFixture.id(1)))
        #expect(kept.progress.state == .sending)
        #expect(kept.progress.finalAt == now + .seconds(5))
        #expect(kept.progress.nextAt == now + .seconds(5))
        #expect(try await due(store, after: 5) == [1])
        // What was made from the waiting one comes too late.
        #expect(try await store.keep([waiting]) == [false])
        // Later writes of a final decision, such as a reported outcome, do not send it again.
        _ = try await update(state, 9)
        #expect(try await store.callback(StoreFixture.id(1)) == kept)
        #expect(try await store.callback(StoreFixture.id(2))?.progress.state == .waiting)
    }

    @Test(arguments: StoreTests.Kind.allCases)
    func `a change that is refused leaves neither a callback nor one that is due`(
        kind: StoreTests.Kind
    ) async throws {
        let store = try store(kind)
        _ = try await store.commit([try asked(1, .asking)])
        var old = StoreFixture.record(1)
        old.version = 9
        let results = try await store.commit([
            Change(entries: [StoreFixture.entry(old)], decision: .update(old)),
            try asked(1, .decided),
        ])
        #expect(results == [.stale, .stale])
        #expect(try await store.callback(StoreFixture.id(1))?.progress.state == .waiting)
        var key = try asked(2, .decided)
        let claim = KeyClaim(scope: "s", key: "k", body: .zero)
        if case .insert(let record, _)? = key.decision {
            key.decision = .insert(record, key: claim)
        }
        var again = try asked(3, .decided)
        if case .insert(let record, _)? = again.decision {
            again.decision = .insert(record, key: claim)
        }
        _ = try await store.commit([key, again])
        #expect(try await store.callback(StoreFixture.id(2)) != nil)
        #expect(try await store.callback(StoreFixture.id(3)) == nil)
    }

    @Test(arguments: StoreTests.Kind.allCases)
    func `what is due comes host by host, the longest due first, so many to each and in all`(
        kind: StoreTests.Kind
    ) async throws {
        let store = try store(kind)
        _ = try await store.commit([
            try asked(4, .decided), try asked(2, .decided, host: "slow.example"),
            try asked(3, .decided), try asked(1, .decided), try asked(9, .decided),
        ])
        #expect(try await due(store, after: 5) == [1, 3, 4, 2])
        #expect(try await due(store, after: 5, limit: 2) == [1, 3])
        #expect(try await due(store, after: 5, toEach: 1) == [1, 2])
        #expect(try await due(store, after: 5, toEach: 2, limit: 3) == [1, 3, 2])
        #expect(try await due(store, after: 2) == [1, 2])
        #expect(try await due(store, after: 5, avoiding: ["slow.example:443"]) == [1, 3, 4])
        let both: Set = ["slow.example:443", "example.com:443"]
        #expect(try await due(store, after: 5, avoiding: both).isEmpty)
    }

    @Test(arguments: StoreTests.Kind.allCases)
    func `a callback is kept with its progress, where it has not changed since it was read`(
        kind: StoreTests.Kind
    ) async throws {
        let store = try store(kind)
        _ = try await store.commit([try asked(1, .decided), try asked(2, .decided)])
        var claim = try #require(try await store.callback(StoreFixture.id(1)))
        let other = try #require(try await store.callback(StoreFixture.id(2)))
        let old = claim
        claim.claim(at: now, lease: .seconds(60))
        #expect(try await store.keep([]) == [])
        #expect(try await store.keep([claim, other]) == [true, true])
        #expect(try await store.keep([old, claim]) == [false, false])
        #expect(try await store.callback(StoreFixture.id(1)) == claim.next)
        #expect(try await due(store, after: 59) == [2])
        #expect(try await due(store, after: 60) == [2, 1])
        var failed = claim.next
        failed.record(.failed("nothing listens"), at: now + .seconds(2), chance: 0)
        #expect(try await store.keep([failed]) == [true])
        #expect(try await store.callback(StoreFixture.id(1)) == failed.next)
        var delivered = failed.next
        delivered.record(.answered(status: 204, retryAfter: nil), at: now, chance: 0)
        #expect(try await store.keep([delivered]) == [true])
        #expect(try await store.callback(StoreFixture.id(1)) == delivered.next)
        #expect(try await due(store, after: 100_000) == [2])
    }

    @Test(arguments: StoreTests.Kind.allCases)
    func `callbacks are listed by state, those of the newest decisions first`(
        kind: StoreTests.Kind
    ) async throws {
        let store = try store(kind)
        _ = try await store.commit(try (1...5).map { try asked($0, .decided) })
        _ = try await store.commit([try asked(6, .review)])
        for number in [2, 4] as [UInt64] {
            var callback = try #require(try await store.callback(StoreFixture.id(number)))
            while callback.progress.state == .sending {
                callback.record(.failed("x"), at: now, chance: 0)
            }
            #expect(try await store.keep([callback]) == [true])
        }
        func listed(_ query: CallbackQuery) async throws -> [Identifier] {
            try await store.callbacks(query).map(\.decision)
        }
        var query = CallbackQuery(limit: 4)
        #expect(try await listed(query) == [6, 5, 4, 3].map { StoreFixture.id($0) })
        query.before = StoreFixture.id(3)
        #expect(try await listed(query) == [2, 1].map { StoreFixture.id($0) })
        query = CallbackQuery()
        query.state = .exhausted
        #expect(try await listed(query) == [4, 2].map { StoreFixture.id($0) })
        query.state = .waiting
        #expect(try await listed(query) == [StoreFixture.id(6)])
    }

    @Test func `another process makes it final, and this one finds it due`() async throws {
        let engine = try store(.sqlite)
        _ = try await engine.commit([try asked(1, .review)])
        let desk = try store(.sqlite, mode: .oneShot)
        var record = try #require(try await desk.decision(StoreFixture.id(1)))
        record.state = .decided
        record.updatedAt = now + .seconds(7)
        _ = try await desk.commit([
            Change(entries: [StoreFixture.entry(record)], decision: .update(record))
        ])
        #expect(try await due(engine, after: 7) == [1])
    }
}
