import Decisions
import Reviews
import Runs
import Storage
import TestSupport
import Values

/// A process's way to the store, which fails as the weather says and tells the journal of all that
/// was written.
final class FaultyStore: WrappingStore {
    let store: MemoryStore
    private let process: SimulatedProcess
    private let weather: Weather
    private let clock: SettableClock
    private let journal: Journal

    init(
        _ store: MemoryStore,
        of process: SimulatedProcess,
        _ weather: Weather,
        _ clock: SettableClock,
        _ journal: Journal
    ) {
        self.store = store
        self.process = process
        self.weather = weather
        self.clock = clock
        self.journal = journal
    }

    func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
        try await pass()
        let fault = weather.write()
        let written =
            switch fault {
            case .none, .unanswered, .endsAfter: changes
            case .endsInside: Array(changes.prefix(changes.count / 2))
            case .refused, .endsBefore: [Change]()
            }
        let results = written.isEmpty ? [] : try await store.commit(written)
        for (change, result) in zip(written, results) {
            if case .committed = result { journal.committed(change) }
        }
        try end(fault)
        // Time stands still while somebody is at work, so who goes round and round is stopped here.
        if journal.findings.all.contains(where: { $0.invariant == .settles }) { process.kill() }
        try await pass()
        return results
    }

    func signal(
        _ run: Identifier,
        step: Int,
        _ content: Signal.Content,
        ifWaiting wait: Wait,
        keeping resources: [KeptResource]
    ) async throws(StoreError) -> Bool {
        try await pass()
        let fault = weather.write()
        var isTaken = false
        if fault != .refused, fault != .endsBefore {
            isTaken = try await store.signal(
                run,
                step: step,
                content,
                ifWaiting: wait,
                keeping: resources
            )
        }
        try end(fault)
        return isTaken
    }

    func extend(
        _ run: Identifier,
        step: Int,
        epoch: Int64,
        until: Instant
    ) async throws(StoreError) -> Bool {
        try await pass()
        let fault = weather.write()
        var isTaken = false
        if fault != .refused, fault != .endsBefore {
            isTaken = try await store.extend(run, step: step, epoch: epoch, until: until)
        }
        try end(fault)
        return isTaken
    }

    /// What the fault does once the writing is over.
    private func end(_ fault: Weather.Fault) throws(StoreError) {
        switch fault {
        case .none: return
        case .refused, .unanswered: break
        case .endsBefore, .endsInside, .endsAfter: process.kill()
        }
        throw StoreError(.unavailable, "the weather is bad: \(fault)")
    }

    /// Takes as long as the store takes; throws for a process that has ended.
    private func pass() async throws(StoreError) {
        try checkAlive()
        guard let delay = weather.delay() else { return }
        do throws(CancellationError) {
            try await clock.sleep(for: delay)
        } catch {
            throw StoreError(.unavailable, "the process is ending")
        }
        try checkAlive()
    }

    private func checkAlive() throws(StoreError) {
        if process.hasEnded { throw StoreError(.unavailable, "the process has ended") }
    }

    private func read() async throws(StoreError) {
        try await pass()
        if weather.failsRead() { throw StoreError(.unavailable, "the weather is bad") }
    }

    // MARK: Reading

    func run(_ id: Identifier) async throws(StoreError) -> Run? {
        try await read()
        return try await store.run(id)
    }

    func runs(_ ids: [Identifier]) async throws(StoreError) -> [Identifier: Run] {
        try await read()
        return try await store.runs(ids)
    }

    func runs(_ query: RunQuery) async throws(StoreError) -> [RunSummary] {
        try await read()
        return try await store.runs(query)
    }

    func ready(kind: String?, perFlow: Int, limit: Int) async throws(StoreError) -> [StepPlace] {
        try await read()
        return try await store.ready(kind: kind, perFlow: perFlow, limit: limit)
    }

    func due(by now: Instant, limit: Int) async throws(StoreError) -> [StepPlace] {
        try await read()
        return try await store.due(by: now, limit: limit)
    }

    func leases(after: StepKey?, limit: Int) async throws(StoreError) -> [StepPlace] {
        try await read()
        return try await store.leases(after: after, limit: limit)
    }

    func nextDue(after: Instant?) async throws(StoreError) -> Instant? {
        try await read()
        return try await store.nextDue(after: after)
    }

    func signals(of runs: [Identifier], limit: Int) async throws(StoreError) -> [Signal] {
        try await read()
        return try await store.signals(of: runs, limit: limit)
    }

    func slots(_ key: String) async throws(StoreError) -> SlotCount {
        try await read()
        return try await store.slots(key)
    }

    func resource(_ digest: Digest) async throws(StoreError) -> [UInt8]? {
        try await read()
        return try await store.resource(digest)
    }

    func decision(_ id: Identifier) async throws(StoreError) -> DecisionRecord? {
        try await read()
        return try await store.decision(id)
    }

    func review(_ id: Identifier) async throws(StoreError) -> Review? {
        try await read()
        return try await store.review(id)
    }
}
