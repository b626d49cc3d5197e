import Decisions
import Flows
import Runs
import Storage
import Values

/// Looks at the whole of a store, and finds what must not be.
struct Inspector {
    let store: MemoryStore
    let journal: Journal

    private var findings: Findings { journal.findings }

    /// The runs of the store with what came for them.
    struct View {
        let runs: [Run]
        let byID: [Identifier: Run]
        let signals: [Identifier: [Signal]]

        func signals(_ run: Identifier, _ step: Int) -> [Signal] {
            signals[run]?.filter { $0.step == step } ?? []
        }

        func children(of run: Identifier, step: Int) -> [Run] {
            runs.filter { $0.parent?.run == run && $0.parent?.step == step }
        }
    }

    func view() async throws -> View {
        let ids = journal.look { $0.runs.keys.sorted() }
        let byID = try await store.runs(ids)
        let signals = try await store.signals(of: ids, limit: 10_000)
        return View(
            runs: ids.compactMap { byID[$0] },
            byID: byID,
            signals: Dictionary(grouping: signals, by: \.run)
        )
    }

    /// What holds at any moment.
    func inspect() async throws {
        let view = try await view()
        let noted = journal.look { $0.runs }
        for (id, run) in noted {
            guard let stored = view.byID[id] else {
                findings.add(.acknowledgedIsKept, id, "the run is gone")
                continue
            }
            if stored.version != run.version {
                findings.add(.acknowledgedIsKept, id, "version \(run.version) is \(stored.version)")
            }
        }
        for run in view.runs {
            for fault in run.faults(in: journal.flow(of: run)) {
                findings.add(.machineWhole, run.id, fault)
            }
            if !run.state.isFinal { try await inspect(run, view) }
        }
        try await inspectCounters(view)
    }

    private func inspect(_ run: Run, _ view: View) async throws {
        if run.state == .queued {
            // One that waits for its rate, or looks whether a slot is free, is woken by its row.
            guard run.waitsForSlot else { return }
            let others = view.runs.filter { $0.key == run.key && !$0.state.isFinal }
            let isBehind = others.contains { !$0.waitsForSlot }
            if !isBehind, others.allSatisfy({ view.signals($0.id, Run.slotStep).isEmpty }) {
                findings.add(.wakeSource, run.id, "it is queued behind nobody")
            }
            return
        }
        for step in run.active.values.sorted(by: { $0.step < $1.step }) {
            if let children = step.children, !run.isHeld || step.wait == .children {
                inspect(children, step, run, view)
            }
            guard let wait = step.wait, view.signals(run.id, step.step).isEmpty else { continue }
            guard case .decision(let id) = wait else { continue }
            let record = try await store.decision(id)
            if record?.state.isPending != true {
                let state = record?.state.rawValue ?? "gone"
                findings.add(.wakeSource, run.id, "decision \(id) is \(state), and nobody told it")
            }
        }
    }

    private func inspect(_ children: Children, _ step: ActiveStep, _ run: Run, _ view: View) {
        guard step.isReady || step.wait == .children else { return }
        let below = view.children(of: run.id, step: step.step).filter { child in
            step.isUndo || child.parent?.generation == children.generation
        }
        let told = view.signals(run.id, step.step).count { signal in
            if case .childEnded = signal.content { true } else { false }
        }
        let live = below.count { !$0.state.isFinal }
        let waitsToUndo =
            step.isUndo && !children.isToldAll ? below.count { $0.state == .completed } : 0
        let counted = live + waitsToUndo + told + children.succeeded + children.failed
        // Those of a time before a restart are undone with the others, uncounted.
        if step.isUndo ? counted < children.started : counted != children.started {
            findings.add(
                .childrenCounted,
                run.id,
                "step \(step.step) has started \(children.started), and \(live) are live, "
                    + "\(waitsToUndo) to undo, \(told) told, \(children.succeeded) succeeded, "
                    + "\(children.failed) failed"
            )
        }
    }

    private func inspectCounters(_ view: View) async throws {
        let counted = Dictionary(grouping: view.runs) { StageCount.Place($0) }
        for count in try await store.stageCounts(nil)
        where counted[count.place]?.count ?? 0 != Int(count.count) {
            findings.add(.countersEqual, nil, "\(count.place) is counted \(count.count)")
        }
        let keys = Set(view.runs.compactMap(\.key))
        for key in keys.sorted() {
            let slots = try await store.slots(key)
            let live = view.runs.filter { $0.key == key && !$0.state.isFinal }
            let queued = live.count(where: \.isQueued)
            if slots != SlotCount(underway: live.count - queued, queued: queued) {
                findings.add(.countersEqual, nil, "the slots of '\(key)' are \(slots)")
            }
        }
    }

    // MARK: At the end

    /// What holds once all is calm and everything was answered.
    func inspectEnd() async throws {
        try await inspect()
        let view = try await view()
        for run in view.runs where !run.state.isFinal && !standsStill(run, view) {
            let steps = run.active.values.map { "\($0.step): \($0.state)" }.sorted()
            findings.add(
                .comesToRest,
                run.id,
                "it is \(run.state) with \(steps.joined(separator: ", "))"
            )
        }
        for run in view.runs where run.state == .queued { inspectQueued(run, view) }
        for run in view.runs { try await replay(run) }
        try await inspectChanges(view)
    }

