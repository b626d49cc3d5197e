package import Runs
package import Storage
package import Values

extension SQLiteStore {
    package func run(_ id: Identifier) async throws(StoreError) -> Run? {
        try await runs([id])[id]
    }

    package func runs(_ ids: [Identifier]) async throws(StoreError) -> [Identifier: Run] {
        try await read { connection in
            // In one transaction, so that a run and its steps are of one moment.
            try connection.run("BEGIN")
            defer { Self.end(connection) }
            var runs: [Identifier: Run] = [:]
            for id in ids { runs[id] = try Self.run(id, connection) }
            return runs
        }
    }

    /// Ends a transaction of reads, in which there is nothing that could fail to be kept.
    private static func end(_ connection: SQLiteConnection) {
        do { try connection.run("COMMIT") } catch { return }
    }

    private static func run(_ id: Identifier, _ connection: SQLiteConnection) throws -> Run? {
        let key = [SQLiteValue.blob(id.bytes)]
        let row = try connection.row("SELECT beginning, progress FROM runs WHERE id=?", key)
        guard let row else { return nil }
        let steps = try connection.rows("SELECT body, due_at FROM steps WHERE run=?", key)
        guard let beginning = row[0].blob, let progress = row[1].blob,
            let run = Run(
                beginning: beginning,
                progress: progress,
                active: try steps.map { try Rows.step($0) }
            )
        else { throw StoreError(.corrupt, "the run \(id) is not as Stepgate writes it") }
        return run
    }

    package func children(
        of run: Identifier,
        step: Int,
        live: Bool,
        after: Identifier?,
        limit: Int
    ) async throws(StoreError) -> [RunSummary] {
        try await list(
            "SELECT \(Rows.summaryColumns) FROM runs r INDEXED BY runs_children",
            ["parent=?", "live=?", "parent_step=?"] + (after == nil ? [] : ["id>?"]),
            [.blob(run.bytes), .integer(live ? 1 : 0), .integer(Int64(step))]
                + (after.map { [.blob($0.bytes)] } ?? []),
            "ORDER BY id",
            limit,
            Rows.summary
        )
    }

    package func runs(on release: Digest, limit: Int) async throws(StoreError) -> [RunSummary] {
        try await list(
            "SELECT \(Rows.summaryColumns) FROM runs r INDEXED BY runs_release",
            ["release=?", "live=1"],
            [.blob(release.bytes)],
            "ORDER BY id",
            limit,
            Rows.summary
        )
    }

    package func claimedRun(scope: String, key: String) async throws(StoreError) -> ClaimedRun? {
        try await read { connection in
            let number = try connection.row("SELECT id FROM scopes WHERE name=?", [.text(scope)])
            let taken =
                try number.flatMap { try Self.claim(key, in: $0[0], connection) }
                ?? KeyTables(connection).find(KeyClaim.Name(scope: scope, key: key))
            return taken.map { ClaimedRun(run: $0.decision, body: $0.body) }
        }
    }

    package func stageCounts(_ flow: String?) async throws(StoreError) -> [StageCount] {
        try await read { try RunListing.counts(flow, $0) }
    }

    package func slots(_ key: String) async throws(StoreError) -> SlotCount {
        try await read { connection in
            let rows = try connection.rows(
                "SELECT queued, count(*) FROM runs INDEXED BY runs_key "
                    + "WHERE live=1 AND key=? GROUP BY queued",
                [.text(key)]
            )
            func count(_ queued: Int64) -> Int {
                Int(rows.first { $0[0].integer == queued }?[1].integer ?? 0)
            }
            return SlotCount(underway: count(0), queued: count(1))
        }
    }

    package func runs(_ query: RunQuery) async throws(StoreError) -> [RunSummary] {
        try await read { try RunListing(query, $0).rows() }
    }

    // MARK: Steps

    package func ready(
        kind: String?,
        perFlow: Int,
        limit: Int
    ) async throws(StoreError) -> [StepPlace] {
        try await read { connection in
            let work = SQLiteValue.text(kind ?? "")
            let room = SQLiteValue.integer(Int64(min(perFlow, limit, Limits.rows)))
            let flows = try connection.rows(Rows.readyFlows, [work]).map { flow in
                try connection.rows(Rows.ready, [work, flow[0], room]).map { try Rows.place($0) }
            }
            // Between two reads a flow may have lost all that was ready.
            let order = flows.filter { !$0.isEmpty }.sorted { left, right in
                (left[0].since, left[0].flow) < (right[0].since, right[0].flow)
            }
            return Array(order.joined().prefix(limit))
        }
    }

    package func due(by now: Instant, limit: Int) async throws(StoreError) -> [StepPlace] {
        try await places(Rows.due, [.integer(now.microseconds)], limit)
    }

    package func leases(after: StepKey?, limit: Int) async throws(StoreError) -> [StepPlace] {
        let behind: [SQLiteValue] = [
            .blob(after?.run.bytes ?? []), .integer(Int64(after?.step ?? .min)),
        ]
        return try await places(Rows.leases, behind, limit)
    }

    package func nextDue(after: Instant?) async throws(StoreError) -> Instant? {
        try await read { connection in
            let after = SQLiteValue.integer(after?.microseconds ?? .min)
            return try connection.row(Rows.nextDue, [after])?[0].integer.map(Instant.init)
        }
    }

