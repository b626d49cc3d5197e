internal import Runs
internal import Storage
internal import Values

/// The tables of runs, within one transaction.
struct RunTables {
    let connection: SQLiteConnection
    /// Added up here and written once at the end: many transitions meet the same stage.
    private var counts: [StageCount.Place: Int64] = [:]
    /// The number of the last signal, once it was asked for.
    private var number: Int64?
    /// Queued runs written that had been told of no slot, and so have none to pass on.
    private var untold: Set<Identifier> = []
    private var changes: RunChanges

    /// Keeps so many changes of runs.
    init(_ connection: SQLiteConnection, changes: Int = Storage.Limits.runChanges) {
        self.connection = connection
        self.changes = RunChanges(connection, kept: changes)
    }

    // MARK: Admission

    /// Whether every run, every step to be changed and every slot is as it was read; writes nothing.
    func admits(_ writes: [RunWrite]) throws -> Bool {
        for write in writes {
            let id = SQLiteValue.blob(write.run.id.bytes)
            let version = try connection.row("SELECT version FROM runs WHERE id=?", [id])
            guard version?[0].integer == write.before?.version else { return false }
            // A row that comes or goes does so with the run's version.
            for step in write.changedSteps {
                guard let before = write.before?.active[step] else { continue }
                let epoch = try connection.row(
                    "SELECT epoch FROM steps WHERE run=? AND step=?",
                    [id, .integer(Int64(step))]
                )
                guard epoch?[0].integer == before.epoch else { return false }
            }
            if let slot = write.slot, try !holds(slot, write, writes) { return false }
        }
        return true
    }

    private func holds(_ slot: SlotCheck, _ write: RunWrite, _ all: [RunWrite]) throws -> Bool {
        let goesBehind = write.before?.isQueued != true
        let ended = all.ended(key: slot.key, queuedToo: goesBehind, besides: write.run.id)
        // No further than the answer needs, since thousands may be queued.
        let count = try connection.row(
            "SELECT count(*) FROM (SELECT 1 FROM runs INDEXED BY runs_key WHERE live=1 AND key=? "
                + "AND queued<=? AND id<>? LIMIT ?)",
            [
                .text(slot.key), .integer(goesBehind ? 1 : 0), .blob(write.run.id.bytes),
                .integer(Int64(slot.limit + ended)),
            ]
        )
        return slot.holds(Int(count?[0].integer ?? 0) - ended)
    }

    // MARK: Writing

    /// Writes what differs.
    mutating func write(_ write: RunWrite) throws {
        let run = write.run
        if write.before?.waitsForSlot == true, write.slotPassedOn != nil,
            try !isSignalled(run.id, Run.slotStep)
        {
            untold.insert(run.id)
        }
        try writeRun(write)
        for signal in write.taken {
            try connection.run(
                "DELETE FROM signals WHERE run=? AND step=? AND number=?",
                [
                    .blob(signal.run.bytes), .integer(Int64(signal.step)),
                    .integer(signal.number),
                ]
            )
        }
        for step in write.changedSteps { try writeStep(step, write) }
        try wakeUnchanged(write)
        if let before = write.before, before.isHeld != run.isHeld {
            try connection.run(
                "UPDATE steps SET held=?1 WHERE run=?2 AND held<>?1",
                [.integer(run.isHeld ? 1 : 0), .blob(run.id.bytes)]
            )
        }
        if let event = write.event {
            try connection.run(
                Rows.insertHistory,
                Rows.values(of: event, write.bodies.event, of: run)
            )
        }
        try keep(write.resources, for: run.root)
        try count(run, write.before)
        if let kind = write.changeKind { try changes.append(kind, of: run) }
    }

    private func writeRun(_ write: RunWrite) throws {
        let run = write.run
        try writeFields(of: run, write.before)
        guard let before = write.before else {
            try connection.run(Rows.insertRun, Rows.values(ofNew: write))
            return
        }
        // The fewer columns are set, the fewer indexes are looked at.
        let update =
            if before.state != run.state || before.isQueued != run.isQueued {
                RunUpdate.state
            } else if before.stage != run.stage || before.stageSince != run.stageSince {
                RunUpdate.stage
            } else {
                RunUpdate.progress
            }
        try connection.run(update.sql, update.values(run, write.bodies.progress))
    }

    private mutating func writeStep(_ number: Int, _ write: RunWrite) throws {
        let run = write.run
        guard let step = run.active[number], let body = write.bodies.steps[number] else {
            // What came for it is of no use to whoever begins the step again.
            let place: [SQLiteValue] = [.blob(run.id.bytes), .integer(Int64(number))]
            try connection.run("DELETE FROM steps WHERE run=? AND step=?", place)
            try connection.run("DELETE FROM signals WHERE run=? AND step=?", place)
            return
        }
        let values = Rows.values(of: step, body, of: run)
        let isNew = write.before?.active[number] == nil
        try connection.run(isNew ? Rows.insertStep : Rows.updateStep, values)
        guard case .waiting(.decision(let id)) = step.state else { return }
        let isFinal = try connection.row(
            "SELECT 1 FROM decisions WHERE id=? AND state NOT IN ('asking','review')",
            [.blob(id.bytes)]
        )
        if isFinal != nil, try !isSignalled(run.id, number) {
            try signal(run.id, number, .decided(id))
        }
    }