    /// Who heard all changes of runs knows where each is, and no item of a list was told of.
    private func inspectChanges(_ view: View) async throws {
        let changes = try await store.runChanges(after: 0, limit: .max)
        if changes.map(\.number) != Array(1..<Int64(changes.count + 1)) {
            findings.add(.changesTold, nil, "their numbers have a gap")
        }
        let last = Dictionary(changes.map { ($0.run, $0) }) { $1 }
        for run in view.runs {
            guard let change = last[run.id] else {
                let isToBegin = run.state == .running && run.isQueued
                if run.kind == .item || isToBegin { continue }
                findings.add(.changesTold, run.id, "nothing was told of it")
                continue
            }
            if run.kind == .item { findings.add(.changesTold, run.id, "an item was told of") }
            let told = (change.state, change.stage, change.stageSince)
            if told != (run.state, run.stage, run.stage == nil ? told.2 : run.stageSince) {
                findings.add(
                    .changesTold,
                    run.id,
                    "it is \(run.state) in \(run.stage ?? "none"), and was told as \(change)"
                )
            }
        }
    }

    /// A new run that ends the oldest does not wait behind one that nobody has ended.
    private func inspectQueued(_ run: Run, _ view: View) {
        guard journal.flow(of: run).concurrency?.then == .cancelOld else { return }
        let others = view.runs.filter { other in
            other.key == run.key && !other.state.isFinal && !other.isQueued
        }
        let isEnding = others.contains { $0.state == .undoing || $0.pausedFrom == .undoing }
        if !isEnding { findings.add(.oldEnds, run.id, "nobody ends those it is queued behind") }
    }

    /// Whether a person alone can go on with the run, or with one it waits for.
    private func standsStill(_ run: Run, _ view: View) -> Bool {
        switch run.state {
        case .paused, .dead: return true
        case .queued:
            guard run.waitsForSlot else { return false }
            return view.runs.contains { other in
                other.key == run.key && !other.state.isFinal && !other.isQueued
                    && standsStill(other, view)
            }
        case .running, .undoing:
            return run.active.values.contains { step in
                if step.state == .waiting(.person) { return true }
                guard step.state == .waiting(.children) else { return false }
                return view.children(of: run.id, step: step.step).contains {
                    !$0.state.isFinal && standsStill($0, view)
                }
            } && run.active.values.allSatisfy { isStill($0, run, view) }
        case .completed, .failed, .cancelled: return true
        }
    }

    private func isStill(_ step: ActiveStep, _ run: Run, _ view: View) -> Bool {
        guard view.signals(run.id, step.step).isEmpty else { return false }
        switch step.state {
        case .waiting(.person): return true
        case .waiting(.children):
            return view.children(of: run.id, step: step.step).contains {
                !$0.state.isFinal && standsStill($0, view)
            }
        default: return false
        }
    }

    private func replay(_ run: Run) async throws {
        guard var again = journal.look({ $0.first[run.id] }) else { return }
        let flow = journal.flow(of: run)
        let history = try await store.history(of: run.id, from: 1, limit: 100_000)
        if history.map(\.number) != Array(1..<Int64(history.count + 1)) {
            findings.add(.replay, run.id, "its history has a gap")
        }
        for event in history {
            do {
                again = try await advance(again, event, flow)
            } catch let refusal as RunRefusal {
                return findings.add(.replay, run.id, "event \(event.number): \(refusal)")
            }
            again.version += 1
        }
        if withoutLeases(again) != withoutLeases(run) {
            findings.add(.replay, run.id, difference(withoutLeases(run), withoutLeases(again)))
        }
    }

    private func advance(_ run: Run, _ event: HistoryEvent, _ flow: Flow) async throws -> Run {
        var known: [Digest: JSON] = [:]
        while true {
            do throws(RunRefusal) {
                return try run.advance(
                    event.event,
                    in: flow,
                    at: event.at,
                    chance: event.chance,
                    resources: known
                ).run
            } catch {
                guard case .needs(let digests) = error else { throw error }
                for digest in digests {
                    guard let bytes = try await store.resource(digest) else { throw error }
                    known[digest] = try JSON.read(bytes)
                }
            }
        }
    }

    private func difference(_ run: Run, _ again: Run) -> String {
        let pairs = zip(Mirror(reflecting: run).children, Mirror(reflecting: again).children)
        return pairs.compactMap { left, right in
            let (now, was) = ("\(left.value)", "\(right.value)")
            return now == was ? nil : "\(left.label ?? "") is \(now), and replayed \(was)"
        }.joined(separator: "; ")
    }

    /// A lease is moved without an event.
    private func withoutLeases(_ run: Run) -> Run {
        var run = run
        for (number, step) in run.active {
            guard case .leased(let by, _) = step.state else { continue }
            run.active[number]?.state = .leased(by: by, until: Instant(microseconds: 0))
        }
        return run
    }
}
