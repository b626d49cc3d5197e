/// The bounds of the embedded store's work.
package enum Limits {
    /// Changes one transaction takes at most; more wait for the next.
    package static let changesPerTransaction = 4_096
    /// Changes that may wait for the writer; further ones are refused as `busy`.
    package static let waitingChanges = 65_536
    /// Changes committed on the caller's thread at most, when nobody else writes.
    static let changesHere = 64
    /// Requests that were each alone with the writer, before one is committed on its caller's thread.
    static let aloneBefore = 4
    /// Of so many in a row at least one is left to the writer's thread.
    static let aloneAtMost = 16
    /// Pages added to the log of writes after which it is carried over into the database: 16 MiB.
    static let checkpointPages = 4 << 10
    /// The same on the smallest of disks: 1 MiB.
    static let checkpointPagesLeast = 256
    /// Pages that the writer carries over itself, before it begins the log of writes anew.
    static let checkpointPagesLeft = 256
    /// Times at most that the log is carried over again, for what came meanwhile, before that.
    static let checkpointPasses = 4
    /// The part of a disk's free room that is left to the log of writes.
    static let logShareOfDisk: Int64 = 8
    /// Bytes of one page of the store.
    static let pageBytes: Int64 = 4_096
    /// Milliseconds to wait for another process's transaction.
    static let busyMilliseconds: Int32 = 10_000
    /// Expired answers let go of with each one kept.
    static let answersLetGo = 16
    /// Entries after which old keys are let go of, four for each.
    static let forgetEvery: Int64 = 64
    /// Memory for pages of the store: for the writer, whose indexes it keeps near, and for others.
    static let cacheKibibytes = 10 << 10
    static let readCacheKibibytes = 2 << 10
    /// Statements found by the places of their texts; further ones are found by the texts.
    static let statementsPlaced = 512
    /// Rows of one listing.
    package static let rows = 100_000
}
