package import Runs
package import Storage
package import Values

extension MeasuredStore {
    package func run(_ id: Identifier) async throws(StoreError) -> Run? {
        try await read { () async throws(StoreError) in
            try await store.run(id)
        }
    }

    package func runs(_ ids: [Identifier]) async throws(StoreError) -> [Identifier: Run] {
        try await read { () async throws(StoreError) in
            try await store.runs(ids)
        }
    }

    package func runs(_ query: RunQuery) async throws(StoreError) -> [RunSummary] {
        try await read { () async throws(StoreError) in
            try await store.runs(query)
        }
    }

    package func children(
        of run: Identifier,
        step: Int,
        live: Bool,
        after: Identifier?,
        limit: Int
    ) async throws(StoreError) -> [RunSummary] {
        try await read { () async throws(StoreError) in
            try await store.children(of: run, step: step, live: live, after: after, limit: limit)
        }
    }

    package func runs(on release: Digest, limit: Int) async throws(StoreError) -> [RunSummary] {
        try await read { () async throws(StoreError) in
            try await store.runs(on: release, limit: limit)
        }
    }

    package func claimedRun(scope: String, key: String) async throws(StoreError) -> ClaimedRun? {
        try await read { () async throws(StoreError) in
            try await store.claimedRun(scope: scope, key: key)
        }
    }

    package func stageCounts(_ flow: String?) async throws(StoreError) -> [StageCount] {
        try await read { () async throws(StoreError) in
            try await store.stageCounts(flow)
        }
    }

    package func slots(_ key: String) async throws(StoreError) -> SlotCount {
        try await read { () async throws(StoreError) in
            try await store.slots(key)
        }
    }

    package func ready(
        kind: String?,
        perFlow: Int,
        limit: Int
    ) async throws(StoreError) -> [StepPlace] {
        try await read { () async throws(StoreError) in
            try await store.ready(kind: kind, perFlow: perFlow, limit: limit)
        }
    }

    package func due(by now: Instant, limit: Int) async throws(StoreError) -> [StepPlace] {
        try await read { () async throws(StoreError) in
            try await store.due(by: now, limit: limit)
        }
    }

    package func leases(after: StepKey?, limit: Int) async throws(StoreError) -> [StepPlace] {
        try await read { () async throws(StoreError) in
            try await store.leases(after: after, limit: limit)
        }
    }

    package func nextDue(after: Instant?) async throws(StoreError) -> Instant? {
        try await read { () async throws(StoreError) in
            try await store.nextDue(after: after)
        }
    }

    package func waiters(
        kind: String,
        key: String,
        after: StepPlace?,
        limit: Int
    ) async throws(StoreError) -> [StepPlace] {
        try await read { () async throws(StoreError) in
            try await store.waiters(kind: kind, key: key, after: after, limit: limit)
        }
    }

    package func waitKey(
        kind: String,
        after: String,
        before: String
    ) async throws(StoreError) -> String? {
        try await read { () async throws(StoreError) in
            try await store.waitKey(kind: kind, after: after, before: before)
        }
    }

    package func lastPromise(of rate: String) async throws(StoreError) -> Instant? {
        try await read { () async throws(StoreError) in
            try await store.lastPromise(of: rate)
        }
    }

    package func signals(of runs: [Identifier], limit: Int) async throws(StoreError) -> [Signal] {
        try await read { () async throws(StoreError) in
            try await store.signals(of: runs, limit: limit)
        }
    }

    package func history(
        of run: Identifier,
        from number: Int64,
        limit: Int
    ) async throws(StoreError) -> [HistoryEvent] {
        try await read { () async throws(StoreError) in
            try await store.history(of: run, from: number, limit: limit)
        }
    }

    package func runChanges(
        after number: Int64,
        limit: Int
    ) async throws(StoreError) -> [RunChange] {
        try await read { () async throws(StoreError) in
            try await store.runChanges(after: number, limit: limit)
        }
    }

    package func lastRunChange() async throws(StoreError) -> Int64 {
        try await read { () async throws(StoreError) in
            try await store.lastRunChange()
        }
    }

    package func resource(_ digest: Digest) async throws(StoreError) -> [UInt8]? {
        try await read { () async throws(StoreError) in
            try await store.resource(digest)
        }
    }

    package func signal(
        _ run: Identifier,
        step: Int,
        _ content: Signal.Content,
        ifWaiting wait: Wait,
        keeping resources: [KeptResource]
    ) async throws(StoreError) -> Bool {
        try await store.signal(run, step: step, content, ifWaiting: wait, keeping: resources)
    }

    package func extend(
        _ run: Identifier,
        step: Int,
        epoch: Int64,
        until: Instant
    ) async throws(StoreError) -> Bool {
        try await store.extend(run, step: step, epoch: epoch, until: until)
    }

    package func checkRuns(mending: Bool) async throws(StoreError) -> [RowFault] {
        try await store.checkRuns(mending: mending)
    }

    package func forgetRuns(
        endedBefore: Instant,
        states: Set<RunState>,
        limit: Int
    ) async throws(StoreError) -> Int {
        let forgotten = try await store.forgetRuns(
            endedBefore: endedBefore,
            states: states,
            limit: limit
        )
        if forgotten > 0 {
            let state = states.map(\.rawValue).sorted().joined(separator: ",")
            instruments.metrics.add(.runsForgotten, Labels(state), Double(forgotten))
        }
        return forgotten
    }
}