    package func waiters(
        kind: String,
        key: String,
        after: StepPlace?,
        limit: Int
    ) async throws(StoreError) -> [StepPlace] {
        let behind: [SQLiteValue] = [
            .integer(after?.since.microseconds ?? .min), .blob(after?.run.bytes ?? []),
            .integer(Int64(after?.step ?? .min)),
        ]
        return try await places(Rows.waiters, [.text(kind), .text(key)] + behind, limit)
    }

    package func waitKey(
        kind: String,
        after: String,
        before: String
    ) async throws(StoreError) -> String? {
        try await read { connection in
            try connection.row(Rows.waitKey, [.text(kind), .text(after), .text(before)])?[0].text
        }
    }

    private func places(
        _ sql: String,
        _ values: [SQLiteValue],
        _ limit: Int
    ) async throws(StoreError) -> [StepPlace] {
        let limited = values + [.integer(Int64(min(limit, Limits.rows)))]
        return try await read { connection in
            try connection.rows(sql, limited).map { try Rows.place($0) }
        }
    }

    package func lastPromise(of rate: String) async throws(StoreError) -> Instant? {
        try await read { connection in
            try connection.row(
                "SELECT max(due_at) FROM steps INDEXED BY steps_wait "
                    + "WHERE wait_kind='rate' AND wait_key=? AND held=0",
                [.text(rate)]
            )?[0].integer.map { Instant(microseconds: $0) }
        }
    }

    package func signals(of runs: [Identifier], limit: Int) async throws(StoreError) -> [Signal] {
        try await read { connection in
            try runs.flatMap { run in
                try connection.rows(
                    "SELECT run, step, number, body FROM signals WHERE run=? "
                        + "ORDER BY step, number LIMIT ?",
                    [.blob(run.bytes), .integer(Int64(min(limit, Limits.rows)))]
                ).map { try Rows.signal($0) }
            }
        }
    }

    package func history(
        of run: Identifier,
        from number: Int64,
        limit: Int
    ) async throws(StoreError) -> [HistoryEvent] {
        try await list(
            "SELECT number, at, chance, body FROM history",
            ["run=?", "number>=?"],
            [.blob(run.bytes), .integer(number)],
            "ORDER BY number",
            limit,
            Rows.event
        )
    }

    package func resource(_ digest: Digest) async throws(StoreError) -> [UInt8]? {
        try await read { connection in
            try connection.row(
                "SELECT bytes FROM resources WHERE digest=?",
                [.blob(digest.bytes)]
            )?[0].blob
        }
    }

    package func runChanges(
        after number: Int64,
        limit: Int
    ) async throws(StoreError) -> [RunChange] {
        try await read { connection in
            try connection.rows(
                Rows.runChanges,
                [.integer(number), .integer(Int64(min(limit, Limits.rows)))]
            ).map { try Rows.runChange($0) }
        }
    }

    package func lastRunChange() async throws(StoreError) -> Int64 {
        try await read { try RunChanges.last($0) }
    }

    // MARK: Writes beside the log

    package func signal(
        _ run: Identifier,
        step: Int,
        _ content: Signal.Content,
        ifWaiting wait: Wait,
        keeping resources: [KeptResource]
    ) async throws(StoreError) -> Bool {
        guard wait.isFromOutside else { return false }
        return try await write { connection in
            let row = try connection.row(
                "SELECT root FROM steps JOIN runs ON id=run WHERE run=? AND step=? "
                    + "AND wait_kind=? AND wait_key IS ? AND woken=0",
                [
                    .blob(run.bytes), .integer(Int64(step)), .text(wait.kind),
                    wait.key.map { .text($0) } ?? .null,
                ]
            )
            guard let root = row?[0].blob.flatMap({ Identifier(bytes: $0) }) else { return false }
            var tables = RunTables(connection)
            try tables.keep(resources, for: root)
            try tables.signal(run, step, content)
            try tables.finish()
            return true
        }
    }

    package func extend(
        _ run: Identifier,
        step: Int,
        epoch: Int64,
        until: Instant
    ) async throws(StoreError) -> Bool {
        try await write { connection in
            try connection.run(
                "UPDATE steps SET due_at=max(due_at,?) WHERE run=? AND step=? AND epoch=? AND state='leased'",
                [
                    .integer(until.microseconds), .blob(run.bytes), .integer(Int64(step)),
                    .integer(epoch),
                ]
            )
            return connection.changes == 1
        }
    }

    package func checkRuns(mending: Bool) async throws(StoreError) -> [RowFault] {
        guard mending else {
            return try await read { connection in
                try connection.execute("BEGIN")
                let faults = Result {
                    try RunChecks(connection: connection, isMending: false).run()
                }
                try connection.execute("ROLLBACK")
                return try faults.get()
            }
        }
        return try await write { try RunChecks(connection: $0, isMending: true).run() }
    }

    package func forgetRuns(
        endedBefore: Instant,
        states: Set<RunState>,
        limit: Int
    ) async throws(StoreError) -> Int {
        try await write { connection in
            var retention = RunRetention(connection, limit: limit)
            for state in states.filter(\.isFinal).sorted(by: { $0.rawValue < $1.rawValue }) {
                try retention.forget(state, endedBefore: endedBefore)
            }
            return try retention.finish()
        }
    }
}
