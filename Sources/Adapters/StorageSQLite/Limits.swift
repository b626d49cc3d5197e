/// The bounds of the embedded store's work.
package enum Limits {
    /// Changes one transaction takes at most; more wait for the next.
    package static let changesPerTransaction = 4_096
    /// Changes that may wait for the writer; further ones are refused as `busy`.
    package static let waitingChanges = 65_536
    /// Changes committed on the caller's thread at most, when nobody else writes.
    static let changesHere = 64
    /// Written bytes after which the log of writes is carried over into the database.
    static let checkpointBytes = 8 << 20
    /// Pages of the log of writes from which on it is begun anew: 64 MiB.
    static let longLogPages: Int64 = 16 << 10
    /// Milliseconds to wait for another process's transaction.
    static let busyMilliseconds: Int32 = 10_000
    /// Expired answers let go of with each one kept.
    static let answersLetGo = 16
    /// Entries after which old keys are let go of, four for each.
    static let forgetEvery: Int64 = 64
    /// Memory for pages of the store: for the writer, whose indexes it keeps near, and for others.
    static let cacheKibibytes = 12 << 10
    static let readCacheKibibytes = 2 << 10
    /// Statements found by the places of their texts; further ones are found by the texts.
    static let statementsPlaced = 512
    /// Rows of one listing.
    package static let rows = 100_000
}
