package import Decisions
package import Storage
internal import Values

extension SQLiteStore {
    private static let entryColumns =
        "SELECT e.sequence, e.hash, e.previous, e.bytes, p.bytes FROM entries e "
        + "LEFT JOIN payloads p ON p.sequence = e.sequence "

    package func entry(_ sequence: Int64) async throws(StoreError) -> StoredEntry? {
        try await read { connection in
            try connection.row(Self.entryColumns + "WHERE e.sequence=?", [.integer(sequence)])
                .map { try Rows.entry($0) }
        }
    }

    package func entries(
        from sequence: Int64,
        limit: Int
    ) async throws(StoreError) -> [StoredEntry] {
        try await read { connection in
            let rows = try connection.rows(
                Self.entryColumns + "WHERE e.sequence>=? ORDER BY e.sequence LIMIT ?",
                [.integer(sequence), .integer(Int64(min(limit, Limits.rows)))]
            )
            return try rows.map { try Rows.entry($0) }
        }
    }

    package func bareEntries(
        from sequence: Int64,
        limit: Int
    ) async throws(StoreError) -> [BareEntry] {
        try await read { connection in
            let rows = try connection.rows(
                "SELECT sequence, bytes FROM entries WHERE sequence>=? ORDER BY sequence LIMIT ?",
                [.integer(sequence), .integer(Int64(min(limit, Limits.rows)))]
            )
            return try rows.map { row in
                guard let sequence = row[0].integer, let bytes = row[1].blob else {
                    throw StoreError(.corrupt, "a row of entries is not as Stepgate writes it")
                }
                return BareEntry(sequence: sequence, bytes: bytes)
            }
        }
    }

    package func claimed(
        scope: String,
        keys: [String]
    ) async throws(StoreError) -> [String: ClaimedDecision] {
        try await read { connection in
            let number = try connection.row("SELECT id FROM scopes WHERE name=?", [.text(scope)])
            let tables = try KeyTables(connection)
            var found: [String: ClaimedDecision] = [:]
            for key in keys {
                let taken =
                    try number.flatMap { try Self.claim(key, in: $0[0], connection) }
                    ?? tables.find(KeyClaim.Name(scope: scope, key: key))
                if let taken { found[key] = try Self.claimed(taken, connection) }
            }
            return found
        }
    }

    static func claim(
        _ key: String,
        in scope: SQLiteValue,
        _ connection: SQLiteConnection
    ) throws -> KeyTables.Taken? {
        let row = try connection.row(
            "SELECT decision, body FROM claims WHERE scope=? AND key=?",
            [scope, .text(key)]
        )
        guard let row else { return nil }
        guard let decision = row[0].blob.flatMap({ Identifier(bytes: $0) }),
            let body = row[1].blob.flatMap({ Digest(bytes: $0) })
        else { throw StoreError(.corrupt, "a row of claims is not as Stepgate writes it") }
        return KeyTables.Taken(decision: decision, body: body)
    }

    private static func claimed(
        _ taken: KeyTables.Taken,
        _ connection: SQLiteConnection
    ) throws -> ClaimedDecision? {
        let row = try connection.row(
            "SELECT \(Rows.decisionColumns) FROM decisions WHERE id=?",
            [.blob(taken.decision.bytes)]
        )
        guard let record = try row.map({ try Rows.decision($0) }) else { return nil }
        let payload = try connection.row(
            "SELECT bytes FROM payloads WHERE sequence=?",
            [.integer(record.links.output)]
        )
        let output = payload?[0].blob.flatMap { [PayloadPart](rowBytes: $0)?.value("/output") }
        return ClaimedDecision(record: record, body: taken.body, output: output)
    }

    package func secret() async throws(StoreError) -> [UInt8] {
        try await read { connection in
            guard
                let secret = try connection.row("SELECT value FROM store WHERE name='secret'")?[0]
                    .blob, secret.count == 32
            else { throw StoreError(.corrupt, "the store has lost its secret") }
            return secret
        }
    }
}
