package import Access
package import Decisions
package import Storage
package import Values

extension SQLiteStore {
    package func tallies(since: Instant) async throws(StoreError) -> [CallTally] {
        try await read { connection in
            try connection.rows(
                "SELECT quarter, policy, model, body FROM tallies WHERE quarter>=?",
                [.integer(since.microseconds)]
            ).map { try Rows.tally($0) }
        }
    }

    package func models() async throws(StoreError) -> [ModelState] {
        try await read { connection in
            try connection.rows("SELECT model, breaker, since, until FROM models ORDER BY model")
                .map { try Rows.model($0) }
        }
    }

    package func tokens() async throws(StoreError) -> [AccessToken] {
        try await read { connection in
            try connection.rows("SELECT \(Rows.tokenColumns) FROM tokens ORDER BY id")
                .map { try Rows.token($0) }
        }
    }

    package func token(_ digest: Digest) async throws(StoreError) -> AccessToken? {
        try await read { connection in
            try connection.row(
                "SELECT \(Rows.tokenColumns) FROM tokens WHERE digest=?",
                [.blob(digest.bytes)]
            ).map { try Rows.token($0) }
        }
    }

    package func keptAnswer(
        _ key: Digest,
        at now: Instant
    ) async throws(StoreError) -> KeptAnswer? {
        try await read { connection in
            try connection.row(
                "SELECT key, version, body, kept_at, expires_at FROM answers "
                    + "WHERE key=? AND expires_at>?",
                [.blob(key.bytes), .integer(now.microseconds)]
            ).map { try Rows.answer($0) }
        }
    }

    package func keep(_ answer: KeptAnswer) async throws(StoreError) {
        try await write { connection in
            try connection.run(
                "DELETE FROM answers WHERE key IN "
                    + "(SELECT key FROM answers WHERE expires_at<? LIMIT \(Limits.answersLetGo))",
                [.integer(answer.keptAt.microseconds)]
            )
            try connection.run(
                "INSERT OR REPLACE INTO answers VALUES (?,?,?,?,?)",
                [
                    .blob(answer.key.bytes), .text(answer.version), .blob(answer.body),
                    .integer(answer.keptAt.microseconds), .integer(answer.expiresAt.microseconds),
                ]
            )
        }
    }
}