    /// Steps that lost a signal, and nothing else, may sleep again.
    private func wakeUnchanged(_ write: RunWrite) throws {
        let changed = Set(write.changedSteps)
        for step in Set(write.taken.map(\.step)).subtracting(changed) {
            try connection.run(
                Rows.refreshStep,
                [.blob(write.run.id.bytes), .integer(Int64(step))]
            )
        }
    }

    private func writeFields(of run: Run, _ before: Run?) throws {
        let old = before?.fields ?? [:]
        if old == run.fields { return }
        for (name, value) in old where run.fields[name] != value {
            try deleteField(name, value, of: run.id, run.plan.flow)
        }
        for (name, value) in run.fields where old[name] != value {
            guard let value = SQLiteValue(field: value) else { continue }
            try connection.run(
                "INSERT OR IGNORE INTO run_fields VALUES (?,?,?,?)",
                [.text(run.plan.flow), .text(name), value, .blob(run.id.bytes)]
            )
        }
    }

    func deleteField(_ name: String, _ value: JSON, of run: Identifier, _ flow: String) throws {
        guard let value = SQLiteValue(field: value) else { return }
        try connection.run(
            "DELETE FROM run_fields WHERE flow=? AND field=? AND value=? AND run=?",
            [.text(flow), .text(name), value, .blob(run.bytes)]
        )
    }

    /// Keeps large values for a tree.
    func keep(_ resources: [KeptResource], for root: Identifier) throws {
        for resource in resources {
            let digest = SQLiteValue.blob(resource.digest.bytes)
            try connection.run(
                "INSERT OR IGNORE INTO resources VALUES (?,?)",
                [digest, .blob(resource.bytes)]
            )
            try connection.run(
                "INSERT OR IGNORE INTO resource_uses VALUES (?,?)",
                [.blob(root.bytes), digest]
            )
        }
    }

    // MARK: Signals

    /// Signals whom a write wakes, once all writes of its change are done.
    mutating func wake(by write: RunWrite) throws {
        if let told = write.parentSignal { try signal(told.run, told.step, told.content) }
        if write.looksForSlot, try !isSignalled(write.run.id, Run.slotStep) {
            try signal(write.run.id, Run.slotStep, .slotFree)
        }
        guard untold.remove(write.run.id) == nil, let key = write.slotPassedOn else { return }
        let next = try connection.row(Rows.nextForSlot, [.text(key)])
        if let place = try next.map({ try Rows.place($0) }) {
            try signal(place.run, place.step, .slotFree)
        }
    }

    /// Signals the steps that wait for a decision which is final.
    mutating func decided(_ id: Identifier) throws {
        for row in try connection.rows(Rows.waitersForDecision, [.text(id.description)]) {
            let place = try Rows.place(row)
            try signal(place.run, place.step, .decided(id))
        }
    }

    private func isSignalled(_ run: Identifier, _ step: Int) throws -> Bool {
        try connection.row(
            "SELECT 1 FROM signals WHERE run=? AND step=? LIMIT 1",
            [.blob(run.bytes), .integer(Int64(step))]
        ) != nil
    }

    /// Keeps what came for an active step; what comes for one that has ended is of no use.
    mutating func signal(_ run: Identifier, _ step: Int, _ content: Signal.Content) throws {
        let place: [SQLiteValue] = [.blob(run.bytes), .integer(Int64(step))]
        let row = try connection.row(
            "SELECT state='waiting' AND woken=0 FROM steps WHERE run=? AND step=?",
            place
        )
        guard let row else { return }
        let last =
            try number
            ?? connection.row("SELECT value FROM store WHERE name='last_signal'")?[0].integer ?? 0
        number = last + 1
        try connection.run(
            "INSERT INTO signals VALUES (?,?,?,?)",
            place + [.integer(last + 1), .blob(content.storedBytes)]
        )
        if row[0].integer == 1 {
            try connection.run("UPDATE steps SET woken=1 WHERE run=? AND step=?", place)
        }
    }

    // MARK: Counting

    private mutating func count(_ run: Run, _ before: Run?) throws {
        let place = StageCount.Place(run)
        let old = before.map { StageCount.Place($0) }
        if old == place { return }
        add(1, at: place)
        if let old { add(-1, at: old) }
    }

    mutating func add(_ count: Int64, at place: StageCount.Place) {
        counts[place, default: 0] += count
    }

    /// Writes what the transitions add up to; before the commit.
    mutating func finish() throws {
        try changes.finish()
        for (place, count) in counts where count != 0 {
            try connection.run(
                "INSERT INTO stage_counts VALUES (?,?,?,?,?) "
                    + "ON CONFLICT DO UPDATE SET count=count+excluded.count",
                [
                    .text(place.flow), .integer(Int64(place.kind.rawValue)),
                    .text(place.stage ?? ""), .text(place.state.rawValue), .integer(count),
                ]
            )
        }
        guard let number else { return }
        try connection.run("UPDATE store SET value=? WHERE name='last_signal'", [.integer(number)])
    }
}
