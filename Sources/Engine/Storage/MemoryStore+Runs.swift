internal import Reviews
package import Runs
internal import Synchronization
package import Values

extension MemoryStore.State {
    /// Whether an owner has a step of a run.
    fileprivate func has(_ owner: RunQuery.Owner, _ run: Run) -> Bool {
        run.active.values.contains { step in
            switch step.state {
            case .leased(let by, _): return step.kind != nil && by == owner.name
            case .waiting(.decision(let id)):
                return reviews.values.contains { review in
                    review.decision == id && review.isWith(owner.name, at: owner.at)
                }
            case .ready, .waiting: return false
            }
        }
    }
}

extension MemoryStore {
    package func run(_ id: Identifier) async throws(StoreError) -> Run? {
        state.withLock { $0.runs.runs[id] }
    }

    package func runs(_ ids: [Identifier]) async throws(StoreError) -> [Identifier: Run] {
        state.withLock { state in
            let known = state.runs.runs
            return Dictionary(ids.compactMap { id in known[id].map { (id, $0) } }) { $1 }
        }
    }

    package func runs(_ query: RunQuery) async throws(StoreError) -> [RunSummary] {
        state.withLock { state in
            let tree = query.root.map { root in
                Set(state.runs.runs.values.filter { $0.isBelow(root, state.runs) }.map(\.id))
            }
            let found = state.runs.runs.values.filter { run in
                query.matches(run) && (tree?.contains(run.id) ?? true)
                    && (query.owner.map { state.has($0, run) } ?? true)
            }
            return Array(query.sorted(found.map { RunSummary($0) }).prefix(query.limit))
        }
    }

    package func children(
        of run: Identifier,
        step: Int,
        live: Bool,
        after: Identifier?,
        limit: Int
    ) async throws(StoreError) -> [RunSummary] {
        listed(limit) { child in
            child.parent?.run == run && child.parent?.step == step
                && child.state.isFinal != live
                && (after.map { $0 < child.id } ?? true)
        }
    }

    package func runs(on release: Digest, limit: Int) async throws(StoreError) -> [RunSummary] {
        listed(limit) { $0.plan.release == release && !$0.state.isFinal }
    }

    private func listed(_ limit: Int, _ isWanted: (Run) -> Bool) -> [RunSummary] {
        state.withLock { state in
            let found = state.runs.runs.values.filter(isWanted).sorted { $0.id < $1.id }
            return found.prefix(limit).map { RunSummary($0) }
        }
    }

    package func claimedRun(scope: String, key: String) async throws(StoreError) -> ClaimedRun? {
        state.withLock { state in
            state.claim(KeyClaim.Name(scope: scope, key: key)).map {
                ClaimedRun(run: $0.decision, body: $0.body)
            }
        }
    }

    package func stageCounts(_ flow: String?) async throws(StoreError) -> [StageCount] {
        state.withLock { state in
            let runs = state.runs.runs.values.filter { flow == nil || $0.plan.flow == flow }
            return Dictionary(grouping: runs) { StageCount.Place($0) }
                .map { StageCount(place: $0.key, count: Int64($0.value.count)) }
                .sorted { $0.place < $1.place }
        }
    }

    package func slots(_ key: String) async throws(StoreError) -> SlotCount {
        state.withLock { state in
            let live = state.runs.runs.values.filter { $0.key == key && !$0.state.isFinal }
            let queued = live.count(where: \.isQueued)
            return SlotCount(underway: live.count - queued, queued: queued)
        }
    }

    package func ready(
        kind: String?,
        perFlow: Int,
        limit: Int
    ) async throws(StoreError) -> [StepPlace] {
        state.withLock { state in
            let runs = state.runs
            let woken = runs.places { run, step in
                step.kind == kind && !run.isHeld && runs.isWoken(run, step)
            }
            let flows = Dictionary(grouping: woken, by: \.flow).values.map { places in
                places.sorted { left, right in
                    left.priority == right.priority
                        ? MemoryRuns.longer(left, right) : right.priority < left.priority
                }
            }
            let order = flows.sorted { left, right in
                (left[0].since, left[0].flow) < (right[0].since, right[0].flow)
            }
            return Array(order.flatMap { $0.prefix(perFlow) }.prefix(limit))
        }
    }

    package func due(by now: Instant, limit: Int) async throws(StoreError) -> [StepPlace] {
        state.withLock { state in
            let due = state.runs.runs.values.filter { !$0.isHeld }.flatMap { run in
                run.active.values.compactMap { step in
                    step.dueAt.map { (at: $0, place: StepPlace(run, step)) }
                }
            }
            let order = due.filter { $0.at <= now }.sorted { left, right in
                (left.at, left.place.run, left.place.step)
                    < (right.at, right.place.run, right.place.step)
            }
            return order.prefix(limit).map(\.place)
        }
    }

