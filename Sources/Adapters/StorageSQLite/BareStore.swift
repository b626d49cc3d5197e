package import Decisions
internal import Runs
package import Storage
internal import Values

/// A floor for benchmarks: the rows of decisions inserted as they are, with the schema, the pragmas
/// and the durability of the real store, and nothing else.
package final class BareStore {
    private let connection: SQLiteConnection
    /// The changes of runs written so far.
    private var changes: Int64 = 0

    /// Makes a store at that path.
    package init(_ path: String) throws(StoreError) {
        do {
            connection = try SQLiteConnection(path, readOnly: false)
            try StoreSchema.configure(connection)
            // SQLite's own default: its log of writes must not grow for ever either.
            try connection.execute("PRAGMA wal_autocheckpoint=1000")
            try StoreSchema.migrate(connection, path, secret: [UInt8](repeating: 0, count: 32))
            try connection.run("INSERT INTO scopes (name) VALUES ('bench')")
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreSchema.opening(error as? SQLiteFailure, path)
        }
    }

    /// Inserts the four rows of each decision in one transaction; `key` gives the key that the
    /// decision of a sequence claims.
    ///
    /// Keys in no order touch other pages than keys that follow each other: give such as the
    /// subject was given.
    package func insert(
        _ rows: ArraySlice<(entry: StoredEntry, payload: [UInt8])>,
        key: (Int64) -> String = { "\($0)" }
    ) throws(StoreError) {
        do {
            try connection.execute("BEGIN IMMEDIATE")
            for (entry, payload) in rows { try insert(entry, payload, key(entry.sequence)) }
            try connection.execute("COMMIT")
        } catch {
            throw StoreError(writing: error)
        }
    }

    /// Writes the rows of transitions of runs in one transaction, each with those of its decision
    /// where it made one, as the store writes them but without asking anything.
    package func write(
        _ transitions: ArraySlice<(run: RunWrite, decision: (StoredEntry, [UInt8])?)>
    ) throws(StoreError) {
        do {
            try connection.execute("BEGIN IMMEDIATE")
            for (write, decision) in transitions {
                try self.write(write)
                guard let (entry, payload) = decision else { continue }
                try insert(entry, payload, nil)
            }
            try connection.execute("COMMIT")
        } catch {
            throw StoreError(writing: error)
        }
    }

    private func write(_ write: RunWrite) throws(SQLiteFailure) {
        let run = write.run
        let id = SQLiteValue.blob(run.id.bytes)
        if let before = write.before {
            let update = before.state == run.state ? RunUpdate.progress : .state
            try connection.run(update.sql, update.values(run, write.bodies.progress))
        } else {
            try connection.run(Rows.insertRun, Rows.values(ofNew: write))
        }
        for number in write.changedSteps {
            if let step = run.active[number], let body = write.bodies.steps[number] {
                let isNew = write.before?.active[number] == nil
                let values = Rows.values(of: step, body, of: run)
                try connection.run(isNew ? Rows.insertStep : Rows.updateStep, values)
            } else {
                let place: [SQLiteValue] = [id, .integer(Int64(number))]
                try connection.run("DELETE FROM steps WHERE run=? AND step=?", place)
            }
        }
        if let kind = write.changeKind {
            changes += 1
            try connection.run(
                Rows.insertRunChange,
                Rows.values(of: RunChange(changes, kind, of: run))
            )
        }
        guard let event = write.event else { return }
        try connection.run(
            Rows.insertHistory,
            Rows.values(of: event, write.bodies.event, of: run)
        )
    }

    private func insert(
        _ entry: StoredEntry,
        _ payload: [UInt8],
        _ key: String?
    ) throws(SQLiteFailure) {
        let sequence = SQLiteValue.integer(entry.sequence)
        try connection.run(
            "INSERT INTO entries VALUES (?,?,?,?)",
            [sequence, .blob(entry.hash.bytes), .integer(0), .blob(entry.bytes)]
        )
        try connection.run("INSERT INTO payloads VALUES (?,?)", [sequence, .blob(payload)])
        let id = Identifier(high: UInt64(entry.sequence) << 16, low: UInt64(entry.sequence))
        var record = DecisionRecord(
            id: id,
            policy: "refund",
            release: entry.hash,
            key: key,
            source: "bench",
            caller: "me",
            createdAt: Instant(microseconds: 0),
            state: .decided
        )
        record.route = .rules
        record.reason = "rule"
        record.because = "Rule 'rest' applies"
        try connection.run(Rows.insertDecision, Rows.values(of: record))
        guard let key else { return }
        let claim = Array(Digest(of: Array(key.utf8)).bytes.prefix(16))
        try connection.run(
            "INSERT INTO keys_0 VALUES (?,?,?)",
            [.blob(claim), .blob(id.bytes), .blob(entry.hash.bytes)]
        )
    }
}
