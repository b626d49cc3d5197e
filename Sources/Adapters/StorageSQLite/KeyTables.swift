internal import Storage
internal import Values

/// The tables of keys that are forgotten: which takes new ones, and which are looked at.
///
/// A key lives from one to two days. Time that is set back changes nothing: the latest day met is
/// the present one.
struct KeyTables {
    struct Taken {
        let decision: Identifier
        let body: Digest
    }

    private let connection: SQLiteConnection
    /// The day each table has the keys of.
    private var days: [Int64]

    init(_ connection: SQLiteConnection) throws {
        self.connection = connection
        days = try connection.rows("SELECT day FROM key_days ORDER BY slot").compactMap {
            $0[0].integer
        }
        guard days.count == Self.count else {
            throw StoreError(.corrupt, "the table key_days is not as Stepgate writes it")
        }
    }

    private static let count = 3

    private var today: Int64 { days.max() ?? 0 }

    /// Claims a key for a decision; what has claimed it before, if anything.
    mutating func claim(
        _ key: KeyClaim,
        for decision: Identifier,
        on day: Int64
    ) throws -> Taken? {
        let claim = SQLiteValue.blob(key.digest)
        let day = max(day, today)
        try turn(to: day)
        let slot = Self.slot(of: day)
        if let before = days.firstIndex(of: day - 1), let taken = try find(claim, in: before) {
            return taken
        }
        try connection.run(
            Self.insert[slot],
            [claim, .blob(decision.bytes), .blob(key.body.bytes)]
        )
        if connection.changes == 0 { return try find(claim, in: slot) }
        return nil
    }

    /// Takes back a claim made in this transaction.
    mutating func release(_ key: KeyClaim) throws {
        try connection.run(Self.delete[Self.slot(of: today)], [.blob(key.digest)])
    }

    /// The claim of a key that has not been forgotten.
    func find(_ key: KeyClaim.Name) throws -> Taken? {
        let claim = SQLiteValue.blob(key.digest)
        for slot in days.indices where days[slot] >= today - 1 {
            if let taken = try find(claim, in: slot) { return taken }
        }
        return nil
    }

    /// Forgets some of the oldest keys: more than were added, so that their table is empty when its
    /// turn comes.
    ///
    /// Of many small transactions, each from one entry of the log to another, only some
    /// do it.
    func forget(after first: Int64, last: Int64) throws {
        let turns = last / Limits.forgetEvery - first / Limits.forgetEvery
        guard turns > 0 else { return }
        for slot in days.indices where days[slot] < today - 1 {
            try connection.run(Self.forget[slot], [.integer(turns * Limits.forgetEvery * 4)])
        }
    }

    private mutating func turn(to day: Int64) throws {
        guard day > today else { return }
        let slot = Self.slot(of: day)
        try connection.run("DELETE FROM keys_\(slot)")
        try connection.run(
            "UPDATE key_days SET day=? WHERE slot=?",
            [.integer(day), .integer(Int64(slot))]
        )
        days[slot] = day
    }

    private func find(_ claim: SQLiteValue, in slot: Int) throws -> Taken? {
        guard let row = try connection.row(Self.select[slot], [claim]) else { return nil }
        guard let decision = row[0].blob.flatMap({ Identifier(bytes: $0) }),
            let body = row[1].blob.flatMap({ Digest(bytes: $0) })
        else { throw StoreError(.corrupt, "a row of keys_\(slot) is not as Stepgate writes it") }
        return Taken(decision: decision, body: body)
    }

    private static func slot(of day: Int64) -> Int { Int(day % Int64(count)) }

    private static let insert = (0..<count).map {
        "INSERT OR IGNORE INTO keys_\($0) VALUES (?,?,?)"
    }
    private static let select = (0..<count).map {
        "SELECT decision, body FROM keys_\($0) WHERE claim=?"
    }
    private static let delete = (0..<count).map { "DELETE FROM keys_\($0) WHERE claim=?" }
    private static let forget = (0..<count).map {
        "DELETE FROM keys_\($0) WHERE claim IN (SELECT claim FROM keys_\($0) LIMIT ?)"
    }
}

extension KeyClaim {
    fileprivate var digest: [UInt8] { Name(scope: scope, key: key).digest }
}

extension KeyClaim.Name {
    /// Half a SHA-256: two of a thousand billion keys meet with a chance of one in 10^14.
    fileprivate var digest: [UInt8] {
        // No scope has a zero byte, so no two pairs are written alike.
        Array(Digest(of: Array(scope.utf8) + [0] + Array(key.utf8)).bytes.prefix(16))
    }
}
