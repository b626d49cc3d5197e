internal import Storage
internal import Values

/// Brings a store's schema up to this program's, and refuses what is not ours or newer.
enum StoreSchema {
    /// "SGAT", so that no other database is taken for a store.
    private static let application: Int64 = 0x5347_4154

    /// In order; the number is the place from 1.
    static let migrations: [(name: String, sql: [UInt8])] = [
        ("0001_initial", PackageResources._001_initial_sql),
        ("0002_models", PackageResources._002_models_sql),
        ("0003_tokens", PackageResources._003_tokens_sql),
        ("0004_releases", PackageResources._004_releases_sql),
        ("0005_keys", PackageResources._005_keys_sql),
        ("0006_callbacks", PackageResources._006_callbacks_sql),
        ("0007_token_rates", PackageResources._007_token_rates_sql),
        ("0008_runs", PackageResources._008_runs_sql),
        ("0009_run_changes", PackageResources._009_run_changes_sql),
        ("0010_removed_releases", PackageResources._010_removed_releases_sql),
        ("0011_leases", PackageResources._011_leases_sql),
        ("0012_people", PackageResources._012_people_sql),
    ]

    static func configure(
        _ connection: SQLiteConnection,
        cacheKibibytes: Int = Limits.cacheKibibytes
    ) throws(SQLiteFailure) {
        try connection.execute(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; "
                + "PRAGMA cache_size=-\(cacheKibibytes); PRAGMA temp_store=MEMORY"
        )
    }

    static func check(
        _ connection: SQLiteConnection,
        _ path: String
    ) throws(StoreError) -> Int {
        do {
            let application = try connection.row("PRAGMA application_id")?[0].integer ?? 0
            let version = Int(try connection.row("PRAGMA user_version")?[0].integer ?? 0)
            let tables = try connection.row("SELECT count(*) FROM sqlite_master")?[0].integer ?? 0
            guard application == Self.application || (application == 0 && tables == 0) else {
                throw StoreError(
                    .cannotOpen,
                    "\(path) is an SQLite database, but no store of Stepgate's"
                )
            }
            guard version <= migrations.count else {
                throw StoreError(
                    .newerSchema,
                    "\(path) was written by a later Stepgate (schema \(version); this one knows "
                        + "\(migrations.count)): use that one"
                )
            }
            return version
        } catch let error as StoreError {
            throw error
        } catch {
            throw opening(error as? SQLiteFailure, path)
        }
    }

    static func migrate(
        _ connection: SQLiteConnection,
        _ path: String,
        secret: [UInt8]
    ) throws(StoreError) {
        do {
            try connection.execute("BEGIN IMMEDIATE")
            let version = try check(connection, path)
            for number in version..<migrations.count {
                try connection.execute(String(decoding: migrations[number].sql, as: UTF8.self))
            }
            if version < migrations.count {
                try connection.execute(
                    "PRAGMA application_id=\(application); PRAGMA user_version=\(migrations.count)"
                )
            }
            try connection.run(
                "INSERT OR IGNORE INTO store VALUES ('secret', ?)",
                [.blob(secret)]
            )
            try connection.execute("COMMIT")
        } catch let error as StoreError {
            throw error
        } catch {
            throw opening(error as? SQLiteFailure, path)
        }
    }

    static func opening(_ failure: SQLiteFailure?, _ path: String) -> StoreError {
        if failure?.isNotADatabase == true {
            return StoreError(
                .cannotOpen,
                "\(path) is no store of Stepgate's; name another --store"
            )
        }
        return StoreError(.cannotOpen, "cannot open \(path): \(failure?.message ?? "unknown")")
    }
}
