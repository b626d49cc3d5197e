internal import Runs
internal import Storage
internal import Values

/// How runs and their steps stand in rows.
extension Rows {
    static let insertRun =
        "INSERT INTO runs (id, root, parent, parent_step, kind, flow, release, each, caller, key, "
        + "started_at, live, queued, state, stage, stage_since, updated_at, reason, fields, "
        + "history, version, progress, beginning) "
        + "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"

    static func values(ofNew write: RunWrite) -> [SQLiteValue] {
        values(of: write.run, progress: write.bodies.progress, beginning: write.bodies.beginning)
    }

    static func values(
        of run: Run,
        progress: [UInt8],
        beginning: [UInt8]
    ) -> [SQLiteValue] {
        [
            .blob(run.id.bytes), .blob(run.root.bytes),
            run.parent.map { .blob($0.run.bytes) } ?? .null,
            SQLiteValue(run.parent.map { Int64($0.step) }), .integer(Int64(run.kind.rawValue)),
            .text(run.plan.flow), .blob(run.plan.release.bytes),
            SQLiteValue(run.plan.each.map(Int64.init)), .text(run.caller), SQLiteValue(run.key),
            .integer(run.startedAt.microseconds),
        ] + RunUpdate.state.columns(run) + RunUpdate.stage.columns(run)
            + RunUpdate.progress.columns(run) + [
                .blob(progress), .blob(beginning),
            ]
    }

    static let insertHistory = "INSERT INTO history VALUES (?,?,?,?,?)"

    static func values(
        of event: HistoryEvent,
        _ body: [UInt8],
        of run: Run
    ) -> [SQLiteValue] {
        [
            .blob(run.id.bytes), .integer(event.number), .integer(event.at.microseconds),
            .integer(Int64(bitPattern: event.chance)), .blob(body),
        ]
    }

    /// Nothing for no fields.
    fileprivate static func fields(of run: Run) -> SQLiteValue {
        if run.fields.isEmpty { return .null }
        let members = run.fields.sorted { $0.key < $1.key }.map {
            JSONObject.Member($0.key, $0.value)
        }
        return .text(JSON.object(JSONObject(uniqueMembers: members)).compactText)
    }

    static let summaryColumns =
        "r.id, r.root, r.parent, r.parent_step, r.flow, r.release, r.each, r.caller, r.key, "
        + "r.started_at, r.state, r.stage, r.stage_since, r.updated_at, r.reason, r.fields, "
        + "r.history, r.version"

    /// The columns of `summaryColumns`.
    static func summary(_ row: [SQLiteValue]) throws(StoreError) -> RunSummary {
        guard row.count >= 18, let id = row[0].blob.flatMap({ Identifier(bytes: $0) }),
            let root = row[1].blob.flatMap({ Identifier(bytes: $0) }), let flow = row[4].text,
            let release = row[5].blob.flatMap({ Digest(bytes: $0) }), let caller = row[7].text,
            let started = row[9].integer, let state = row[10].text.flatMap(RunState.init),
            let stageSince = row[12].integer, let updated = row[13].integer
        else { throw StoreError(.corrupt, "a row of runs is not as Stepgate writes it") }
        let parent = row[2].blob.flatMap { Identifier(bytes: $0) }.map {
            Run.Parent(run: $0, step: Int(row[3].integer ?? 0), item: 0, generation: 0, depth: 1)
        }
        var run = Run(
            id: id,
            root: root,
            plan: Run.Plan(flow: flow, release: release, each: row[6].integer.map(Int.init)),
            parent: parent,
            caller: caller,
            startedAt: Instant(microseconds: started),
            key: row[8].text,
            input: .inline(.null),
            state: state
        )
        run.stage = row[11].text
        run.stageSince = Instant(microseconds: stageSince)
        run.updatedAt = Instant(microseconds: updated)
        run.reason = row[14].text
        run.fields = try fields(row[15].text)
        run.history = row[16].integer ?? 0
        run.version = row[17].integer ?? 0
        return RunSummary(run)
    }

    private static func fields(_ text: String?) throws(StoreError) -> [String: JSON] {
        guard let text else { return [:] }
        guard let object = (try? JSON.read(text))?.object else {
            throw StoreError(.corrupt, "the fields of a run are not as Stepgate writes them")
        }
        return Dictionary(object.members.map { ($0.name, $0.value) }) { $1 }
    }

    // MARK: Steps

    static let insertStep =
        "INSERT INTO steps (run, step, work, flow, priority, state, wait_kind, wait_key, epoch, "
        + "since, due_at, held, body, woken) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"

