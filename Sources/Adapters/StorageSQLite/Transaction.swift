internal import Decisions
internal import Reviews
internal import Storage
internal import Values

/// One transaction that takes on many changes: each is admitted or refused by what is true then.
struct Transaction {
    let connection: SQLiteConnection
    private var head: ChainHead
    private(set) var bytes = 0

    /// Begins it and reads the chain's head inside, since another process may have appended.
    init(_ connection: SQLiteConnection) throws {
        self.connection = connection
        try connection.execute("BEGIN IMMEDIATE")
        let last = try connection.row(
            "SELECT sequence, hash FROM entries ORDER BY sequence DESC LIMIT 1"
        )
        guard let last else {
            head = .empty
            return
        }
        guard let count = last[0].integer, let hash = last[1].blob.flatMap({ Digest(bytes: $0) })
        else { throw StoreError(.corrupt, "the last entry of the log cannot be read") }
        head = ChainHead(count: count, hash: hash)
    }

    mutating func apply(_ change: Change) throws -> CommitResult {
        var links = EntryLinks()
        switch change.decision {
        case .insert(let record, let key)?:
            if let key, let taken = try claim(key) { return taken }
            if try row("SELECT 1 FROM decisions WHERE id=?", record.id) != nil { return .stale }
        case .update(let record)?:
            guard
                let stored = try row(
                    "SELECT version, last_entry, input_entry, output_entry FROM decisions "
                        + "WHERE id=?",
                    record.id
                ), stored[0].integer == record.version
            else { return .stale }
            links.last = stored[1].integer ?? 0
            links.input = stored[2].integer ?? 0
            links.output = stored[3].integer ?? 0
        case nil: break
        }
        if let review = change.review, try !admits(review) { return .stale }
        let work = ChangeWork(change, after: head, links: links)
        try write(work, change)
        head = work.head
        return .committed(head)
    }

    private func row(_ sql: String, _ id: Identifier) throws -> [SQLiteValue]? {
        try connection.row(sql, [.blob(id.bytes)])
    }

    private func claim(_ key: KeyClaim) throws -> CommitResult? {
        let found = try connection.row(
            "SELECT decision, body FROM claims JOIN scopes ON claims.scope = scopes.id "
                + "WHERE scopes.name=? AND key=?",
            [.text(key.scope), .text(key.key)]
        )
        guard let found else { return nil }
        guard let id = found[0].blob.flatMap({ Identifier(bytes: $0) }),
            let body = found[1].blob.flatMap({ Digest(bytes: $0) })
        else { throw StoreError(.corrupt, "a row of claims is not as Stepgate writes it") }
        return .keyTaken(by: id, body: body)
    }

    private func admits(_ write: ReviewWrite) throws -> Bool {
        let stored = try row("SELECT version FROM reviews WHERE id=?", write.review.id)
        switch write {
        case .insert: return stored == nil
        case .update(let review): return stored?[0].integer == review.version
        }
    }

    private mutating func write(_ work: ChangeWork, _ change: Change) throws {
        for entry in work.entries {
            try connection.run(
                "INSERT INTO entries VALUES (?,?,?,?)",
                [
                    .integer(entry.sequence), .blob(entry.hash.bytes), .integer(entry.previous),
                    .blob(entry.bytes),
                ]
            )
            bytes += entry.bytes.count
            guard !entry.payload.isEmpty else { continue }
            let payload = entry.payload.rowBytes
            try connection.run(
                "INSERT INTO payloads VALUES (?,?)",
                [.integer(entry.sequence), .blob(payload)]
            )
            bytes += payload.count
        }
        if let record = work.decision {
            let isNew = if case .insert? = change.decision { true } else { false }
            try connection.run(
                isNew ? Rows.insertDecision : Rows.replaceDecision,
                Rows.values(of: record)
            )
            bytes += 400
        }
        if let review = work.review {
            try connection.run(
                "INSERT OR REPLACE INTO reviews (id, queue, state, kind, decision, version, body) "
                    + "VALUES (?,?,?,?,?,?,?)",
                Rows.values(of: review)
            )
        }
        if case .insert(let record, let key?)? = change.decision { try add(key, record.id) }
    }

    private func add(_ key: KeyClaim, _ id: Identifier) throws {
        try connection.run("INSERT OR IGNORE INTO scopes (name) VALUES (?)", [.text(key.scope)])
        try connection.run(
            "INSERT INTO claims SELECT id, ?, ?, ? FROM scopes WHERE name=?",
            [.text(key.key), .blob(id.bytes), .blob(key.body.bytes), .text(key.scope)]
        )
    }
}
