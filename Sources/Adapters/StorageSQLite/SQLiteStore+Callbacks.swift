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
        limit: Int
    ) async throws(StoreError) -> [Callback] {
        let places = hosts.map { _ in "?" }.joined(separator: ",")
        return try await list(
            "SELECT \(Rows.callbackColumns) FROM callbacks",
            ["next_at<=?"] + (hosts.isEmpty ? [] : ["host NOT IN (\(places))"]),
            [.integer(now.microseconds)] + hosts.sorted().map(SQLiteValue.text),
            "ORDER BY next_at, decision",
            limit,
            Rows.callback
        )
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
