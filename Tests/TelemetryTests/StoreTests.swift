import Decisions
import Reviews
import Runs
import Storage
import Synchronization
import Telemetry
import TestSupport
import Testing
import Values

/// What is measured of a store: commits, what they decided, and whether it works.
struct StoreTests {
    /// A store that fails when told to.
    private final class FailingStore: WrappingStore {
        let store = MemoryStore(secret: [UInt8](repeating: 1, count: 32))
        private let failure = Mutex<StoreError?>(nil)

        func fail(_ error: StoreError?) { failure.withLock { $0 = error } }

        private func check() throws(StoreError) {
            if let error = failure.withLock({ $0 }) { throw error }
        }

        func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
            try check()
            return try await store.commit(changes)
        }

        func head() async throws(StoreError) -> ChainHead {
            try check()
            return try await store.head()
        }
    }

    private final class Clock: Sendable {
        private let time = Mutex(Duration.zero)
        var now: Duration { time.withLock { $0 } }
        func move(_ step: Duration) { time.withLock { $0 += step } }
    }

    private final class Lines: Sendable {
        private let state = Mutex<[JSON]>([])
        var events: [String] { state.withLock { $0.compactMap { $0["event"]?.string } } }
        var last: JSON? { state.withLock { $0.last } }

        func add(_ line: [UInt8]) -> Bool {
            guard let json = try? JSON.read(line) else { return false }
            state.withLock { $0.append(json) }
            return true
        }
    }

    private let inner = FailingStore()
    private let clock = Clock()
    private let lines = Lines()
    private let metrics = MetricRegistry()
    private let store: MeasuredStore

    init() {
        let instruments = Instruments(
            metrics: metrics,
            log: LogBook(
                .json,
                now: { StoreFixture.now },
                metrics: metrics,
                write: lines.add
            ),
            uptime: { [clock] in clock.now },
            version: "1"
        )
        store = MeasuredStore(inner, instruments)
    }

    private func decisions(_ state: String, route: String = "none") -> Double? {
        metrics.value(.decisions, Labels("p", route, state))
    }

    /// A change that brings a stored decision to a state.
    private func change(
        _ number: UInt64,
        to state: DecisionState,
        _ kind: Entry.Kind,
        review: ReviewWrite? = nil
    ) async throws -> Change {
        var record = try #require(try await store.decision(StoreFixture.id(number)))
        record.state = state
        return Change(
            entries: [StoreFixture.entry(record, kind)],
            decision: .update(record),
            review: review
        )
    }

    @Test func `runs that were forgotten are counted by their state`() async throws {
        let run = Run(
            id: StoreFixture.id(1),
            root: StoreFixture.id(1),
            plan: Run.Plan(flow: "f", release: .zero),
            parent: nil,
            caller: "c",
            startedAt: StoreFixture.now,
            input: .inline(.null),
            state: .failed
        )
        _ = try await store.commit([Change(entries: [], runs: [RunWrite(run, after: nil)])])
        for _ in 0..<2 {
            _ = try await store.forgetRuns(
                endedBefore: StoreFixture.now + .seconds(1),
                states: [.failed],
                limit: 10
            )
        }
        #expect(metrics.value(.runsForgotten, Labels("failed")) == 1)
    }

    @Test func `what is counted is what was committed`() async throws {
        _ = try await store.commit([StoreFixture.decided(1), StoreFixture.decided(2)])
        // The same key again, and a decision that is there already.
        _ = try await store.commit([StoreFixture.decided(1), StoreFixture.decided(3)])
        #expect(decisions("decided") == 3)
        #expect(metrics.value(.changes, Labels("committed")) == 3)
        #expect(metrics.value(.changes, Labels("key_taken")) == 1)
        #expect(metrics.value(.commitChanges) == 4)
        #expect(metrics.value(.commitWaiting) == 0)
        inner.fail(StoreError(.unavailable, "the disk is full"))
        await #expect(throws: StoreError.self) {
            try await store.commit([StoreFixture.decided(4)])
        }
        #expect(decisions("decided") == 3)
        #expect(metrics.value(.commitFailures, Labels("unavailable")) == 1)
        #expect(metrics.value(.commitWaiting) == 0)
    }

    @Test func `a decision is counted in each state it reaches, once`() async throws {
        let asking = StoreFixture.record(1, state: .asking)
        _ = try await store.commit([
            Change(
                entries: [StoreFixture.entry(asking, .accepted)],
                decision: .insert(asking, key: nil)
            )
        ])
        // A call that failed and waits is no other state.
        _ = try await store.commit([try await change(1, to: .asking, .modelCalled)])
        let review = StoreFixture.review(1, of: 1)
        let opened = try await change(1, to: .review, .reviewOpened, review: .insert(review))
        let lost = opened
        _ = try await store.commit([opened])
        // Made from what is no longer so.
        _ = try await store.commit([lost])
        let stored = try #require(try await store.review(review.id))
        let verdict = try await change(1, to: .decided, .reviewDecided, review: .update(stored))
        _ = try await store.commit([verdict])
        // What turned out to be right changes no state.
        _ = try await store.commit([try await change(1, to: .decided, .outcomeReported)])
        #expect(decisions("asking") == 1)
        #expect(decisions("review") == 1)
        #expect(decisions("decided") == 1)
        #expect(metrics.value(.changes, Labels("stale")) == 1)
    }

    @Test func `calls of models are counted from the tallies of the changes`() async throws {
        var change = StoreFixture.decided(1)
        var tally = CallTally(CallTally.Key(at: StoreFixture.now, policy: "p", model: "fast"))
        tally.calls = 3
        tally.answered = 2
        tally.cached = 1
        tally.failures = ["timeout": 2]
        tally.inputTokens = 100
        tally.cost = 2_500_000_000_000
        tally.latency.add(.milliseconds(40))
        change.tallies = [tally]
        _ = try await store.commit([change])
        #expect(metrics.value(.modelCalls, Labels("fast", "answered")) == 1)
        #expect(metrics.value(.modelCalls, Labels("fast", "cached")) == 1)
        #expect(metrics.value(.modelCalls, Labels("fast", "timeout")) == 2)
        #expect(metrics.value(.modelTokens, Labels("fast", "input")) == 100)
        #expect(metrics.value(.modelCost, Labels("fast")) == 2.5)
        let seconds = try #require(metrics.value(.modelSeconds, Labels("fast")))
        #expect(seconds >= 0.04 && seconds < 0.04 * 1.2)
    }

    @Test func `a store that fails is told once, and once when it works again`() async throws {
        inner.fail(StoreError(.unavailable, "the disk is full"))
        for _ in 0..<100 {
            clock.move(.milliseconds(10))
            _ = try? await store.commit([StoreFixture.decided(1)])
        }
        #expect(lines.events == ["store_failed"])
        #expect(lines.last?["act"] == "writing")
        #expect(lines.last?["message"] == "the disk is full")
        inner.fail(nil)
        _ = try await store.head()
        #expect(lines.events == ["store_failed"])
        for number in UInt64(1)...3 { _ = try await store.commit([StoreFixture.decided(number)]) }
        #expect(lines.events == ["store_failed", "store_recovered"])
        #expect(lines.last?["failures"] == 100)
        inner.fail(StoreError(.busy, "too much waits"))
        _ = try? await store.commit([StoreFixture.decided(9)])
        #expect(lines.events.count == 2)
        #expect(metrics.value(.commitFailures, Labels("busy")) == 1)
    }

    @Test func `a scrape tells how old what waits is, and a store that fails does not fail it`()
        async throws
    {
        let asking = StoreFixture.record(3, state: .asking)
        _ = try await store.commit([
            Change(
                entries: [StoreFixture.entry(asking, .accepted)],
                decision: .insert(asking, key: nil)
            ),
            Change(
                entries: [StoreFixture.entry(StoreFixture.record(4), .reviewOpened)],
                review: .insert(StoreFixture.review(4, of: 4))
            ),
        ])
        let scrape = Scrape(
            store: store,
            version: "1.2",
            uptime: { .seconds(5) },
            process: { ProcessFigures(residentBytes: 1_000, openFiles: 7) }
        )
        let always = [
            FoundValue(.buildInfo, Labels("1.2"), 1), FoundValue(.uptime, 5),
            FoundValue(.residentBytes, 1_000), FoundValue(.openFiles, 7),
        ]
        #expect(
            await scrape.found(at: StoreFixture.now + .seconds(90))
                == always + [
                    FoundValue(.logEntries, 2), FoundValue(.askingAge, 90),
                    FoundValue(.runDueLag, 0),
                    FoundValue(.queueAge, Labels("q0"), 90), FoundValue(.storeUp, 1),
                ]
        )
        inner.fail(StoreError(.unavailable, "the disk is gone"))
        #expect(await scrape.found(at: StoreFixture.now) == always + [FoundValue(.storeUp, 0)])
    }
}
