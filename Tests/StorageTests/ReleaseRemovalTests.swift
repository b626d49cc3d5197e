import Decisions
import Foundation
import Reviews
import Runs
import Storage
import StorageSQLite
import TestSupport
import Testing
import Values

/// When a release may be removed, and what cannot be of it from then on, in every store.
struct ReleaseRemovalTests {
    private typealias F = RunFixture
    private let stores: RunStores
    private let release = StoreFixture.release
    private let other = Digest(of: Array("other".utf8))

    init() throws { stores = try RunStores() }

    private func keep(
        _ store: any Store,
        _ release: Digest,
        _ files: [String: [UInt8]] = ["a": [1], "b": [2]]
    ) async throws {
        let kept = KeptRelease(
            StoredRelease(digest: release, files: files),
            ReleaseNote(release: release, keptAt: F.now, person: "ada", text: nil)
        )
        _ = try await store.commit([Change(entries: [entry()], kept: kept)])
    }

    private func entry() -> Entry { StoreFixture.entry(StoreFixture.record(1), .administered) }

    private func remove(_ store: any Store, _ release: Digest) async throws -> CommitResult {
        let removal = ReleaseRemoval(release: release, at: F.now, person: "bob")
        let change = Change(entries: [entry()], removal: removal)
        return try #require(try await store.commit([change]).first)
    }

    private func use(_ result: CommitResult) -> ReleaseUse? {
        if case .inUse(let use) = result { return use }
        return nil
    }

    private func promote(_ store: any Store, _ release: Digest) async throws -> CommitResult {
        let live = try await store.promotions(limit: 1).first
        let next = Promotion.of(release, over: live, .promoted, by: "ada", at: F.now)
        let change = Change(entries: [entry()], promotion: next)
        return try #require(try await store.commit([change]).first)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `a release that nothing needs goes with its files, those of others stay`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        #expect(try await remove(store, release) == .stale)
        try await keep(store, release)
        try await keep(store, other, ["a": [1], "c": [3]])
        #expect(try await store.removal(of: release) == nil)
        #expect(try await remove(store, release).isCommitted)
        #expect(try await store.release(release) == nil)
        #expect(try await store.release(other)?.files == ["a": [1], "c": [3]])
        #expect(try await store.releaseNotes(limit: 9).map(\.release) == [other])
        let removal = ReleaseRemoval(release: release, at: F.now, person: "bob")
        #expect(try await store.removal(of: release) == removal)
        #expect(try await store.wholeLog().count == 3)
        #expect(try await remove(store, release) == .removed(release))
        #expect(try await store.wholeLog().count == 3)
        try await keep(store, release)
        #expect(try await store.removal(of: release) == nil)
        #expect(try await store.release(release)?.files == ["a": [1], "b": [2]])
        #expect(try await remove(store, release).isCommitted)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `what is live and what a rollback returns to stay, and a removed one is passed over`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        let releases = (0..<3).map { Digest(of: [$0]) }
        for release in releases {
            try await keep(store, release)
            #expect(try await promote(store, release).isCommitted)
        }
        #expect(use(try await remove(store, releases[2]))?.isLive == true)
        let next = try #require(use(try await remove(store, releases[1])))
        #expect(next.isNext)
        #expect(!next.isLive)
        #expect(try await remove(store, releases[0]).isCommitted)
        // Over what was removed, the one below it is the next.
        try await keep(store, releases[0])
        #expect(try await promote(store, releases[1]).isCommitted)
        #expect(try await promote(store, releases[1]).isCommitted)
        #expect(try await remove(store, releases[2]).isCommitted)
        #expect(try await remove(store, releases[0]).isCommitted)
        let live = try #require(use(try await remove(store, releases[1])))
        #expect(live.isLive)
        #expect(live.isNext)
        #expect(try await promote(store, releases[0]) == .removed(releases[0]))
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `live runs keep their release, ten of them are named, and ended ones do not`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        try await keep(store, release)
        for number in 1...12 as ClosedRange<UInt64> { try await store.insert(F.run(number)) }
        let use = try #require(use(try await remove(store, release)))
        #expect(use.runCount == 12)
        #expect(use.runs.map(\.id) == (1...10).map { F.id($0) })
        #expect(use.asking == 0)
        for number in 1...12 as ClosedRange<UInt64> {
            try await store.change(F.id(number)) { $0.state = .cancelled }
        }
        #expect(try await remove(store, release).isCommitted)
        // Neither a new run nor an ended one that goes on is of it any more.
        #expect(try await store.commit(RunWrite(F.run(20), after: nil)) == .removed(release))
        let ended = try #require(try await store.run(F.id(1)))
        var again = ended
        again.state = .running
        #expect(try await store.commit(RunWrite(again, after: ended)) == .removed(release))
        #expect(try await store.run(F.id(1)) == ended)
        #expect(try await store.run(F.id(20)) == nil)
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `decisions being asked and open reviews keep it, audits too`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        try await keep(store, release)
        func insert(_ number: UInt64, _ state: DecisionState, _ review: Review?) async throws {
            let record = StoreFixture.record(number, state: state)
            let change = Change(
                entries: [StoreFixture.entry(record)],
                decision: .insert(record, key: nil),
                review: review.map { .insert($0) }
            )
            #expect(try await store.commit([change]).first?.isCommitted == true)
        }
        func settle(_ number: UInt64, _ review: UInt64?) async throws {
            var record = try #require(try await store.decision(StoreFixture.id(number)))
            record.state = .decided
            var settled: Review?
            if let review { settled = try await store.review(StoreFixture.id(review)) }
            settled?.state = .settled
            let change = Change(
                entries: [StoreFixture.entry(record)],
                decision: .update(record),
                review: settled.map { .update($0) }
            )
            #expect(try await store.commit([change]).first?.isCommitted == true)
        }
        try await insert(1, .asking, nil)
        try await insert(2, .review, StoreFixture.review(102, of: 2))
        try await insert(3, .decided, StoreFixture.review(103, of: 3))
        let all = try #require(use(try await remove(store, release)))
        #expect(all.asking == 1)
        #expect(all.reviewCount == 2)
        #expect(all.reviews == [StoreFixture.id(102), StoreFixture.id(103)])
        try await settle(1, nil)
        try await settle(2, 102)
        let audit = try #require(use(try await remove(store, release)))
        #expect((audit.asking, audit.reviewCount) == (0, 1))
        try await settle(3, 103)
        #expect(try await remove(store, release).isCommitted)
        // What is decided is there, and changes; nothing is new.
        #expect(try await store.decision(StoreFixture.id(1))?.release == release)
        try await settle(1, nil)
        #expect(try await store.commit([StoreFixture.decided(9)]) == [.removed(release)])
    }

    @Test(arguments: RunStores.Kind.allCases)
    func `of a run and a removal in one commit the first is done, the other is refused`(
        kind: RunStores.Kind
    ) async throws {
        let store = try stores.store(kind)
        try await keep(store, release)
        let start = Change(entries: [], runs: [RunWrite(F.run(1), after: nil)])
        let removal = Change(
            entries: [entry()],
            removal: ReleaseRemoval(release: release, at: F.now, person: "bob")
        )
        let first = try await store.commit([start, removal])
        #expect(first[0].isCommitted)
        #expect(use(first[1])?.runCount == 1)
        try await store.change(F.id(1)) { $0.state = .completed }
        let next = Change(entries: [], runs: [RunWrite(F.run(2), after: nil)])
        let second = try await store.commit([removal, next])
        #expect(second[0].isCommitted)
        #expect(second[1] == .removed(release))
    }
}