    /// The values of `insertStep`; what waits is woken by signals alone.
    static let updateStep =
        "UPDATE steps SET work=?3, flow=?4, priority=?5, state=?6, wait_kind=?7, wait_key=?8, "
        + "epoch=?9, since=?10, due_at=?11, held=?12, body=?13, woken=CASE WHEN ?6='waiting' THEN "
        + "EXISTS(SELECT 1 FROM signals WHERE run=?1 AND step=?2) ELSE ?14 END "
        + "WHERE run=?1 AND step=?2"

    /// Says anew whether a step that waits is woken.
    ///
    /// Values: the run, the step.
    static let refreshStep =
        "UPDATE steps SET woken=EXISTS(SELECT 1 FROM signals WHERE run=?1 AND step=?2) "
        + "WHERE run=?1 AND step=?2 AND state='waiting'"

    static func values(of step: ActiveStep, _ body: [UInt8], of run: Run) -> [SQLiteValue] {
        [
            .blob(run.id.bytes), .integer(Int64(step.step)), .text(step.kind ?? ""),
            .text(run.plan.flow), .integer(Int64(run.priority)), .text(step.stateWord),
            SQLiteValue(step.wait?.kind), SQLiteValue(step.wait?.key), .integer(step.epoch),
            .integer(step.orderedSince.microseconds), SQLiteValue(step.dueAt?.microseconds),
            .integer(run.isHeld ? 1 : 0), .blob(body),
            .integer(step.isReady ? 1 : 0),
        ]
    }

    /// `body, due_at`: a heartbeat moves the end of a lease in the column alone.
    static func step(_ row: [SQLiteValue]) throws(StoreError) -> ActiveStep {
        guard row.count >= 2, var step = row[0].blob.flatMap({ ActiveStep(storedBytes: $0) })
        else { throw StoreError(.corrupt, "a row of steps is not as Stepgate writes it") }
        if case .leased(let by, _) = step.state, let until = row[1].integer {
            step.state = .leased(by: by, until: Instant(microseconds: until))
        }
        return step
    }

    static let placeColumns = "run, step, flow, priority, since, epoch"

    /// The columns of `placeColumns`.
    static func place(_ row: [SQLiteValue]) throws(StoreError) -> StepPlace {
        guard row.count >= 6, let run = row[0].blob.flatMap({ Identifier(bytes: $0) }),
            let step = row[1].integer, let flow = row[2].text, let priority = row[3].integer,
            let since = row[4].integer, let epoch = row[5].integer
        else { throw StoreError(.corrupt, "a row of steps is not as Stepgate writes it") }
        return StepPlace(
            run: run,
            step: Int(step),
            flow: flow,
            priority: Int(priority),
            since: Instant(microseconds: since),
            epoch: epoch
        )
    }

    /// Each flow that has woken steps for a kind of work, from one to the next along the index.
    static let readyFlows =
        "WITH RECURSIVE flows(name) AS ("
        + "SELECT min(flow) FROM steps INDEXED BY steps_ready "
        + "WHERE work=?1 AND woken=1 AND held=0 UNION ALL "
        + "SELECT (SELECT min(flow) FROM steps INDEXED BY steps_ready "
        + "WHERE work=?1 AND woken=1 AND held=0 AND flow>name) FROM flows WHERE name IS NOT NULL) "
        + "SELECT name FROM flows WHERE name IS NOT NULL"

    /// Values: the kind of work, the flow, how many.
    static let ready =
        "SELECT \(placeColumns) FROM steps INDEXED BY steps_ready "
        + "WHERE work=? AND flow=? AND woken=1 AND held=0 "
        + "ORDER BY priority DESC, since, run, step LIMIT ?"

    /// Values: the instant, how many.
    static let due =
        "SELECT \(placeColumns) FROM steps INDEXED BY steps_due "
        + "WHERE due_at<=? AND held=0 ORDER BY due_at, run, step LIMIT ?"

    /// Values: run and step to begin behind, how many.
    static let leases =
        "SELECT \(placeColumns) FROM steps INDEXED BY steps_leased WHERE state='leased' "
        + "AND (run, step)>(?,?) ORDER BY run, step LIMIT ?"

    /// Values: the instant it is after.
    static let nextDue =
        "SELECT min(due_at) FROM steps INDEXED BY steps_due WHERE due_at>? AND held=0"

    /// Values: the kind, the key, then since, run and step to begin behind, and how many.
    static let waiters =
        "SELECT \(placeColumns) FROM steps INDEXED BY steps_wait WHERE wait_kind=? AND wait_key=? "
        + "AND (since, run, step)>(?,?,?) ORDER BY since, run, step LIMIT ?"

    /// Values: the kind, and the keys it is above and below.
    static let waitKey =
        "SELECT wait_key FROM steps INDEXED BY steps_wait WHERE wait_kind=? AND wait_key>? "
        + "AND wait_key<? ORDER BY wait_key LIMIT 1"

