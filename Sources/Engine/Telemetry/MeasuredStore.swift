package import Access
package import Decisions
package import Reviews
package import Storage
internal import Synchronization
package import Values
package import Webhooks

/// A store whose commits are measured and counted, and whose failures are told.
package final class MeasuredStore: Store {
    /// Writing may fail while reading works, as on a full disk.
    private enum Act: String { case reading, writing }

    let store: any Store
    let instruments: Instruments
    private let health = Mutex<[Act: HealthMachine]>([:])

    package init(_ store: any Store, _ instruments: Instruments) {
        self.store = store
        self.instruments = instruments
    }

    package func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
        let metrics = instruments.metrics
        let began = instruments.uptime()
        let waiting = Double(changes.count)
        metrics.add(.commitWaiting, Labels(), waiting)
        defer { metrics.add(.commitWaiting, Labels(), -waiting) }
        do {
            let results = try await store.commit(changes)
            metrics.observe(.commitSeconds, time: instruments.uptime() - began)
            metrics.observe(.commitChanges, Labels(), waiting)
            metrics.observe(.commitBytes, Labels(), Double(changes.reduce(0) { $0 + $1.bytes }))
            for (change, result) in zip(changes, results) {
                metrics.count(change, result)
                guard case .committed = result else { continue }
                for write in change.runs { instruments.log.tell(write) }
            }
            worked(.writing)
            return results
        } catch {
            metrics.add(.commitFailures, Labels(error.code.rawValue))
            failed(.writing, error)
            throw error
        }
    }

    func read<Value>(
        _ work: () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        do {
            let value = try await work()
            worked(.reading)
            return value
        } catch {
            failed(.reading, error)
            throw error
        }
    }

    private func worked(_ act: Act) {
        let now = instruments.uptime()
        guard let recovery = health.withLock({ $0[act]?.worked(at: now) }) else { return }
        instruments.log.note(
            .info,
            "store_recovered",
            [
                ("act", .string(act.rawValue)), ("failures", .int(Int64(recovery.failures))),
                ("lasted_seconds", .double(recovery.lasted.seconds)),
            ]
        )
    }

    private func failed(
        _ act: Act,
        _ error: StoreError
    ) {
        // A full queue is load, and a closed store the end; neither is a failure of the store.
        if error.code == .busy || error.code == .notWritable { return }
        let now = instruments.uptime()
        guard health.withLock({ $0[act, default: HealthMachine()].failed(at: now) }) else { return }
        instruments.log.note(
            .error,
            "store_failed",
            [
                ("act", .string(act.rawValue)), ("code", .string(error.code.rawValue)),
                ("message", .string(error.message)),
            ]
        )
    }

    // MARK: Handed on

    package func head() async throws(StoreError) -> ChainHead {
        try await read { () async throws(StoreError) in try await store.head() }
    }

    package func decision(_ id: Identifier) async throws(StoreError) -> DecisionRecord? {
        try await read { () async throws(StoreError) in try await store.decision(id) }
    }

    package func decisions(_ query: DecisionQuery) async throws(StoreError) -> [DecisionRecord] {
        try await read { () async throws(StoreError) in try await store.decisions(query) }
    }

    package func claimed(
        scope: String,
        keys: [String]
    ) async throws(StoreError) -> [String: ClaimedDecision] {
        try await read { () async throws(StoreError) in
            try await store.claimed(scope: scope, keys: keys)
        }
    }

    package func asking(
        after: Identifier?,
        limit: Int
    ) async throws(StoreError) -> [DecisionRecord] {
        try await read { () async throws(StoreError) in
            try await store.asking(after: after, limit: limit)
        }
    }

    package func review(_ id: Identifier) async throws(StoreError) -> Review? {
        try await read { () async throws(StoreError) in try await store.review(id) }
    }

    package func reviews(_ query: ReviewQuery) async throws(StoreError) -> [Review] {
        try await read { () async throws(StoreError) in try await store.reviews(query) }
    }

    package func oldestReviews(limit: Int) async throws(StoreError) -> [Review] {
        try await read { () async throws(StoreError) in try await store.oldestReviews(limit: limit)
        }
    }

    package func entry(_ sequence: Int64) async throws(StoreError) -> StoredEntry? {
        try await read { () async throws(StoreError) in try await store.entry(sequence) }
    }

    package func entries(
        from sequence: Int64,
        limit: Int
    ) async throws(StoreError) -> [StoredEntry] {
        try await read { () async throws(StoreError) in
            try await store.entries(from: sequence, limit: limit)
        }
    }

    package func bareEntries(
        from sequence: Int64,
        limit: Int
    ) async throws(StoreError) -> [BareEntry] {
        try await read { () async throws(StoreError) in
            try await store.bareEntries(from: sequence, limit: limit)
        }
    }

    package func tallies(since: Instant) async throws(StoreError) -> [CallTally] {
        try await read { () async throws(StoreError) in try await store.tallies(since: since) }
    }

    package func models() async throws(StoreError) -> [ModelState] {
        try await read { () async throws(StoreError) in try await store.models() }
    }

    package func tokens() async throws(StoreError) -> [AccessToken] {
        try await read { () async throws(StoreError) in try await store.tokens() }
    }

    package func token(_ digest: Digest) async throws(StoreError) -> AccessToken? {
        try await read { () async throws(StoreError) in try await store.token(digest) }
    }

    package func keptAnswer(
        _ key: Digest,
        at now: Instant
    ) async throws(StoreError) -> KeptAnswer? {
        try await read { () async throws(StoreError) in try await store.keptAnswer(key, at: now) }
    }

    package func release(_ digest: Digest) async throws(StoreError) -> StoredRelease? {
        try await read { () async throws(StoreError) in try await store.release(digest) }
    }

    package func secret() async throws(StoreError) -> [UInt8] {
        try await read { () async throws(StoreError) in try await store.secret() }
    }

    package func callback(_ decision: Identifier) async throws(StoreError) -> Callback? {
        try await read { () async throws(StoreError) in
            try await store.callback(decision)
        }
    }

    package func callbacks(_ query: CallbackQuery) async throws(StoreError) -> [Callback] {
        try await read { () async throws(StoreError) in
            try await store.callbacks(query)
        }
    }

    package func callbacks(
        dueAt now: Instant,
        avoiding hosts: Set<String>,
        toEach: Int,
        limit: Int
    ) async throws(StoreError) -> [Callback] {
        try await read { () async throws(StoreError) in
            try await store.callbacks(dueAt: now, avoiding: hosts, toEach: toEach, limit: limit)
        }
    }

    package func keep(_ callbacks: [Callback]) async throws(StoreError) -> [Bool] {
        try await store.keep(callbacks)
    }
    package func keep(_ answer: KeptAnswer) async throws(StoreError) {
        try await store.keep(answer)
    }

    package func removal(of release: Digest) async throws(StoreError) -> ReleaseRemoval? {
        try await read { () async throws(StoreError) in
            try await store.removal(of: release)
        }
    }

    package func releaseNotes(limit: Int) async throws(StoreError) -> [ReleaseNote] {
        try await read { () async throws(StoreError) in
            try await store.releaseNotes(limit: limit)
        }
    }

    package func promotions(limit: Int) async throws(StoreError) -> [Promotion] {
        try await read { () async throws(StoreError) in
            try await store.promotions(limit: limit)
        }
    }

    package func promotion(_ number: Int64) async throws(StoreError) -> Promotion? {
        try await read { () async throws(StoreError) in
            try await store.promotion(number)
        }
    }
}

extension Change {
    /// Of its entries and their payload.
    fileprivate var bytes: Int {
        entries.reduce(0) { $0 + $1.canonicalBytes.count + $1.payloadBytes.count }
    }
}
