package import Decisions
package import Storage
package import Values

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

    package func keep(_ release: StoredRelease) async throws(StoreError) {
        try await write { connection in
            for (path, bytes) in release.files.sorted(by: { $0.key < $1.key }) {
                let digest = Digest(of: bytes).bytes
                try connection.run(
                    "INSERT OR IGNORE INTO files VALUES (?,?)",
                    [.blob(digest), .blob(bytes)]
                )
                try connection.run(
                    "INSERT OR IGNORE INTO release_files VALUES (?,?,?)",
                    [.blob(release.digest.bytes), .text(path), .blob(digest)]
                )
            }
        }
    }

    package func release(_ digest: Digest) async throws(StoreError) -> StoredRelease? {
        try await read { connection in
            let rows = try connection.rows(
                "SELECT path, bytes FROM release_files JOIN files ON file = digest "
                    + "WHERE release=?",
                [.blob(digest.bytes)]
            )
            var files: [String: [UInt8]] = [:]
            for row in rows {
                if let path = row[0].text, let bytes = row[1].blob { files[path] = bytes }
            }
            return files.isEmpty ? nil : StoredRelease(digest: digest, files: files)
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
