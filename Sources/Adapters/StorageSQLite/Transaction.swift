internal import Decisions
internal import Reviews
internal import Runs
internal import Storage
internal import Values

/// One transaction that takes on many changes: each is admitted or refused by what is true then.
struct Transaction {
    let connection: SQLiteConnection
    private var head: ChainHead
    /// The entries before this transaction's.
    private let before: Int64
    /// Numbers of scopes met in this transaction.
    private var scopes: [String: Int64] = [:]
    /// Added up here and written once at the end: many changes are of the same quarter.
    private var tallies: [CallTally.Key: CallTally] = [:]
    private var models: [String: ModelState] = [:]
    /// Made when the first key that is forgotten comes.
    private var keys: KeyTables?
    private var runs: RunTables
    private var releases: ReleaseTables

    /// Reads the chain's head inside the transaction that was begun, since another process may have
    /// appended.
    init(_ connection: SQLiteConnection, runChanges: Int) throws {
        self.connection = connection
        runs = RunTables(connection, changes: runChanges)
        releases = ReleaseTables(connection)
        let last = try connection.row(
            "SELECT sequence, hash FROM entries ORDER BY sequence DESC LIMIT 1"
        )
        guard let last else {
            head = .empty
            before = 0
            return
        }
        guard let count = last[0].integer, let hash = last[1].blob.flatMap({ Digest(bytes: $0) })
        else { throw StoreError(.corrupt, "the last entry of the log cannot be read") }
        head = ChainHead(count: count, hash: hash)
        before = count
    }

    mutating func apply(_ change: Change) throws -> CommitResult {
        guard change.runs.contains(where: { $0.start != nil }) else { return try admit(change) }
        // Its claims are rows: where one is refused the others go, and all that is known of them.
        let before = self
        try connection.run("SAVEPOINT change")
        let result = try admit(change)
        if case .committed = result {
            try connection.run("RELEASE change")
            return result
        }
        try connection.run("ROLLBACK TO change")
        try connection.run("RELEASE change")
        self = before
        return result
    }

