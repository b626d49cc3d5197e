import Access
import Decisions
import Foundation
import Storage
@testable import StorageSQLite
import TestSupport
import Testing
import Values

/// What every store keeps of models: tallies, breakers, and answers that may be given again.
struct ModelStoreTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "stepgate-\(UUID().uuidString)").path

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func store(_ kind: StoreTests.Kind) throws -> any Store {
        let secret = [UInt8](repeating: 1, count: 32)
        return switch kind {
        case .memory: MemoryStore(secret: secret)
        case .sqlite: try SQLiteStore(folder + "/store.db", mode: .engine, secret: secret)
        }
    }

    private func tally(_ model: String, at instant: Instant, cost: Int64 = 7) -> CallTally {
        var tally = CallTally(CallTally.Key(at: instant, policy: "p", model: model))
        tally.calls = 1
        tally.attempts = 2
        tally.answered = 1
        tally.cost = cost
        tally.failures = ["unavailable": 1]
        tally.latency.add(.milliseconds(20))
        return tally
    }

    private func change(_ number: UInt64, _ tallies: [CallTally]) -> Change {
        var change = StoreFixture.decided(number)
        change.tallies = tallies
        return change
    }

    @Test(arguments: StoreTests.Kind.allCases)
    func `tallies of one quarter, policy and model are added up, whatever commit they came in`(
        kind: StoreTests.Kind
    ) async throws {
        let store = try store(kind)
        let now = StoreFixture.now
        _ = try await store.commit([
            change(1, [tally("a", at: now), tally("b", at: now)]), change(2, [tally("a", at: now)]),
        ])
        _ = try await store.commit([change(3, [tally("a", at: now + .seconds(1))])])
        _ = try await store.commit([change(4, [tally("a", at: now + .seconds(900))])])
        let all = try await store.tallies(since: now - .seconds(900))
        #expect(all.count == 3)
        let first = try #require(
            all.first { $0.key == CallTally.Key(at: now, policy: "p", model: "a") }
        )
        #expect(first.calls == 3)
        #expect(first.attempts == 6)
        #expect(first.cost == 21)
        #expect(first.failures == ["unavailable": 3])
        #expect(first.latency.total == 3)
        let later = try await store.tallies(since: first.key.quarter + .seconds(900))
        #expect(later.map(\.calls) == [1])
    }

    @Test(arguments: StoreTests.Kind.allCases)
    func `a change that is refused adds nothing`(kind: StoreTests.Kind) async throws {
        let store = try store(kind)
        _ = try await store.commit([change(1, [tally("a", at: StoreFixture.now)])])
        let results = try await store.commit([change(1, [tally("a", at: StoreFixture.now)])])
        if case .committed? = results.first { Issue.record("it was taken twice") }
        #expect(
            try await store.tallies(since: StoreFixture.now - .seconds(900)).map(\.calls) == [1]
        )
    }

    @Test(arguments: StoreTests.Kind.allCases)
    func `of a model's breaker the last word stands`(kind: StoreTests.Kind) async throws {
        let store = try store(kind)
        let now = StoreFixture.now
        let open = ModelState(model: "a", breaker: .open, since: now, until: now + .seconds(10))
        var first = StoreFixture.decided(1)
        first.models = [open, ModelState(model: "b", breaker: .halfOpen, since: now)]
        _ = try await store.commit([first])
        #expect(
            try await store.models() == [
                open, ModelState(model: "b", breaker: .halfOpen, since: now),
            ]
        )
        var second = StoreFixture.decided(2)
        second.models = [ModelState(model: "a", breaker: .closed, since: now + .seconds(11))]
        _ = try await store.commit([second])
        #expect(try await store.models().map(\.breaker) == [.closed, .halfOpen])
    }

    @Test(arguments: StoreTests.Kind.allCases)
    func `an answer is kept until it expires, and the later one stands`(
        kind: StoreTests.Kind
    ) async throws {
        let store = try store(kind)
        let now = StoreFixture.now
        func answer(_ body: String) -> KeptAnswer {
            KeptAnswer(
                key: Digest(of: [1]),
                version: "m-1",
                body: Array(body.utf8),
                keptAt: now,
                expiresAt: now + .seconds(60)
            )
        }
        #expect(try await store.keptAnswer(Digest(of: [1]), at: now) == nil)
        try await store.keep(answer("one"))
        try await store.keep(answer("two"))
        #expect(try await store.keptAnswer(Digest(of: [1]), at: now) == answer("two"))
        #expect(try await store.keptAnswer(Digest(of: [2]), at: now) == nil)
        #expect(try await store.keptAnswer(Digest(of: [1]), at: now + .seconds(60)) == nil)
    }

    @Test(arguments: StoreTests.Kind.allCases)
    func `a token is found by its digest, and the later word on it stands`(
        kind: StoreTests.Kind
    ) async throws {
        let store = try store(kind)
        let now = StoreFixture.now
        var token = AccessToken(
            id: StoreFixture.id(1),
            name: "bot",
            role: .agent,
            policies: ["p", "q"],
            digest: AccessToken.digest(of: "sgt_1"),
            createdAt: now,
            expiresAt: now + .seconds(60),
            rate: Rate("6000/m:20")
        )
        let entry = Entry(.administered, decision: nil, at: now, facts: JSONObject())
        _ = try await store.commit([Change(entries: [entry], token: token)])
        #expect(try await store.token(AccessToken.digest(of: "sgt_1")) == token)
        #expect(try await store.token(AccessToken.digest(of: "sgt_2")) == nil)
        token.revokedAt = now + .seconds(1)
        _ = try await store.commit([Change(entries: [entry], token: token)])
        #expect(try await store.tokens() == [token])
        #expect(try await store.verified().isWhole)
    }

    @Test func `a store of the first schema is brought up and keeps what it has`() async throws {
        let path = folder + "/old.db"
        let old = try SQLiteConnection(path, readOnly: false)
        try StoreSchema.configure(old)
        try old.execute(String(decoding: StoreSchema.migrations[0].sql, as: UTF8.self))
        try old.execute("PRAGMA application_id=\(0x5347_4154); PRAGMA user_version=1")
        try old.run(
            "INSERT INTO store VALUES ('secret', ?)",
            [.blob([UInt8](repeating: 9, count: 32))]
        )
        try old.run("INSERT INTO scopes (name) VALUES ('before')")
        let store = try SQLiteStore(path, mode: .engine, secret: [UInt8](repeating: 1, count: 32))
        #expect(try await store.secret() == [UInt8](repeating: 9, count: 32))
        _ = try await store.commit([change(2, [tally("a", at: StoreFixture.now)])])
        #expect(try await store.tallies(since: StoreFixture.now - .seconds(900)).count == 1)
        #expect(try await store.verified().isWhole)
        #expect(try old.row("SELECT count(*) FROM scopes")?[0].integer == 2)
        #expect(
            try old.row("PRAGMA user_version")?[0].integer == Int64(StoreSchema.migrations.count)
        )
    }
}
