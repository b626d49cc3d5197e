import Decisions
import Foundation
import Reviews
import Storage
import StorageSQLite
import TestSupport
import Testing
import Values

/// What every store must do; a new one passes this or does not exist.
struct StoreTests {
    enum Kind: CaseIterable, Sendable { case memory, sqlite }

    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "stepgate-\(UUID().uuidString)").path

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func store(_ kind: Kind) throws -> any Store {
        let secret = [UInt8](repeating: 1, count: 32)
        return switch kind {
        case .memory: MemoryStore(secret: secret)
        case .sqlite: try SQLiteStore(folder + "/store.db", mode: .engine, secret: secret)
        }
    }

    @Test(arguments: Kind.allCases) func `an empty log has the empty head`(kind: Kind) async throws
    {
        #expect(try await store(kind).head() == .empty)
    }

    @Test(arguments: Kind.allCases) func `entries are numbered without a gap and chained`(
        kind: Kind
    ) async throws {
        let store = try store(kind)
        let results = try await store.commit((1...5).map { StoreFixture.decided($0) })
        #expect(results.count == 5)
        let log = try await store.wholeLog()
        #expect(log.map(\.sequence) == [1, 2, 3, 4, 5])
        #expect(results.last == .committed(try await store.head()))
        let verification = try await store.verified()
        #expect(verification.isWhole)
        #expect(verification.payloadParts == 10)
        let bare = try await store.bareEntries(from: 3, limit: 2)
        #expect(bare.map(\.sequence) == [3, 4])
        #expect(bare.map(\.bytes) == log[2...3].map(\.bytes))
        #expect(try await store.bareEntries(from: 6, limit: 2).isEmpty)
    }

    @Test(arguments: Kind.allCases) func `the oldest open review of each queue is found`(
        kind: Kind
    ) async throws {
        let store = try store(kind)
        #expect(try await store.oldestReviews(limit: 10).isEmpty)
        for number in UInt64(1)...6 {
            _ = try await store.commit([
                Change(
                    entries: [StoreFixture.entry(StoreFixture.record(number), .reviewOpened)],
                    review: .insert(StoreFixture.review(number, of: number))
                )
            ])
        }
        #expect(
            try await store.oldestReviews(limit: 10).map(\.id) == [
                StoreFixture.id(2), StoreFixture.id(1),
            ]
        )
        var settled = try #require(try await store.review(StoreFixture.id(1)))
        settled.withdraw()
        _ = try await store.commit([
            Change(
                entries: [StoreFixture.entry(StoreFixture.record(1), .withdrawn)],
                review: .update(settled)
            )
        ])
        #expect(
            try await store.oldestReviews(limit: 10).map(\.id) == [
                StoreFixture.id(2), StoreFixture.id(3),
            ]
        )
        #expect(try await store.oldestReviews(limit: 1).map(\.terms.queue) == ["q0"])
    }

    @Test(arguments: Kind.allCases) func `a decision is found with its links and its version`(
        kind: Kind
    ) async throws {
        let store = try store(kind)
        _ = try await store.commit([StoreFixture.decided(1), StoreFixture.decided(2)])
        let record = try #require(try await store.decision(StoreFixture.id(2)))
        #expect(record.version == 1)
        #expect(record.links.last == 2)
        #expect(record.links.input == 2)
        #expect(record.links.output == 2)
        #expect(try await store.payload("/input", of: record.links.input) == ["n": 2])
        #expect(try await store.decision(StoreFixture.id(3)) == nil)
    }

    @Test(arguments: Kind.allCases) func `a change made from an old version leaves no trace`(
        kind: Kind
    ) async throws {
        let store = try store(kind)
        _ = try await store.commit([StoreFixture.decided(1)])
        var fresh = try #require(try await store.decision(StoreFixture.id(1)))
        var old = fresh
        old.version = 0
        fresh.state = .rejected
        old.state = .failed
        let entry = StoreFixture.entry(fresh, .reviewDecided)
        let review = StoreFixture.review(7, of: 1)
        let results = try await store.commit([
            Change(entries: [entry], decision: .update(old), review: .insert(review)),
            Change(entries: [entry], decision: .update(fresh)),
            Change(entries: [entry], decision: .update(fresh)),
        ])
        #expect(results[0] == .stale)
        #expect(results[2] == .stale)
        #expect(try await store.wholeLog().count == 2)
        #expect(try await store.review(review.id) == nil)
        let after = try #require(try await store.decision(StoreFixture.id(1)))
        #expect(after.state == .rejected)
        #expect(after.version == 2)
        let entries = try await store.entries(of: after)
        #expect(entries.map(\.sequence) == [1, 2])
    }

    @Test(arguments: Kind.allCases) func `a key is claimed once, in one commit or in two`(
        kind: Kind
    ) async throws {
        let store = try store(kind)
        var other = StoreFixture.decided(1)
        let record = StoreFixture.record(9)
        if case .insert(_, let key)? = other.decision { other.decision = .insert(record, key: key) }
        let results = try await store.commit([StoreFixture.decided(1), other])
        guard case .keyTaken(let id, let body) = results[1] else {
            Issue.record("\(results[1])")
            return
        }
        #expect(id == StoreFixture.id(1))
        let claimed = try await store.claimed(scope: "job", keys: ["k1", "k9"])
        #expect(claimed.keys.sorted() == ["k1"])
        #expect(claimed["k1"]?.body == body)
        #expect(claimed["k1"]?.output == ["yes": true])
        #expect(try await store.claimed(scope: "another", keys: ["k1"]).isEmpty)
        #expect(try await store.decision(record.id) == nil)
        let again = try await store.commit([StoreFixture.decided(1)])
        #expect(again == [.keyTaken(by: StoreFixture.id(1), body: body)])
        #expect(try await store.wholeLog().count == 1)
        var same = StoreFixture.decided(1)
        if case .insert(let record, _)? = same.decision {
            let key = KeyClaim(scope: "job", key: "new", body: .zero)
            same.decision = .insert(record, key: key)
        }
        #expect(try await store.commit([same]) == [.stale])
        #expect(try await store.claimed(scope: "job", keys: ["new"]).isEmpty)
    }

    @Test(arguments: Kind.allCases) func `decisions are listed newest first, filtered and paged`(
        kind: Kind
    ) async throws {
        let store = try store(kind)
        for number in 1...9 as ClosedRange<UInt64> {
            let state: DecisionState = number % 3 == 0 ? .asking : .decided
            let record = StoreFixture.record(number, state: state, policy: "p\(number % 2)")
            _ = try await store.commit([
                Change(
                    entries: [StoreFixture.entry(record)],
                    decision: .insert(record, key: nil)
                )
            ])
        }
        func numbers(_ query: DecisionQuery) async throws -> [UInt64] {
            try await store.decisions(query).map { record in
                (1...9).first { StoreFixture.id($0) == record.id } ?? 0
            }
        }
        var query = DecisionQuery(limit: 4)
        #expect(try await numbers(query) == [9, 8, 7, 6])
        query.before = StoreFixture.id(6)
        #expect(try await numbers(query) == [5, 4, 3, 2])
        query = DecisionQuery()
        query.policy = "p1"
        query.states = [.decided]
        #expect(try await numbers(query) == [7, 5, 1])
        let asking = try await store.asking(after: StoreFixture.id(3), limit: 5)
        #expect(asking.map(\.id) == [StoreFixture.id(6), StoreFixture.id(9)])
    }

    @Test(arguments: Kind.allCases) func `reviews are listed oldest first, and change by version`(
        kind: Kind
    ) async throws {
        let store = try store(kind)
        for number in 1...4 as ClosedRange<UInt64> {
            _ = try await store.commit([StoreFixture.reviewed(number)])
        }
        var review = try #require(try await store.review(StoreFixture.id(101)))
        #expect(review.version == 1)
        review.state = .settled
        let change = Change(
            entries: [StoreFixture.entry(StoreFixture.record(1), .reviewDecided)],
            review: .update(review)
        )
        let results = try await store.commit([change, change])
        #expect(results[1] == .stale)
        let open = try await store.reviews(ReviewQuery())
        #expect(open.map(\.id) == [102, 103, 104].map { StoreFixture.id($0) })
        var query = ReviewQuery()
        query.states = []
        query.queue = "q1"
        #expect(try await store.reviews(query).count == 2)
        query.decision = StoreFixture.id(3)
        #expect(try await store.reviews(query).map(\.id) == [StoreFixture.id(103)])
    }

    @Test(arguments: Kind.allCases) func `a release is kept whole, and again without harm`(
        kind: Kind
    ) async throws {
        let store = try store(kind)
        let release = StoredRelease(
            digest: StoreFixture.release,
            files: ["a.yaml": [1, 2], "b": []]
        )
        let note = ReleaseNote(
            release: release.digest,
            keptAt: StoreFixture.now,
            person: "ada",
            text: "the first"
        )
        func keep(_ note: ReleaseNote) async throws {
            let entry = StoreFixture.entry(StoreFixture.record(1), .administered)
            let change = Change(entries: [entry], kept: KeptRelease(release, note))
            _ = try await store.commit([change])
        }
        try await keep(note)
        let again = ReleaseNote(
            release: release.digest,
            keptAt: StoreFixture.now + .seconds(1),
            person: "bob",
            text: nil
        )
        try await keep(again)
        #expect(try await store.releaseNotes(limit: 10) == [note])
        #expect(try await store.release(release.digest) == release)
        #expect(try await store.release(.zero) == nil)
        #expect(try await store.secret().count == 32)
    }

    @Test(arguments: Kind.allCases)
    func `a request's key is known for a day at least, and is then free`(
        kind: Kind
    ) async throws {
        let store = try store(kind)
        func step(_ number: UInt64, _ key: String, hours: Int64) -> Change {
            let record = DecisionRecord(
                id: StoreFixture.id(number),
                policy: "p",
                release: StoreFixture.release,
                key: key,
                source: "api",
                caller: "c",
                createdAt: StoreFixture.now + .seconds(hours * 3_600),
                state: .decided
            )
            let claim = KeyClaim(scope: "token:1/p", key: key, body: .zero, lifetime: .day)
            return Change(
                entries: [StoreFixture.entry(record)],
                decision: .insert(record, key: claim)
            )
        }
        _ = try await store.commit([step(1, "a", hours: 0), StoreFixture.decided(2, scope: "job")])
        let taken = CommitResult.keyTaken(by: StoreFixture.id(1), body: .zero)
        for hours in [0, 1, 12, 24, 23] as [Int64] {
            #expect(try await store.commit([step(3, "a", hours: hours)]) == [taken])
        }
        let known = try await store.claimed(scope: "token:1/p", keys: ["a", "b"])
        #expect(known.mapValues(\.record.id) == ["a": StoreFixture.id(1)])
        // Others' days go by, in each of which the same key is one step.
        for day in 2...9 as ClosedRange<Int64> {
            let first = step(UInt64(day) * 10, "a", hours: day * 48)
            let again = step(UInt64(day) * 10 + 1, "a", hours: day * 48 + 23)
            let results = try await store.commit([first, again])
            #expect(results.first?.isCommitted == true)
            #expect(
                results.last == .keyTaken(by: StoreFixture.id(UInt64(day) * 10), body: .zero)
            )
        }
        // A job's is known for ever.
        #expect(try await store.claimed(scope: "job", keys: ["k2"]).count == 1)
        #expect(try await store.claimed(scope: "token:1/p", keys: ["a"]).count == 1)
    }

    @Test(arguments: Kind.allCases) func `promotions are numbered without a gap, the last is live`(
        kind: Kind
    ) async throws {
        let store = try store(kind)
        #expect(try await store.promotions(limit: 1).isEmpty)
        func change(_ promotion: Promotion) -> Change {
            Change(
                entries: [StoreFixture.entry(StoreFixture.record(1), .administered)],
                promotion: promotion
            )
        }
        let first = Promotion.of(
            StoreFixture.release,
            over: nil,
            .promoted,
            by: "ada",
            at: StoreFixture.now
        )
        let second = Promotion.of(
            .zero,
            over: first,
            .watched,
            by: "ada",
            at: StoreFixture.now
        )
        let other = Promotion.of(.zero, over: nil, .promoted, by: "bob", at: StoreFixture.now)
        let results = try await store.commit([change(first), change(other), change(second)])
        #expect(results.map(\.isCommitted) == [true, false, true])
        #expect(results[1] == .stale)
        #expect(try await store.promotions(limit: 10) == [second, first])
        #expect(try await store.promotions(limit: 1) == [second])
        #expect(try await store.promotion(1) == first)
        #expect(try await store.promotion(3) == nil)
        #expect(try await store.head().count == 2)
    }

    @Test(arguments: Kind.allCases) func `many who commit at once make one chain`(
        kind: Kind
    ) async throws {
        let store = try store(kind)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...500 as ClosedRange<UInt64> {
                group.addTask {
                    let results = try await store.commit([StoreFixture.decided(number)])
                    #expect(results.count == 1)
                    #expect(try await store.decision(StoreFixture.id(number)) != nil)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await store.head().count == 500)
        #expect(try await store.verified().isWhole)
    }
}

extension CommitResult {
    var isCommitted: Bool {
        if case .committed = self { return true }
        return false
    }
}