    private mutating func admit(_ change: Change) throws -> CommitResult {
        if let refused = try releases.refusal(of: change) { return refused }
        guard try runs.admits(change.runs) else { return .stale }
        var links = EntryLinks()
        switch change.decision {
        case .insert(let record, let key)?:
            if let refused = try claim(key, for: record.id, at: record.createdAt) {
                return refused
            }
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
        if let promotion = change.promotion, try !admits(promotion) { return .stale }
        for write in change.runs {
            if let refused = try claim(write.start, for: write.run.id, at: write.run.startedAt) {
                return refused
            }
        }
        let work = ChangeWork(change, after: head, links: links)
        if let record = work.decision, try !write(record, change) { return .stale }
        try write(work, change)
        try writeRest(of: change)
        for write in change.runs { try runs.write(write) }
        for write in change.runs { try runs.wake(by: write) }
        // Only a run waits for a decision, and it says so in the decision's source. Nobody can wait for
        // one that was not there before but the runs of this change, which are told as they are written.
        if case .update(let record)? = change.decision, work.finalAt != nil,
            record.source.hasPrefix("run:")
        {
            try runs.decided(record.id)
        }
        head = work.head
        return .committed(head)
    }

    /// What few changes have.
    private mutating func writeRest(of change: Change) throws {
        for tally in change.tallies {
            tallies[tally.key, default: CallTally(tally.key)].add(tally)
        }
        if let token = change.token {
            try connection.run(
                "INSERT OR REPLACE INTO tokens (\(Rows.tokenColumns)) VALUES (?,?,?,?,?,?,?,?,?)",
                Rows.values(of: token)
            )
        }
        if let promotion = change.promotion {
            try connection.run(
                "INSERT INTO promotions VALUES (?,?,?,?,?,?)",
                Rows.values(of: promotion)
            )
        }
        if let kept = change.kept { try releases.keep(kept) }
        if let removal = change.removal { try releases.remove(removal) }
        for model in change.models { models[model.model] = model }
    }

    /// Writes what the changes add up to; before the commit.
    mutating func finish() throws {
        try keys?.forget(after: before, last: head.count)
        try runs.finish()
        for tally in tallies.values { try write(tally) }
        for model in models.values {
            try connection.run(
                "INSERT OR REPLACE INTO models VALUES (?,?,?,?)",
                Rows.values(of: model)
            )
        }
    }

    private func write(_ tally: CallTally) throws {
        let key: [SQLiteValue] = [
            .integer(tally.key.quarter.microseconds), .text(tally.key.policy),
            .text(tally.key.model),
        ]
        let stored = try connection.row(
            "SELECT quarter, policy, model, body FROM tallies "
                + "WHERE quarter=? AND policy=? AND model=?",
            key
        )
        var sum = try stored.map { try Rows.tally($0) } ?? CallTally(tally.key)
        sum.add(tally)
        try connection.run(
            "INSERT OR REPLACE INTO tallies VALUES (?,?,?,?)",
            key + [.text(sum.json.compactText)]
        )
    }

    private func row(_ sql: String, _ id: Identifier) throws -> [SQLiteValue]? {
        try connection.row(sql, [.blob(id.bytes)])
    }

    /// Claims the key for a decision or a run that is not there yet; what stands in the way, if
    /// anything.
    private mutating func claim(
        _ key: KeyClaim?,
        for id: Identifier,
        at now: Instant
    ) throws -> CommitResult? {
        guard let key else { return nil }
        if key.lifetime == .day {
            var tables = try keys ?? KeyTables(connection)
            let taken = try tables.claim(key, for: id, on: KeyClaim.day(of: now))
            keys = tables
            return taken.map { .keyTaken(by: $0.decision, body: $0.body) }
        }
        let scope = SQLiteValue.integer(try scope(key.scope))
        try connection.run(
            "INSERT OR IGNORE INTO claims VALUES (?,?,?,?)",
            [scope, .text(key.key), .blob(id.bytes), .blob(key.body.bytes)]
        )
        if connection.changes == 1 { return nil }
        let taken = try connection.row(
            "SELECT decision, body FROM claims WHERE scope=? AND key=?",
            [scope, .text(key.key)]
        )
        guard let taken, let id = taken[0].blob.flatMap({ Identifier(bytes: $0) }),
            let body = taken[1].blob.flatMap({ Digest(bytes: $0) })
        else { throw StoreError(.corrupt, "a row of claims is not as Stepgate writes it") }
        return .keyTaken(by: id, body: body)
    }

    /// The number of a scope, made when it is new.
    private mutating func scope(_ name: String) throws -> Int64 {
        if let known = scopes[name] { return known }
        try connection.run("INSERT OR IGNORE INTO scopes (name) VALUES (?)", [.text(name)])
        let number = try connection.row("SELECT id FROM scopes WHERE name=?", [.text(name)])
        guard let number = number?[0].integer else {
            throw StoreError(.corrupt, "a row of scopes is not as Stepgate writes it")
        }
        scopes[name] = number
        return number
    }

    private func admits(_ promotion: Promotion) throws -> Bool {
        let last = try connection.row("SELECT coalesce(max(number), 0) FROM promotions")
        return last?[0].integer == promotion.number - 1
    }

    private func admits(_ write: ReviewWrite) throws -> Bool {
        let stored = try row("SELECT version FROM reviews WHERE id=?", write.review.id)
        switch write {
        case .insert: return stored == nil
        case .update(let review): return stored?[0].integer == review.version
        }
    }

    /// Writes the decision's row; false when a decision that should be new is there already.
    private mutating func write(_ record: DecisionRecord, _ change: Change) throws -> Bool {
        guard case .insert(_, let key)? = change.decision else {
            try connection.run(Rows.replaceDecision, Rows.values(of: record))
            return true
        }
        try connection.run(Rows.insertDecision, Rows.values(of: record))
        if connection.changes == 1 { return true }
        if let key, key.lifetime == .day {
            try keys?.release(key)
        } else if let key {
            try connection.run(
                "DELETE FROM claims WHERE scope=? AND key=?",
                [.integer(try scope(key.scope)), .text(key.key)]
            )
        }
        return false
    }

    private mutating func write(_ work: ChangeWork, _ change: Change) throws {
        for (entry, payload) in zip(work.entries, change.entries.map(\.payloadBytes)) {
            try connection.run(
                "INSERT INTO entries VALUES (?,?,?,?)",
                [
                    .integer(entry.sequence), .blob(entry.hash.bytes), .integer(entry.previous),
                    .blob(entry.bytes),
                ]
            )
            if payload.isEmpty { continue }
            try connection.run(
                "INSERT INTO payloads VALUES (?,?)",
                [.integer(entry.sequence), .blob(payload)]
            )
        }
        if let review = work.review {
            try connection.run(
                "INSERT OR REPLACE INTO reviews (id, queue, state, kind, decision, version, body) "
                    + "VALUES (?,?,?,?,?,?,?)",
                Rows.values(of: review)
            )
            try writePeople(of: review)
        }
        try writeCallback(work, change)
    }

    private func writePeople(of review: Review) throws {
        // A new one is nobody's yet.
        if review.version > 1 {
            try connection.run(
                "DELETE FROM review_people WHERE review=?",
                [.blob(review.id.bytes)]
            )
        }
        for (person, until) in review.people {
            try connection.run(
                "INSERT INTO review_people VALUES (?,?,?,?)",
                [
                    .blob(review.id.bytes), .text(person),
                    .integer(until?.microseconds ?? .max), .text(review.decision.description),
                ]
            )
        }
    }

    /// Keeps a callback that is new, or makes one due that waits for the decision.
    ///
    /// A decision that is inserted has no other callback than its change's, so one that a rule
    /// decides costs nothing here.
    private func writeCallback(_ work: ChangeWork, _ change: Change) throws {
        if let callback = work.callback {
            try connection.run(Rows.insertCallback, Rows.values(of: callback))
        } else if case .update(let record)? = change.decision, let finalAt = work.finalAt {
            let at = SQLiteValue.integer(finalAt.microseconds)
            try connection.run(Rows.callbackDue, [at, at, .blob(record.id.bytes)])
        }
    }
}
