package import Decisions
package import Reviews
package import Storage
package import Values

/// The embedded store: one SQLite file, one writer, readers that never wait for it.
///
/// Several processes may have it open; each transaction reads the chain's head inside it, so there
/// is one chain. Every answer comes after the commit is on disk (`synchronous=FULL`).
package final class SQLiteStore: Store {
    package enum Mode: Sendable {
        /// `decide` and `serve`: at most one process at a time.
        case engine
        /// One act beside a running engine.
        case oneShot
        /// Reads only, and changes nothing on disk.
        case reader
    }

    private let path: String
    private let reader: Confined
    private let writer: Writer?
    private let checkpoints: Checkpoints?
    private let lock: StoreLock?

    /// Opens or makes the store; `secret` are 32 random bytes for one that is new, `waiting` is how
    /// many changes may wait for the disk before further ones are refused as `busy`, `runChanges` how
    /// many changes of runs are kept.
    package init(
        _ path: String,
        mode: Mode,
        secret: [UInt8],
        waiting: Int = Limits.waitingChanges,
        runChanges: Int = Storage.Limits.runChanges
    ) throws(StoreError) {
        self.path = path
        lock = mode == .engine ? try StoreLock(path) : nil
        do {
            if mode == .reader {
                let connection = try SQLiteConnection(path, readOnly: true)
                _ = try StoreSchema.check(connection, path)
                reader = Confined("reader", connection)
                writer = nil
                checkpoints = nil
                return
            }
            try StoreLock.makeFile(path)
            let writing = try SQLiteConnection(path, readOnly: false)
            _ = try StoreSchema.check(writing, path)
            try StoreSchema.configure(writing)
            try StoreSchema.migrate(writing, path, secret: secret)
            let checkpointing = try SQLiteConnection(path, readOnly: false)
            try StoreSchema.configure(checkpointing, cacheKibibytes: Limits.readCacheKibibytes)
            let checkpoints = Checkpoints(Confined("checkpoints", checkpointing), path: path)
            self.checkpoints = checkpoints
            writer = Writer(
                Confined("writer", writing),
                checkpoints: checkpoints,
                waiting: waiting,
                runChanges: runChanges
            )
            reader = Confined("reader", try SQLiteConnection(path, readOnly: true))
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreSchema.opening(error as? SQLiteFailure, path)
        }
    }

    /// Commits what waits, carries the log over, and lets the next engine in.
    package func close() async {
        await writer?.close()
        await checkpoints?.finish()
    }

    package func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
        guard let writer else {
            throw StoreError(.notWritable, "\(path) was opened for reading only")
        }
        return try await writer.commit(changes)
    }

    /// Runs writes beside the log in a transaction of their own.
    func write<Value: Sendable>(
        _ work: @escaping @Sendable (SQLiteConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        guard let writer else {
            throw StoreError(.notWritable, "\(path) was opened for reading only")
        }
        return try await writer.run(work)
    }

    /// Runs reads on the reader's thread, turning what SQLite says into the store's errors.
    func read<Value: Sendable>(
        _ work: @escaping @Sendable (SQLiteConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        let result = await reader.run { connection -> Result<Value, StoreError> in
            do {
                return .success(try work(connection))
            } catch let error as StoreError {
                return .failure(error)
            } catch {
                let message = (error as? SQLiteFailure)?.message ?? "\(error)"
                return .failure(StoreError(.unavailable, "the store cannot be read: \(message)"))
            }
        }
        return try result.get()
    }

    package func head() async throws(StoreError) -> ChainHead {
        try await read { connection in
            let last = try connection.row(
                "SELECT sequence, hash FROM entries ORDER BY sequence DESC LIMIT 1"
            )
            guard let last, let count = last[0].integer,
                let hash = last[1].blob.flatMap({ Digest(bytes: $0) })
            else { return .empty }
            return ChainHead(count: count, hash: hash)
        }
    }

    package func decision(_ id: Identifier) async throws(StoreError) -> DecisionRecord? {
        try await read { connection in
            try connection.row(
                "SELECT \(Rows.decisionColumns) FROM decisions WHERE id=?",
                [.blob(id.bytes)]
            ).map { try Rows.decision($0) }
        }
    }

    package func decisions(_ query: DecisionQuery) async throws(StoreError) -> [DecisionRecord] {
        var conditions: [String] = []
        var values: [SQLiteValue] = []
        if let policy = query.policy {
            conditions.append("policy=?")
            values.append(.text(policy))
        }
        if let route = query.route {
            conditions.append("route=?")
            values.append(.text(route.rawValue))
        }
        if !query.states.isEmpty {
            conditions.append(Self.among("state", query.states.map(\.rawValue), &values))
        }
        if let before = query.before {
            conditions.append("id<?")
            values.append(.blob(before.bytes))
        }
        return try await list(
            "SELECT \(Rows.decisionColumns) FROM decisions",
            conditions,
            values,
            "ORDER BY id DESC",
            query.limit,
            Rows.decision
        )
    }

    package func asking(
        after: Identifier?,
        limit: Int
    ) async throws(StoreError) -> [DecisionRecord] {
        try await list(
            "SELECT \(Rows.decisionColumns) FROM decisions",
            ["state='asking'"] + (after == nil ? [] : ["id>?"]),
            after.map { [.blob($0.bytes)] } ?? [],
            "ORDER BY id",
            limit,
            Rows.decision
        )
    }

    package func review(_ id: Identifier) async throws(StoreError) -> Review? {
        try await read { connection in
            try connection.row("SELECT body FROM reviews WHERE id=?", [.blob(id.bytes)])
                .map { try Rows.review($0) }
        }
    }

    package func reviews(_ query: ReviewQuery) async throws(StoreError) -> [Review] {
        var conditions: [String] = []
        var values: [SQLiteValue] = []
        if query.states == [.open] {
            conditions.append("state='open'")
        } else if !query.states.isEmpty {
            conditions.append(Self.among("state", query.states.map(\.rawValue), &values))
        }
        if let queue = query.queue {
            conditions.append("queue=?")
            values.append(.text(queue))
        }
        if let kind = query.kind {
            conditions.append("kind=?")
            values.append(.text(kind.rawValue))
        }
        if let decision = query.decision {
            conditions.append("decision=?")
            values.append(.blob(decision.bytes))
        }
        if let after = query.after {
            conditions.append("id>?")
            values.append(.blob(after.bytes))
        }
        return try await list(
            "SELECT body FROM reviews",
            conditions,
            values,
            "ORDER BY id",
            query.limit,
            Rows.review
        )
    }

    package func oldestReviews(limit: Int) async throws(StoreError) -> [Review] {
        // From one queue to the next along the index, so that only the oldest rows are read.
        try await read { connection in
            try connection.rows(
                """
                WITH RECURSIVE queues(name) AS (
                    SELECT min(queue) FROM reviews WHERE state='open'
                    UNION ALL
                    SELECT (SELECT min(queue) FROM reviews WHERE state='open' AND queue>name)
                    FROM queues WHERE name IS NOT NULL
                )
                SELECT (SELECT body FROM reviews WHERE state='open' AND queue=name
                    ORDER BY id LIMIT 1)
                FROM queues WHERE name IS NOT NULL LIMIT ?
                """,
                [.integer(Int64(min(limit, Limits.rows)))]
            ).map { try Rows.review($0) }
        }
    }

    private static func among(
        _ column: String,
        _ words: [String],
        _ values: inout [SQLiteValue]
    ) -> String {
        values += words.sorted().map(SQLiteValue.text)
        return "\(column) IN (\(words.map { _ in "?" }.joined(separator: ",")))"
    }

    func list<Value: Sendable>(
        _ select: String,
        _ conditions: [String],
        _ values: [SQLiteValue],
        _ order: String,
        _ limit: Int,
        _ value: @escaping @Sendable ([SQLiteValue]) throws(StoreError) -> Value
    ) async throws(StoreError) -> [Value] {
        let filter = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        let limited = values + [.integer(Int64(min(limit, Limits.rows)))]
        return try await read { connection in
            var all: [Value] = []
            for row in try connection.rows("\(select)\(filter) \(order) LIMIT ?", limited) {
                all.append(try value(row))
            }
            return all
        }
    }
}
