import Decisions
import Reviews
import Runs
import Storage
@testable import StorageSQLite
import TestSupport
import Testing
import Values

/// Who has a run: found by name, in every store.
struct RunOwnerTests {
    private typealias F = RunFixture
    private let stores: RunStores

    init() throws { stores = try RunStores() }

    private func owned(
        by name: String,
        in store: any Store,
        after seconds: Int64 = 0,
        _ set: (inout RunQuery) -> Void = { _ in }
    ) async throws -> [Identifier] {
        var query = RunQuery(limit: 10)
        query.owner = RunQuery.Owner(name, at: F.now + .seconds(seconds))
        query.sort = .oldest
        set(&query)
        return try await store.runs(query).map(\.id)
    }

    /// A run that waits for a review, which is 100 behind it.
    private func insertAsking(_ number: UInt64, in store: any Store) async throws {
        _ = try await store.commit([StoreFixture.reviewed(number)])
        var step = F.step(0, .waiting(.decision(StoreFixture.id(number))))
        step.decision = StoreFixture.id(number)
        try await store.insert(F.run(number), step)
    }

    private func change(
        _ number: UInt64,
        in store: any Store,
        _ change: (inout Review) -> Void
    ) async throws {
        var review = try #require(try await store.review(StoreFixture.id(number + 100)))
        change(&review)
        let entry = StoreFixture.entry(StoreFixture.record(number), .reviewClaimed)
        _ = try await store.commit([Change(entries: [entry], review: .update(review))])
    }

    private func seat(_ person: String, until seconds: Int64) -> Review.Seat {
        Review.Seat(
            person: person,
            epoch: 1,
            since: F.now,
            leaseUntil: F.now + .seconds(seconds)
        )
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `runs are found by the worker who claimed one of their steps`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let until = F.now + .seconds(60)
        let leased = ActiveStep.State.leased(by: "w1@bot", until: until)
        try await store.insert(F.run(1), F.step(0, leased, kind: "ocr"))
        try await store.insert(F.run(2), F.step(0, leased, kind: "ocr"), F.step(1))
        try await store.insert(
            F.run(3),
            F.step(0, .leased(by: "w2@bot", until: until), kind: "ocr")
        )
        // What the engine itself does is nobody's.
        try await store.insert(F.run(4), F.step(0, leased))
        try await store.insert(F.run(5), F.step(0, kind: "ocr"))
        #expect(try await owned(by: "w1@bot", in: store) == [F.id(1), F.id(2)])
        #expect(try await owned(by: "w1@bot", in: store) { $0.root = F.id(2) } == [F.id(2)])
        #expect(try await owned(by: "w1@bot", in: store) { $0.flow = "other" }.isEmpty)
        #expect(try await owned(by: "w1@bot", in: store) { $0.sort = .newest }.first == F.id(2))
        #expect(try await owned(by: "w1", in: store).isEmpty)
        try await store.change(F.id(2)) { $0.active[0] = nil }
        #expect(try await owned(by: "w1@bot", in: store) == [F.id(1)])
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `runs are found by who claimed the review they wait for, or was given it`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        for number in 1...3 as ClosedRange<UInt64> { try await insertAsking(number, in: store) }
        #expect(try await owned(by: "ann", in: store).isEmpty)
        try await change(1, in: store) { $0.seats = [seat("ann", until: 60)] }
        try await change(2, in: store) {
            $0.seats = [seat("ann", until: 60), seat("ben", until: 90)]
            $0.assignee = "ann"
        }
        #expect(try await owned(by: "ann", in: store) == [F.id(1), F.id(2)])
        #expect(try await owned(by: "ben", in: store) == [F.id(2)])
        // A claim ends; what was given stays.
        #expect(try await owned(by: "ann", in: store, after: 60) == [F.id(2)])
        // Who has approved has done what there was to do.
        try await change(2, in: store) {
            $0.seats[1].approved = StoreFixture.release
            $0.assignee = "cleo"
        }
        #expect(try await owned(by: "ben", in: store).isEmpty)
        #expect(try await owned(by: "cleo", in: store) == [F.id(2)])
        #expect(try await owned(by: "ann", in: store) == [F.id(1), F.id(2)])
        try await change(2, in: store) { $0.state = .settled }
        #expect(try await owned(by: "cleo", in: store).isEmpty)
    }

    @Test func `who has what is known of reviews claimed before there was a list of it`()
        async throws
    {
        let store = try stores.store(.sqlite)
        for number in 1...3 as ClosedRange<UInt64> { try await insertAsking(number, in: store) }
        try await change(1, in: store) { $0.seats = [seat("ann", until: 60)] }
        try await change(2, in: store) {
            $0.seats = [seat("ann", until: 60), seat("ben", until: 90)]
            $0.seats[1].approved = StoreFixture.release
            $0.assignee = "ann"
        }
        try await change(3, in: store) { ($0.assignee, $0.state) = ("ann", .settled) }
        await (store as? SQLiteStore)?.close()
        let connection = try SQLiteConnection(stores.path, readOnly: false)
        let all = "SELECT * FROM review_people ORDER BY review, person"
        let before = try connection.rows(all)
        #expect(before.count == 2)
        try connection.execute("DROP TABLE review_people; PRAGMA user_version=11")
        let again = try SQLiteStore(
            stores.path,
            mode: .oneShot,
            secret: [UInt8](repeating: 1, count: 32)
        )
        #expect(try connection.rows(all) == before)
        await again.close()
    }
}
