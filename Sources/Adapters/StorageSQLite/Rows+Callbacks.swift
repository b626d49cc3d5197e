internal import Storage
internal import Values
internal import Webhooks

/// How callbacks stand in rows.
extension Rows {
    static let callbackColumns =
        "decision, url, host, token, state, attempts, final_at, next_at, last_error, version"

    static let insertCallback =
        "INSERT INTO callbacks (\(callbackColumns)) VALUES (?,?,?,?,?,?,?,?,?,?)"

    /// What `Callback.decided` does, without reading the row.
    ///
    /// Values: the instant twice, the decision.
    static let callbackDue =
        "UPDATE callbacks SET state='sending', final_at=?, next_at=?, version=version+1 "
        + "WHERE decision=? AND state='waiting'"

    /// Values: `changes(of:)`.
    static let updateCallback =
        "UPDATE callbacks SET state=?, attempts=?, final_at=?, next_at=?, last_error=?, "
        + "version=version+1 WHERE decision=? AND version=?"

    /// Each host that something is to be sent to, with when its first is due.
    ///
    /// It steps from host to host along the index, however many callbacks each has.
    static let callbackHosts =
        "WITH RECURSIVE hosts(host) AS ("
        + "SELECT min(host) FROM callbacks WHERE next_at IS NOT NULL UNION ALL "
        + "SELECT (SELECT min(host) FROM callbacks WHERE next_at IS NOT NULL "
        + "AND host>hosts.host) FROM hosts WHERE hosts.host IS NOT NULL), "
        + "waiting(host, first) AS (SELECT host, (SELECT min(next_at) FROM callbacks "
        + "WHERE callbacks.host=hosts.host AND next_at IS NOT NULL) FROM hosts "
        + "WHERE host IS NOT NULL) SELECT host FROM waiting"

    static func values(of callback: Callback) -> [SQLiteValue] {
        [
            .blob(callback.decision.bytes), .text(callback.url), .text(callback.host),
            .blob(callback.token.bytes),
        ] + values(of: callback.progress) + [.integer(callback.version)]
    }

    static func changes(of callback: Callback) -> [SQLiteValue] {
        values(of: callback.progress)
            + [.blob(callback.decision.bytes), .integer(callback.version)]
    }

    private static func values(of progress: Callback.Progress) -> [SQLiteValue] {
        [
            .text(progress.state.rawValue), .integer(Int64(progress.attempts)),
            SQLiteValue(progress.finalAt?.microseconds), SQLiteValue(progress.nextAt?.microseconds),
            SQLiteValue(progress.lastError),
        ]
    }

    /// The columns of `callbackColumns`.
    static func callback(_ row: [SQLiteValue]) throws(StoreError) -> Callback {
        guard row.count >= 10, let decision = row[0].blob.flatMap({ Identifier(bytes: $0) }),
            let url = row[1].text, let host = row[2].text,
            let token = row[3].blob.flatMap({ Identifier(bytes: $0) }),
            let state = row[4].text.flatMap(Callback.State.init), let attempts = row[5].integer,
            let version = row[9].integer
        else { throw StoreError(.corrupt, "a row of callbacks is not as Stepgate writes it") }
        var progress = Callback.Progress()
        progress.state = state
        progress.attempts = Int(attempts)
        progress.finalAt = row[6].integer.map(Instant.init)
        progress.nextAt = row[7].integer.map(Instant.init)
        progress.lastError = row[8].text
        return Callback(
            decision: decision,
            url: url,
            host: host,
            token: token,
            progress: progress,
            version: version
        )
    }
}
