internal import Decisions
internal import Storage
internal import Values

/// The tables of releases, within one transaction: what may be of a release, its keeping and removal.
struct ReleaseTables {
    private let connection: SQLiteConnection
    /// Releases met in this transaction, and whether they were removed.
    private var known: [Digest: Bool] = [:]

    init(_ connection: SQLiteConnection) { self.connection = connection }

    /// Why a change does not fit the releases that are there; writes nothing.
    mutating func refusal(of change: Change) throws -> CommitResult? {
        for release in change.releasesNeeded where try isRemoved(release) {
            return .removed(release)
        }
        guard let release = change.removal?.release else { return nil }
        let row = try connection.row("SELECT 1 FROM releases WHERE release=?", [key(release)])
        guard row != nil else { return try isRemoved(release) ? .removed(release) : .stale }
        let use = try use(of: release)
        return use.isEmpty ? nil : .inUse(use)
    }

    private mutating func isRemoved(_ release: Digest) throws -> Bool {
        if let known = known[release] { return known }
        let row = try connection.row(
            "SELECT 1 FROM removed_releases WHERE release=?",
            [key(release)]
        )
        known[release] = row != nil
        return row != nil
    }

    // MARK: What needs it

    private func use(of release: Digest) throws -> ReleaseUse {
        var use = ReleaseUse()
        use.isLive = try isFirst(release, of: "SELECT max(number) FROM promotions")
        use.isNext = try isFirst(
            release,
            of: "SELECT before FROM promotions ORDER BY number DESC LIMIT 1"
        )
        use.runCount = try count(
            "runs INDEXED BY runs_release WHERE release=? AND live=1",
            release
        )
        use.runs = try connection.rows(
            "SELECT \(Rows.summaryColumns) FROM runs r INDEXED BY runs_release "
                + "WHERE release=? AND live=1 ORDER BY id LIMIT ?",
            [key(release), .integer(Int64(ReleaseUse.named))]
        ).map { try Rows.summary($0) }
        use.asking = try count(
            "decisions INDEXED BY decisions_asking WHERE state='asking' AND release=?",
            release
        )
        let open =
            "reviews r INDEXED BY reviews_open CROSS JOIN decisions d ON d.id=r.decision "
            + "WHERE r.state='open' AND d.release=?"
        use.reviewCount = try count(open, release)
        use.reviews = try connection.rows(
            "SELECT r.id FROM \(open) ORDER BY r.id LIMIT ?",
            [key(release), .integer(Int64(ReleaseUse.named))]
        ).compactMap { $0[0].blob.flatMap { Identifier(bytes: $0) } }
        return use
    }

    /// Whether, of the promotions from that one on down, the first that was not removed is of it.
    private func isFirst(_ release: Digest, of number: String) throws -> Bool {
        let row = try connection.row(
            "WITH RECURSIVE stack (number, release, before) AS ("
                + "SELECT number, release, before FROM promotions WHERE number=(\(number)) "
                + "UNION ALL SELECT p.number, p.release, p.before FROM stack s "
                + "JOIN promotions p ON p.number=s.before) "
                + "SELECT release FROM stack "
                + "WHERE release NOT IN (SELECT release FROM removed_releases) LIMIT 1"
        )
        return row?[0].blob == release.bytes
    }

    private func count(_ rows: String, _ release: Digest) throws -> Int {
        let row = try connection.row("SELECT count(*) FROM \(rows)", [key(release)])
        return Int(row?[0].integer ?? 0)
    }

    // MARK: Writing

    mutating func keep(_ kept: KeptRelease) throws {
        let (release, note) = (key(kept.release.digest), kept.note)
        try connection.run("DELETE FROM removed_releases WHERE release=?", [release])
        for (path, bytes) in kept.release.files.sorted(by: { $0.key < $1.key }) {
            let digest = SQLiteValue.blob(Digest(of: bytes).bytes)
            try connection.run("INSERT OR IGNORE INTO files VALUES (?,?)", [digest, .blob(bytes)])
            try connection.run(
                "INSERT OR IGNORE INTO release_files VALUES (?,?,?)",
                [release, .text(path), digest]
            )
        }
        try connection.run(
            "INSERT OR IGNORE INTO releases VALUES (?,?,?,?)",
            [
                release, .integer(note.keptAt.microseconds), .text(note.person),
                note.text.map(SQLiteValue.text) ?? .null,
            ]
        )
        known[kept.release.digest] = false
    }

    /// Takes its files away, those of no other release, and remembers that it was there.
    mutating func remove(_ removal: ReleaseRemoval) throws {
        let release = [key(removal.release)]
        try connection.run(
            "DELETE FROM files WHERE digest IN (SELECT file FROM release_files WHERE release=?1 "
                + "EXCEPT SELECT file FROM release_files WHERE release<>?1)",
            release
        )
        try connection.run("DELETE FROM release_files WHERE release=?", release)
        try connection.run("DELETE FROM releases WHERE release=?", release)
        try connection.run(
            "INSERT OR REPLACE INTO removed_releases VALUES (?,?,?)",
            release + [.integer(removal.at.microseconds), .text(removal.person)]
        )
        known[removal.release] = true
    }

    private func key(_ release: Digest) -> SQLiteValue { .blob(release.bytes) }
}
