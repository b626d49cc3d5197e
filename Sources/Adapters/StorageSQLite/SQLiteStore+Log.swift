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

    package func claimed(
        scope: String,
        keys: [String]
    ) async throws(StoreError) -> [String: ClaimedDecision] {
        try await read { connection in
            let number = try connection.row("SELECT id FROM scopes WHERE name=?", [.text(scope)])
            guard let number = number?[0] else { return [:] }
            let columns = Rows.decisionColumns.split(separator: ",").map {
                "d." + trimmed(String($0))
            }
            let sql =
                "SELECT \(columns.joined(separator: ", ")), c.body, p.bytes FROM claims c "
                + "JOIN decisions d ON d.id = c.decision "
                + "LEFT JOIN payloads p ON p.sequence = d.output_entry "
                + "WHERE c.scope=? AND c.key=?"
            var found: [String: ClaimedDecision] = [:]
            for key in keys {
                guard let row = try connection.row(sql, [number, .text(key)]) else { continue }
                guard let body = row[24].blob.flatMap({ Digest(bytes: $0) }) else {
                    throw StoreError(.corrupt, "a row of claims is not as Stepgate writes it")
                }
                found[key] = ClaimedDecision(
                    record: try Rows.decision(row),
                    body: body,
                    output: row[25].blob.flatMap { [PayloadPart](rowBytes: $0)?.value("/output") }
                )
            }
            return found
        }
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
