internal import Runs
internal import Storage
internal import Values

/// Deletes trees of runs that have ended, within one transaction.
struct RunRetention {
    private let connection: SQLiteConnection
    private let limit: Int
    private var tables: RunTables
    private var forgotten = 0

    init(_ connection: SQLiteConnection, limit: Int) {
        self.connection = connection
        self.limit = limit
        tables = RunTables(connection)
    }

    /// Deletes what is old enough of the trees whose outermost run is in that state.
    mutating func forget(_ state: RunState, endedBefore: Instant) throws {
        let flows = try RunListing.counts(nil, connection).filter {
            $0.place.kind == .root && $0.place.state == state
        }
        for flow in Set(flows.map(\.place.flow)).sorted() {
            var after: [UInt8] = []
            while forgotten < limit {
                let roots = try roots(of: flow, state, endedBefore, after: after)
                guard let last = roots.last else { break }
                for root in roots where forgotten < limit { try forgetTree(root) }
                after = last.bytes
            }
        }
    }

    /// How many were forgotten, once the counters are written.
    mutating func finish() throws -> Int {
        // They have no index by run: looked through once, by the call after which none is left.
        if forgotten < limit { try RunChanges.forget(connection) }
        try tables.finish()
        return forgotten
    }

    /// Those that ended before then, the oldest first.
    ///
    /// What ended before then began before then, so that the younger ones, however many, are not
    /// looked at.
    private func roots(
        of flow: String,
        _ state: RunState,
        _ endedBefore: Instant,
        after: [UInt8]
    ) throws -> [Identifier] {
        let end = Identifier(at: endedBefore + .milliseconds(1), random: (0, 0))
        return try connection.rows(
            "SELECT id FROM runs INDEXED BY runs_list WHERE flow=? AND state=? AND kind=0 "
                + "AND id>? AND id<? AND updated_at<? ORDER BY id LIMIT ?",
            [
                .text(flow), .text(state.rawValue), .blob(after), .blob(end.bytes),
                .integer(endedBefore.microseconds), .integer(Int64(min(limit, Limits.rows))),
            ]
        ).compactMap { $0[0].blob.flatMap { Identifier(bytes: $0) } }
    }

    private mutating func forgetTree(_ root: Identifier) throws {
        let tree = try connection.rows(
            "\(RunListing.tree) SELECT id, live FROM tree ORDER BY depth DESC",
            [.blob(root.bytes)]
        )
        guard tree.allSatisfy({ $0[1].integer == 0 }) else { return }
        // Those below go first, so that the tree is found again by its root.
        for row in tree {
            if forgotten >= limit { return }
            try forget(row[0])
            forgotten += 1
        }
        try forgetResources(of: root)
    }

    private mutating func forget(_ id: SQLiteValue) throws {
        let row = try connection.row(
            "SELECT \(Rows.summaryColumns) FROM runs r WHERE id=?",
            [id]
        )
        guard let run = try row.map({ try Rows.summary($0) }) else { return }
        for (name, value) in run.fields {
            try tables.deleteField(name, value, of: run.id, run.plan.flow)
        }
        for table in ["history", "signals", "steps"] {
            try connection.run("DELETE FROM \(table) WHERE run=?", [id])
        }
        try connection.run("DELETE FROM runs WHERE id=?", [id])
        let place = StageCount.Place(
            flow: run.plan.flow,
            kind: run.kind,
            stage: run.stage,
            state: run.state
        )
        tables.add(-1, at: place)
    }

    private func forgetResources(of root: Identifier) throws {
        let key = [SQLiteValue.blob(root.bytes)]
        let used = try connection.rows("SELECT digest FROM resource_uses WHERE root=?", key)
        try connection.run("DELETE FROM resource_uses WHERE root=?", key)
        for digest in used {
            try connection.run(
                "DELETE FROM resources WHERE digest=?1 AND NOT EXISTS "
                    + "(SELECT 1 FROM resource_uses WHERE digest=?1)",
                digest
            )
        }
    }
}