    package func leases(after: StepKey?, limit: Int) async throws(StoreError) -> [StepPlace] {
        state.withLock { state in
            state.runs.runs.values.flatMap { run in
                run.active.values.compactMap { step -> StepPlace? in
                    guard case .leased = step.state else { return nil }
                    return StepPlace(run, step)
                }
            }
            .filter { place in after.map { ($0.run, $0.step) < (place.run, place.step) } ?? true }
            .sorted { ($0.run, $0.step) < ($1.run, $1.step) }
            .prefix(limit).map(\.self)
        }
    }

    package func nextDue(after: Instant?) async throws(StoreError) -> Instant? {
        state.withLock { state in
            state.runs.runs.values.filter { !$0.isHeld }
                .flatMap { $0.active.values.compactMap(\.dueAt) }
                .filter { due in after.map { $0 < due } ?? true }.min()
        }
    }

    package func waiters(
        kind: String,
        key: String,
        after: StepPlace?,
        limit: Int
    ) async throws(StoreError) -> [StepPlace] {
        state.withLock { state in
            let waiting = state.runs.places { $1.wait?.kind == kind && $1.wait?.key == key }
            let behind = waiting.filter { place in
                after.map { MemoryRuns.longer($0, place) } ?? true
            }
            return Array(behind.sorted(by: MemoryRuns.longer).prefix(limit))
        }
    }

    package func waitKey(
        kind: String,
        after: String,
        before: String
    ) async throws(StoreError) -> String? {
        state.withLock { state in
            state.runs.runs.values.flatMap(\.active.values)
                .compactMap { $0.wait?.kind == kind ? $0.wait?.key : nil }
                .filter { key in
                    after.utf8.lexicographicallyPrecedes(key.utf8)
                        && key.utf8.lexicographicallyPrecedes(before.utf8)
                }
                .min { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
    }

    package func lastPromise(of rate: String) async throws(StoreError) -> Instant? {
        state.withLock { state in
            state.runs.runs.values.filter { !$0.isHeld }.flatMap { run in
                run.active.values.compactMap { step in
                    step.wait?.kind == "rate" && step.wait?.key == rate ? step.dueAt : nil
                }
            }.max()
        }
    }

    package func signals(of runs: [Identifier], limit: Int) async throws(StoreError) -> [Signal] {
        state.withLock { state in
            runs.flatMap { run in
                state.runs.signals.filter { $0.run == run }
                    .sorted { ($0.step, $0.number) < ($1.step, $1.number) }.prefix(limit)
            }
        }
    }

    package func history(
        of run: Identifier,
        from number: Int64,
        limit: Int
    ) async throws(StoreError) -> [HistoryEvent] {
        state.withLock { state in
            Array((state.runs.history[run] ?? []).filter { $0.number >= number }.prefix(limit))
        }
    }

    package func runChanges(
        after number: Int64,
        limit: Int
    ) async throws(StoreError) -> [RunChange] {
        state.withLock { state in
            let changes = state.runs.changes
            let first = changes.first?.number ?? 1
            return Array(changes.dropFirst(Int(max(0, number - first + 1))).prefix(limit))
        }
    }

    package func lastRunChange() async throws(StoreError) -> Int64 {
        state.withLock { $0.runs.changes.last?.number ?? 0 }
    }

    package func resource(_ digest: Digest) async throws(StoreError) -> [UInt8]? {
        state.withLock { $0.runs.resources[digest] }
    }

    package func signal(
        _ run: Identifier,
        step: Int,
        _ content: Signal.Content,
        ifWaiting wait: Wait,
        keeping resources: [KeptResource]
    ) async throws(StoreError) -> Bool {
        state.withLock { state in
            guard wait.isFromOutside, let found = state.runs.runs[run],
                found.active[step]?.wait?.kind == wait.kind,
                found.active[step]?.wait?.key == wait.key, !state.runs.isSignalled(run, step)
            else { return false }
            state.runs.keep(resources, for: found.root)
            state.runs.signal(run, step, content)
            return true
        }
    }

    package func extend(
        _ run: Identifier,
        step: Int,
        epoch: Int64,
        until: Instant
    ) async throws(StoreError) -> Bool {
        state.withLock { state in
            guard let active = state.runs.runs[run]?.active[step], active.epoch == epoch,
                case .leased(let by, let end) = active.state
            else { return false }
            state.runs.runs[run]?.active[step]?.state = .leased(by: by, until: max(end, until))
            return true
        }
    }

    package func checkRuns(mending: Bool) async throws(StoreError) -> [RowFault] {
        // What is woken, held or counted is worked out from the runs each time it is asked for.
        []
    }

    package func forgetRuns(
        endedBefore: Instant,
        states: Set<RunState>,
        limit: Int
    ) async throws(StoreError) -> Int {
        state.withLock { $0.runs.forget(endedBefore: endedBefore, states: states, limit: limit) }
    }
}

extension Run {
    /// Whether it is that run or stands below it.
    fileprivate func isBelow(_ root: Identifier, _ runs: MemoryRuns) -> Bool {
        if id == root { return true }
        return parent.flatMap { runs.runs[$0.run] }?.isBelow(root, runs) ?? false
    }
}
