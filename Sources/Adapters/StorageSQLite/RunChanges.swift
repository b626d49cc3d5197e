internal import Runs
internal import Storage
internal import Values

/// Appends what runs have become, within one transaction.
struct RunChanges {
    private let connection: SQLiteConnection
    private let kept: Int
    /// The last number before this transaction's first, once it was asked for.
    private var before: Int64?
    private var last: Int64 = 0

    /// Keeps so many, and a lot more at most.
    init(_ connection: SQLiteConnection, kept: Int) {
        self.connection = connection
        self.kept = kept
    }

    /// Adds a change under the next number, which the one writer gives inside its transaction.
    mutating func append(_ kind: RunChange.Kind, of run: Run) throws {
        if before == nil {
            last = try Self.last(connection)
            before = last
        }
        last += 1
        try connection.run(Rows.insertRunChange, Rows.values(of: RunChange(last, kind, of: run)))
    }

    /// Deletes the oldest, where a lot of them has come together; before the commit.
    mutating func finish() throws {
        let lot = Int64(Storage.Limits.runChangesLot)
        guard let before, before / lot != last / lot else { return }
        try connection.run(
            "DELETE FROM run_changes WHERE number<=?",
            [.integer(last - Int64(kept))]
        )
    }

    /// The number of the last change; they begin with 1, and the last one is always kept.
    static func last(_ connection: SQLiteConnection) throws -> Int64 {
        try connection.row("SELECT max(number) FROM run_changes")?[0].integer ?? 0
    }

    /// Takes away what was said in words of runs that are there no more.
    ///
    /// The rows stay, so that the numbers stay consecutive.
    static func forget(_ connection: SQLiteConnection) throws {
        try connection.run(
            "UPDATE run_changes SET reason=NULL WHERE reason IS NOT NULL "
                + "AND NOT EXISTS (SELECT 1 FROM runs WHERE id=run)"
        )
    }
}

extension Rows {
    static let insertRunChange = "INSERT INTO run_changes VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"

    /// Values: the number to begin after, how many.
    static let runChanges =
        "SELECT number, kind, at, run, root, flow, caller, state, stage, stage_since, reason, "
        + "version FROM run_changes WHERE number>? ORDER BY number LIMIT ?"

    static func values(of change: RunChange) -> [SQLiteValue] {
        [
            .integer(change.number), .text(change.kind.rawValue),
            .integer(change.at.microseconds), .blob(change.run.bytes), .blob(change.root.bytes),
            .text(change.flow), .text(change.caller), .text(change.state.rawValue),
            SQLiteValue(change.stage), .integer(change.stageSince.microseconds),
            SQLiteValue(change.reason), .integer(change.version),
        ]
    }

    /// The columns of `runChanges`.
    static func runChange(_ row: [SQLiteValue]) throws(StoreError) -> RunChange {
        guard row.count >= 12, let number = row[0].integer,
            let kind = row[1].text.flatMap(RunChange.Kind.init), let at = row[2].integer,
            let run = row[3].blob.flatMap({ Identifier(bytes: $0) }),
            let root = row[4].blob.flatMap({ Identifier(bytes: $0) }), let flow = row[5].text,
            let caller = row[6].text, let state = row[7].text.flatMap(RunState.init),
            let stageSince = row[9].integer, let version = row[11].integer
        else { throw StoreError(.corrupt, "a row of run_changes is not as Stepgate writes it") }
        return RunChange(
            number: number,
            kind: kind,
            at: Instant(microseconds: at),
            run: run,
            root: root,
            flow: flow,
            caller: caller,
            state: state,
            stage: row[8].text,
            stageSince: Instant(microseconds: stageSince),
            reason: row[10].text,
            version: version
        )
    }
}
