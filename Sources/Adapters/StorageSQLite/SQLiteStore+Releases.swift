package import Decisions
package import Storage
package import Values

extension SQLiteStore {
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

    package func removal(of release: Digest) async throws(StoreError) -> ReleaseRemoval? {
        try await read { connection in
            let row = try connection.row(
                "SELECT at, person FROM removed_releases WHERE release=?",
                [.blob(release.bytes)]
            )
            guard let row else { return nil }
            guard let at = row[0].integer, let person = row[1].text else {
                throw StoreError(
                    .corrupt,
                    "a row of removed_releases is not as Stepgate writes it"
                )
            }
            return ReleaseRemoval(
                release: release,
                at: Instant(microseconds: at),
                person: person
            )
        }
    }

    package func releaseNotes(limit: Int) async throws(StoreError) -> [ReleaseNote] {
        try await read { connection in
            try connection.rows(
                "SELECT release, kept_at, person, note FROM releases "
                    + "ORDER BY kept_at DESC, release LIMIT ?",
                [.integer(Int64(limit))]
            ).map { try Rows.releaseNote($0) }
        }
    }

    package func promotions(limit: Int) async throws(StoreError) -> [Promotion] {
        try await read { connection in
            try connection.rows(
                "SELECT * FROM promotions ORDER BY number DESC LIMIT ?",
                [.integer(Int64(limit))]
            ).map { try Rows.promotion($0) }
        }
    }

    package func promotion(_ number: Int64) async throws(StoreError) -> Promotion? {
        try await read { connection in
            try connection.row("SELECT * FROM promotions WHERE number=?", [.integer(number)])
                .map { try Rows.promotion($0) }
        }
    }
}

extension Rows {
    static func values(of promotion: Promotion) -> [SQLiteValue] {
        [
            .integer(promotion.number), .blob(promotion.release.bytes),
            .text(promotion.act.rawValue), .text(promotion.person),
            .integer(promotion.at.microseconds), promotion.before.map(SQLiteValue.integer) ?? .null,
        ]
    }

    static func promotion(_ row: [SQLiteValue]) throws(StoreError) -> Promotion {
        guard let number = row[0].integer, let release = row[1].blob.flatMap({ Digest(bytes: $0) }),
            let act = row[2].text.flatMap(Promotion.Act.init), let person = row[3].text,
            let at = row[4].integer
        else { throw StoreError(.corrupt, "a row of promotions is not as Stepgate writes it") }
        return Promotion(
            number: number,
            release: release,
            act: act,
            person: person,
            at: Instant(microseconds: at),
            before: row[5].integer
        )
    }

    static func releaseNote(_ row: [SQLiteValue]) throws(StoreError) -> ReleaseNote {
        guard let release = row[0].blob.flatMap({ Digest(bytes: $0) }), let at = row[1].integer,
            let person = row[2].text
        else { throw StoreError(.corrupt, "a row of releases is not as Stepgate writes it") }
        return ReleaseNote(
            release: release,
            keptAt: Instant(microseconds: at),
            person: person,
            text: row[3].text
        )
    }
}
