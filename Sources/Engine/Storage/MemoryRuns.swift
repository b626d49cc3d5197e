internal import Runs
internal import Values

/// The runs of a store in memory: values and nothing derived, so that each answer is counted anew.
struct MemoryRuns: Sendable {
    var runs: [Identifier: Run] = [:]
    var signals: [Signal] = []
    var number: Int64 = 0
    /// Queued runs written that had been told of no slot, and so have none to pass on.
    var untold: Set<Identifier> = []
    var history: [Identifier: [HistoryEvent]] = [:]
    var resources: [Digest: [UInt8]] = [:]
    /// By outermost run.
    var uses: [Identifier: Set<Digest>] = [:]
    /// The latest, without a gap.
    private(set) var changes: [RunChange] = []
    /// How many of them are kept.
    let keptChanges: Int

    init(keptChanges: Int) { self.keptChanges = keptChanges }

    func admits(_ writes: [RunWrite]) -> Bool {
        writes.allSatisfy { write in
            let stored = runs[write.run.id]
            guard stored?.version == write.before?.version else { return false }
            for step in write.changedSteps
            where stored?.active[step]?.epoch != write.before?.active[step]?.epoch {
                return false
            }
            guard let slot = write.slot else { return true }
            let goesBehind = write.before?.isQueued != true
            let others = runs.values.filter { other in
                other.key == slot.key && !other.state.isFinal && other.id != write.run.id
                    && (goesBehind || !other.isQueued)
            }
            let ended = writes.ended(key: slot.key, queuedToo: goesBehind, besides: write.run.id)
            return slot.holds(others.count - ended)
        }
    }

    mutating func write(_ write: RunWrite) {
        var run = write.run
        if write.before?.waitsForSlot == true, !isSignalled(run.id, Run.slotStep) {
            untold.insert(run.id)
        }
        // A heartbeat moves the end of a lease without a transition.
        for (number, step) in write.before?.active ?? [:] where run.active[number] == step {
            run.active[number] = runs[run.id]?.active[number]
        }
        runs[run.id] = run
        let taken = Set(write.taken.map(\.number))
        signals.removeAll { signal in
            signal.run == run.id
                && (taken.contains(signal.number) || run.active[signal.step] == nil)
        }
        if let event = write.event { history[run.id, default: []].append(event) }
        keep(write.resources, for: run.root)
        guard let kind = write.changeKind else { return }
        changes.append(RunChange((changes.last?.number ?? 0) + 1, kind, of: run))
        if changes.count >= keptChanges + Limits.runChangesLot {
            changes.removeFirst(changes.count - keptChanges)
        }
    }

    mutating func keep(_ kept: [KeptResource], for root: Identifier) {
        for resource in kept {
            resources[resource.digest] = resource.bytes
            uses[root, default: []].insert(resource.digest)
        }
    }

    /// Signals whom a write wakes, once all writes of its change are done.
    mutating func wake(by write: RunWrite) {
        if let told = write.parentSignal, runs[told.run]?.active[told.step] != nil {
            signal(told.run, told.step, told.content)
        }
        if write.looksForSlot, !isSignalled(write.run.id, Run.slotStep) {
            signal(write.run.id, Run.slotStep, .slotFree)
        }
        if untold.remove(write.run.id) == nil, let key = write.slotPassedOn {
            let queue = places { run, step in
                step.state == .waiting(.slot(key)) && !run.isHeld
                    && !isSignalled(run.id, step.step)
            }
            if let next = queue.min(by: Self.longer) { signal(next.run, next.step, .slotFree) }
        }
    }

    /// Signals the steps that wait for a decision which is final; or one of them.
    mutating func decided(_ id: Identifier, by run: Identifier? = nil, _ step: Int? = nil) {
        let waiting = places { owner, active in
            active.state == .waiting(.decision(id)) && !isSignalled(owner.id, active.step)
                && (run.map { $0 == owner.id } ?? true) && (step.map { $0 == active.step } ?? true)
        }
        for place in waiting { signal(place.run, place.step, .decided(id)) }
    }

    mutating func signal(_ run: Identifier, _ step: Int, _ content: Signal.Content) {
        number += 1
        signals.append(Signal(number: number, run: run, step: step, content: content))
    }

    func isSignalled(_ run: Identifier, _ step: Int) -> Bool {
        signals.contains { $0.run == run && $0.step == step }
    }

    func isWoken(_ run: Run, _ step: ActiveStep) -> Bool {
        step.isReady || step.wait != nil && isSignalled(run.id, step.step)
    }

    func places(_ isWanted: (Run, ActiveStep) -> Bool) -> [StepPlace] {
        runs.values.flatMap { run in
            run.active.values.filter { isWanted(run, $0) }.map { StepPlace(run, $0) }
        }
    }

    /// Which of two waits longer.
    static func longer(_ left: StepPlace, _ right: StepPlace) -> Bool {
        (left.since, left.run, left.step) < (right.since, right.run, right.step)
    }

    // MARK: Retention

    mutating func forget(endedBefore: Instant, states: Set<RunState>, limit: Int) -> Int {
        let roots = runs.values.filter { run in
            run.parent == nil && run.state.isFinal && states.contains(run.state)
                && run.updatedAt < endedBefore
        }
        var forgotten = 0
        defer {
            for index in changes.indices where runs[changes[index].run] == nil {
                changes[index].reason = nil
            }
        }
        for root in roots.sorted(by: { $0.id < $1.id }) {
            let tree = runs.values.filter { $0.root == root.id }
            guard tree.allSatisfy(\.state.isFinal) else { continue }
            // Those below go first, so that the tree is found again by its root.
            for run in tree.sorted(by: { ($1.parent?.depth ?? 0) < ($0.parent?.depth ?? 0) }) {
                if forgotten >= limit { return forgotten }
                runs[run.id] = nil
                history[run.id] = nil
                signals.removeAll { $0.run == run.id }
                forgotten += 1
            }
            let used = uses.removeValue(forKey: root.id) ?? []
            for digest in used where !uses.values.contains(where: { $0.contains(digest) }) {
                resources[digest] = nil
            }
        }
        return forgotten
    }
}

extension StepPlace {
    init(_ run: Run, _ step: ActiveStep) {
        self.init(
            run: run.id,
            step: step.step,
            flow: run.plan.flow,
            priority: run.priority,
            since: step.orderedSince,
            epoch: step.epoch
        )
    }
}
