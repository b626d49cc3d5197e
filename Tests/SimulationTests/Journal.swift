import Flows
import Runs
import Storage
import Synchronization
import Values

/// All that was ever committed about runs, noted beside the store, and judged as it comes.
final class Journal: Sendable {
    struct Book {
        var trace = Digest.zero
        var commits = 0
        /// Each run as it was before its first event.
        var first: [Identifier: Run] = [:]
        /// Each run as it was committed last.
        var runs: [Identifier: Run] = [:]
        var history: [Identifier: [HistoryEvent]] = [:]
        var results: Set<Result> = []
    }

    struct Result: Hashable {
        let run: Identifier
        let step: Int
        let epoch: Int64
    }

    let flows: [String: Flow]
    let findings: Findings
    private let book = Mutex(Book())

    init(flows: [String: Flow], findings: Findings) {
        self.flows = flows
        self.findings = findings
    }

    func look<Value>(_ body: (Book) -> Value) -> Value { book.withLock { body($0) } }

    var trace: Digest { look { $0.trace } }

    func flow(of run: Run) -> Flow {
        guard let flow = flows[run.plan.flow] else {
            preconditionFailure("a run is of a flow there is")
        }
        return flow
    }

    func history(of run: Identifier) -> [HistoryEvent] { look { $0.history[run] ?? [] } }

    // MARK: Noting

    func committed(_ change: Change) {
        for write in change.runs {
            book.withLock { note(write, &$0) }
            checkShape(write)
        }
        for write in change.runs where write.run.key != nil { checkSlots(write.run) }
    }

    private func note(_ write: RunWrite, _ book: inout Book) {
        var run = write.run
        run.version = (write.before?.version ?? 0) + 1
        book.runs[run.id] = run
        book.commits += 1
        var line = Array("\(run.id) \(run.version) ".utf8)
        if let event = write.event {
            line += event.event.storedBytes
            book.history[run.id, default: []].append(event)
            if event.number == 2_000 {
                findings.add(.settles, run.id, "it has \(event.number) events")
            }
            judge(event.event, write, &book)
        }
        if write.before == nil { book.first[run.id] = beginning(write, run) }
        book.trace = Digest(of: book.trace.bytes, line)
    }

    /// The run before its first event; the row of one that begins at once is after it.
    private func beginning(_ write: RunWrite, _ run: Run) -> Run {
        guard write.event != nil else { return run }
        return Run(
            id: run.id,
            root: run.root,
            plan: run.plan,
            parent: run.parent,
            caller: run.caller,
            startedAt: run.startedAt,
            priority: run.priority,
            key: run.key,
            input: run.input,
            items: run.items
        )
    }

    // MARK: Judging

    private func judge(_ event: RunEvent, _ write: RunWrite, _ book: inout Book) {
        switch event {
        case .succeeded(let step, let epoch, _), .failed(let step, let epoch, _):
            let result = Result(run: write.run.id, step: step, epoch: epoch)
            if !book.results.insert(result).inserted {
                findings.add(.resultOnce, write.run.id, "step \(step) at \(epoch) ended twice")
            }
            if write.before?.active[step]?.epoch != epoch {
                findings.add(.resultOnce, write.run.id, "step \(step) was not at \(epoch)")
            }
        case .acted(_, let person) where person.hasPrefix("operator-"):
            let same = (book.history[write.run.id] ?? []).filter { past in
                if case .acted(_, person) = past.event { true } else { false }
            }
            if same.count > 1 { findings.add(.actOnce, write.run.id, "\(person) acted twice") }
        default: break
        }
        checkSuccesses(event, write)
    }

    /// Steps that newly succeeded, and whether this event says so.
    private func checkSuccesses(_ event: RunEvent, _ write: RunWrite) {
        let run = write.run
        let flow = flow(of: run)
        for (number, end) in run.ended where end.state == .succeeded {
            guard write.before != nil, write.before?.ended[number] == nil else { continue }
            switch flow.steps[number].work {
            case .set, .sleep, .wait(.until), .parallel, .choose: continue
            case .each where end.output == .inline(.array([])): continue
            case .each, .flow, .decide, .review, .http, .external, .wait: break
            }
            if case .succeeded(number, _, _) = event { continue }
            findings.add(
                .successHasCause,
                run.id,
                "step \(flow.steps[number].id) succeeded by \(event)"
            )
        }
    }

    private func checkShape(_ write: RunWrite) {
        let run = write.run
        let flow = flow(of: run)
        switch run.state {
        case .running, .undoing:
            if run.active.isEmpty { findings.add(.wakeSource, run.id, "nothing is under way") }
        case .queued:
            if run.active.count != 1 { findings.add(.wakeSource, run.id, "it waits for no slot") }
        case .paused, .dead:
            if run.reason == nil {
                findings.add(.wakeSource, run.id, "it stands still, unsaid why")
            }
        case .completed, .failed, .cancelled:
            if !run.active.isEmpty { findings.add(.onePlace, run.id, "it ended with steps left") }
        }
        for (number, step) in run.active {
            if step.step != number || (run.ended[number] != nil && !step.isUndo) {
                findings.add(.onePlace, run.id, "step \(number) is under way, and ended")
            }
            guard let before = write.before?.active[number] else { continue }
            if !isSame(step.state, before.state), step.epoch <= before.epoch {
                findings.add(.epochGrows, run.id, "step \(number) stays at \(step.epoch)")
            }
        }
        if run.state == .completed { checkBody(run, flow) }
        checkUndoing(write)
    }

    /// A lease that is moved is the same lease.
    private func isSame(_ left: ActiveStep.State, _ right: ActiveStep.State) -> Bool {
        if case .leased = left, case .leased = right { return true }
        return left == right
    }

    private func checkBody(_ run: Run, _ flow: Flow) {
        var body = flow.body
        if let each = run.plan.each {
            guard case .each(let work) = flow.steps[each].work else { return }
            body = work.steps
        }
        for number in body {
            guard let end = run.ended[number] else {
                findings.add(.wholeBody, run.id, "step \(flow.steps[number].id) has not ended")
                continue
            }
            guard end.state == .succeeded, case .parallel(let branches) = flow.steps[number].work
            else { continue }
            for inner in branches.flatMap(\.steps) where run.ended[inner] == nil {
                findings.add(.wholeBody, run.id, "step \(flow.steps[inner].id) has not ended")
            }
        }
    }

    private func checkUndoing(_ write: RunWrite) {
        guard let before = write.before else { return }
        for (number, step) in write.run.active where step.isUndo && before.active[number] == nil {
            if before.ended[number]?.state != .succeeded,
                write.run.ended[number]?.state != .succeeded
            {
                findings.add(.undoneBackwards, write.run.id, "step \(number) was not done")
            }
            if write.run.undoable.last != number {
                findings.add(.undoneBackwards, write.run.id, "step \(number) is not the last")
            }
        }
    }

    private func checkSlots(_ run: Run) {
        guard let key = run.key, let limit = flow(of: run).concurrency?.limit else { return }
        let underway = look { book in
            book.runs.values.count { $0.key == key && !$0.state.isFinal && !$0.isQueued }
        }
        if underway > limit {
            findings.add(.slotsKept, run.id, "\(underway) runs have '\(key)', of \(limit)")
        }
    }
}
