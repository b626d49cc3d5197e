package import Storage
package import Values
package import Webhooks

extension SQLiteStore {
    package func callback(_ decision: Identifier) async throws(StoreError) -> Callback? {
        try await read { connection in
            try connection.row(
                "SELECT \(Rows.callbackColumns) FROM callbacks WHERE decision=?",
                [.blob(decision.bytes)]
            ).map { try Rows.callback($0) }
        }
    }

    package func callbacks(_ query: CallbackQuery) async throws(StoreError) -> [Callback] {
        var conditions: [String] = []
        // Written out, since an index on one state serves no value that comes later.
        if let state = query.state { conditions.append("state='\(state.rawValue)'") }
        if query.before != nil { conditions.append("decision<?") }
        return try await list(
            "SELECT \(Rows.callbackColumns) FROM callbacks",
            conditions,
            query.before.map { [.blob($0.bytes)] } ?? [],
            "ORDER BY decision DESC",
            query.limit,
            Rows.callback
        )
    }

    package func callbacks(
        dueAt now: Instant,
        avoiding hosts: Set<String>,
        toEach: Int,
        limit: Int
    ) async throws(StoreError) -> [Callback] {
        let places = hosts.map { _ in "?" }.joined(separator: ",")
        let avoided = hosts.isEmpty ? "" : " AND host NOT IN (\(places))"
        let names = hosts.sorted().map(SQLiteValue.text)
        let now = SQLiteValue.integer(now.microseconds)
        return try await read { connection in
            var due: [Callback] = []
            let hosts = try connection.rows(
                "\(Rows.callbackHosts) WHERE first<=?\(avoided) ORDER BY first, host LIMIT ?",
                [now] + names + [.integer(Int64(limit))]
            )
            for host in hosts where due.count < limit {
                let room = SQLiteValue.integer(Int64(min(toEach, limit - due.count)))
                let rows = try connection.rows(
                    "SELECT \(Rows.callbackColumns) FROM callbacks WHERE host=? AND next_at<=? "
                        + "ORDER BY next_at, decision LIMIT ?",
                    [host[0], now, room]
                )
                for row in rows { due.append(try Rows.callback(row)) }
            }
            return due
        }
    }

    package func keep(_ callbacks: [Callback]) async throws(StoreError) -> [Bool] {
        if callbacks.isEmpty { return [] }
        return try await write { connection in
            try callbacks.map { callback in
                try connection.run(Rows.updateCallback, Rows.changes(of: callback))
                return connection.changes == 1
            }
        }
    }
}