    /// Values: the key.
    static let nextForSlot =
        "SELECT \(placeColumns) FROM steps INDEXED BY steps_wait WHERE wait_kind='slot' "
        + "AND wait_key=? AND woken=0 AND held=0 ORDER BY since, run, step LIMIT 1"

    /// Values: the identifier as text.
    static let waitersForDecision =
        "SELECT \(placeColumns) FROM steps INDEXED BY steps_wait WHERE wait_kind='decision' "
        + "AND wait_key=? AND woken=0"

    /// `run, step, number, body`.
    static func signal(_ row: [SQLiteValue]) throws(StoreError) -> Signal {
        guard row.count >= 4, let run = row[0].blob.flatMap({ Identifier(bytes: $0) }),
            let step = row[1].integer, let number = row[2].integer,
            let content = row[3].blob.flatMap({ Signal.Content(storedBytes: $0) })
        else { throw StoreError(.corrupt, "a row of signals is not as Stepgate writes it") }
        return Signal(number: number, run: run, step: Int(step), content: content)
    }

    /// `number, at, chance, body`.
    static func event(_ row: [SQLiteValue]) throws(StoreError) -> HistoryEvent {
        guard row.count >= 4, let number = row[0].integer, let at = row[1].integer,
            let chance = row[2].integer,
            let event = row[3].blob.flatMap({ RunEvent(storedBytes: $0) })
        else { throw StoreError(.corrupt, "a row of history is not as Stepgate writes it") }
        return HistoryEvent(
            number: number,
            event: event,
            at: Instant(microseconds: at),
            chance: UInt64(bitPattern: chance)
        )
    }

    /// `flow, kind, stage, state, count`.
    static func stageCount(_ row: [SQLiteValue]) throws(StoreError) -> StageCount {
        guard row.count >= 5, let flow = row[0].text,
            let kind = row[1].integer.flatMap({ Run.Kind(rawValue: Int($0)) }),
            let stage = row[2].text, let state = row[3].text.flatMap(RunState.init),
            let count = row[4].integer
        else { throw StoreError(.corrupt, "a row of stage_counts is not as Stepgate writes it") }
        let place = StageCount.Place(
            flow: flow,
            kind: kind,
            stage: stage.isEmpty ? nil : stage,
            state: state
        )
        return StageCount(place: place, count: count)
    }
}

/// Which columns of a run's row are set: an index is looked at only where one of its columns is.
enum RunUpdate {
    case progress
    case stage
    case state

    private static let progressSet = "updated_at=?, reason=?, fields=?, history=?, version=?"
    private static let stageSet = "stage=?, stage_since=?"
    private static let stateSet = "live=?, queued=?, state=?"

    var sql: String {
        switch self {
        case .progress: Self.progressSQL
        case .stage: Self.stageSQL
        case .state: Self.stateSQL
        }
    }

    private static let progressSQL =
        "UPDATE runs SET \(progressSet), progress=? WHERE id=?"
    private static let stageSQL =
        "UPDATE runs SET \(stageSet), \(progressSet), progress=? WHERE id=?"
    private static let stateSQL =
        "UPDATE runs SET \(stateSet), \(stageSet), \(progressSet), progress=? WHERE id=?"

    /// The columns that are this one's alone.
    func columns(_ run: Run) -> [SQLiteValue] {
        switch self {
        case .progress:
            [
                .integer(run.updatedAt.microseconds), SQLiteValue(run.reason),
                Rows.fields(of: run), .integer(run.history), .integer(run.version),
            ]
        case .stage: [SQLiteValue(run.stage), .integer(run.stageSince.microseconds)]
        case .state:
            [
                .integer(run.state.isFinal ? 0 : 1), .integer(run.isQueued ? 1 : 0),
                .text(run.state.rawValue),
            ]
        }
    }

    func values(_ run: Run, _ progress: [UInt8]) -> [SQLiteValue] {
        let ends: [SQLiteValue] = [.blob(progress), .blob(run.id.bytes)]
        let own = RunUpdate.progress.columns(run) + ends
        switch self {
        case .progress: return own
        case .stage: return columns(run) + own
        case .state: return columns(run) + RunUpdate.stage.columns(run) + own
        }
    }
}

extension ActiveStep {
    fileprivate var stateWord: String {
        switch state {
        case .ready: "ready"
        case .leased: "leased"
        case .waiting: "waiting"
        }
    }
}

extension SQLiteValue {
    /// A field's value, so that numbers come before texts; nothing for what has no order.
    init?(field: JSON) {
        switch field {
        case .bool(let value): self = .integer(value ? 1 : 0)
        case .int(let value): self = .integer(value)
        case .uint(let value): self = .real(Double(value))
        case .double(let value): self = .real(value)
        case .string(let text): self = .text(text)
        case .null, .array, .object: return nil
        }
    }
}
