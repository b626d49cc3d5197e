internal import Runs
package import Storage
internal import Values

/// Fills a store for benchmarks with runs that have ended: the rows and counters that an engine leaves,
/// without what it writes and takes away on the way there.
///
/// Nothing of it is durable before `close`, and nothing is checked: a crash leaves a store that is
/// worth nothing. Nobody else may have the store open.
package final class BareRuns {
    /// A run from its beginning to its end.
    package struct Ended: Sendable {
        /// Each of its transitions, in their order.
        let transitions: [RunWrite]
        /// The decisions that its steps asked for, without the run's own transitions.
        let decisions: [Change]

        package init(transitions: [RunWrite], decisions: [Change]) {
            precondition(
                transitions.last?.run.active.isEmpty == true,
                "a run that has ended has no step under way"
            )
            self.transitions = transitions
            self.decisions = decisions
        }
    }

    private static let cacheKibibytes = 512 << 10

    private let connection: SQLiteConnection

    /// Opens a store that is there.
    package init(_ path: String) throws(StoreError) {
        do {
            connection = try SQLiteConnection(path, readOnly: false)
            guard try StoreSchema.check(connection, path) == StoreSchema.migrations.count else {
                throw StoreError(.cannotOpen, "\(path) is no store of this program's")
            }
            // Written once and straight into its place.
            try connection.execute(
                "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; "
                    + "PRAGMA cache_size=-\(Self.cacheKibibytes); PRAGMA temp_store=MEMORY"
            )
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreSchema.opening(error as? SQLiteFailure, path)
        }
    }

    /// Adds runs in one transaction, each with its decisions at the end of the log.
    package func add(_ runs: [Ended]) throws(StoreError) {
        do {
            try connection.execute("BEGIN IMMEDIATE")
            var transaction = try Transaction(connection, runChanges: 0)
            var tables = RunTables(connection)
            var changes = RunChanges(connection, kept: Storage.Limits.runChanges)
            for run in runs {
                try add(run, &tables, &changes)
                for decision in run.decisions {
                    guard case .committed = try transaction.apply(decision) else {
                        throw StoreError(.corrupt, "a decision that was filled in is there already")
                    }
                }
            }
            try transaction.finish()
            try changes.finish()
            try tables.finish()
            try connection.execute("COMMIT")
        } catch {
            throw StoreError(writing: error)
        }
    }

    private func add(
        _ ended: Ended,
        _ tables: inout RunTables,
        _ changes: inout RunChanges
    ) throws {
        guard let first = ended.transitions.first, let last = ended.transitions.last else { return }
        let run = last.run
        try connection.run(
            Rows.insertRun,
            Rows.values(
                of: run,
                progress: last.bodies.progress,
                beginning: first.bodies.beginning
            )
        )
        for write in ended.transitions {
            if let kind = write.changeKind { try changes.append(kind, of: write.run) }
            guard let event = write.event else { continue }
            try connection.run(
                Rows.insertHistory,
                Rows.values(of: event, write.bodies.event, of: run)
            )
        }
        tables.add(1, at: StageCount.Place(run))
    }

    /// Makes all of it durable and leaves the store as others open it.
    package func close() throws(StoreError) {
        do {
            try connection.execute(
                "PRAGMA synchronous=FULL; PRAGMA journal_mode=WAL; PRAGMA locking_mode=NORMAL"
            )
            try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        } catch {
            throw StoreError(writing: error)
        }
    }
}

/// How much a table of a store holds.
package struct TableSize: Sendable, Equatable {
    package let rows: Int64
    /// Of all values together, as texts.
    package let bytes: Int64

    /// The tables of a store by their names, each read from end to end.
    package static func all(of path: String) throws(StoreError) -> [String: TableSize] {
        do {
            let connection = try SQLiteConnection(path, readOnly: true)
            var sizes: [String: TableSize] = [:]
            let names = try connection.rows("SELECT name FROM sqlite_master WHERE type='table'")
            for name in names.compactMap({ $0[0].text }) where !name.hasPrefix("sqlite_") {
                let columns = try connection.rows("SELECT name FROM pragma_table_info('\(name)')")
                let bytes = columns.compactMap { $0[0].text }.map {
                    "coalesce(length(cast(\"\($0)\" AS BLOB)),0)"
                }
                let row = try connection.row(
                    "SELECT count(*), coalesce(sum(\(bytes.joined(separator: "+"))),0) FROM \(name)"
                )
                sizes[name] = TableSize(
                    rows: row?[0].integer ?? 0,
                    bytes: row?[1].integer ?? 0
                )
            }
            return sizes
        } catch {
            throw StoreError(writing: error)
        }
    }
}
