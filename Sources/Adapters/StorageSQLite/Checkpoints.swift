internal import Storage
internal import Synchronization

/// Carries the write-ahead log over into the database, on a thread that no commit waits for.
///
/// While commits never pause there is always something left to carry over, and the log, which is
/// begun anew only when there is nothing, would grow without end. So once it is long the writer
/// itself carries over the little that came since.
///
/// What counts is how many pages were added to the log: a commit of a few hundred bytes adds a page
/// of every index that it touches.
final class Checkpoints: Sendable {
    private struct State {
        var pages = 0
        /// How many are carried over together, on a disk as full as it was when last looked at.
        var due: Int
        var isRunning = false
        var isLong = false
        /// Why nothing more is carried over, or written.
        var failure: StoreError?
    }

    private let state: Mutex<State>
    private let confined: Confined
    private let path: String
    private let sync: @Sendable (SQLiteConnection) throws -> Void

    /// `sync` puts what was carried over on the disk.
    init(
        _ confined: Confined,
        path: String,
        sync: @escaping @Sendable (SQLiteConnection) throws -> Void = { try $0.syncDatabase() }
    ) {
        self.confined = confined
        self.path = path
        self.sync = sync
        state = Mutex(State(due: Self.pages(free: StoreLock.freeBytes(path))))
    }

    /// After how many pages the log is carried over: it leaves most of the disk's room to what it is
    /// carried over into, which otherwise could not be written any more.
    static func pages(free: Int64?) -> Int {
        guard let free else { return Limits.checkpointPages }
        let share = free / Limits.logShareOfDisk / Limits.pageBytes
        return Int(
            min(max(share, Int64(Limits.checkpointPagesLeast)), Int64(Limits.checkpointPages))
        )
    }

    /// Takes note of the pages that a transaction added; `isRefused` where the disk did not take it.
    func written(_ pages: Int, isRefused: Bool) {
        let isDue = state.withLock { state -> Bool in
            state.pages += pages
            // What is carried over leaves its place in the log to what comes next.
            guard state.pages >= state.due || isRefused, !state.isRunning, state.failure == nil
            else { return false }
            state.isRunning = true
            state.pages = 0
            return true
        }
        guard isDue else { return }
        confined.later { connection in
            let pages = self.run("PASSIVE", connection)
            let due = Self.pages(free: StoreLock.freeBytes(self.path))
            let isLong = pages >= due
            if isLong { self.catchUp(connection) }
            self.state.withLock { state in
                state.isRunning = false
                state.due = due
                state.isLong = isLong
            }
        }
    }

    /// Leaves little to the writer, for whose share every commit waits: what was carried over is
    /// on the disk before it comes, and what came meanwhile is carried over again.
    private func catchUp(_ connection: SQLiteConnection) {
        for _ in 0..<Limits.checkpointPasses {
            do {
                // SQLite itself does so only where nothing is left to carry over.
                try sync(connection)
            } catch {
                return fail(error)
            }
            let came = state.withLock { state in
                defer { state.pages = 0 }
                return state.pages
            }
            if came <= Limits.checkpointPagesLeft { return }
            _ = run("PASSIVE", connection)
        }
    }

    /// Why nothing may be written any more, if so.
    ///
    /// The system tells once that it could not put a page on the disk, and takes it as put from then
    /// on. All of it is still in the log of writes, which the next process that opens the store reads
    /// from its beginning, unless this one begins it anew.
    var failure: StoreError? { state.withLock { $0.failure } }

    /// Leaves the log to the next process, where this one must not carry it over.
    func keepLog(of connection: SQLiteConnection) { if failure != nil { connection.keepLog() } }

    private func fail(_ error: any Error) {
        let message = (error as? SQLiteFailure)?.message ?? "\(error)"
        let failure = StoreError(
            .unavailable,
            "the disk did not take what was written to the store (\(message)); nothing is written "
                + "any more. Mend the disk, then start this again: nothing that was said to be "
                + "written is lost"
        )
        state.withLock { $0.failure = failure }
    }

    /// Begins the log anew on the writer's own connection, between two transactions, where it is
    /// long and has just been carried over.
    func shorten(_ connection: SQLiteConnection) {
        let isLong = state.withLock { state in
            defer { state.isLong = false }
            return state.isLong && state.failure == nil
        }
        guard isLong else { return }
        // A reader at the log's old end is not waited for: the next time will do.
        connection.wait(milliseconds: 0)
        defer { connection.wait(milliseconds: Limits.busyMilliseconds) }
        _ = run("RESTART", connection)
    }

    /// Returns once what was begun by now is carried over.
    func settle() async { await confined.run { _ in } }

    /// Carries everything over and empties the log, as far as other readers let it.
    func finish() async {
        await confined.run { connection in
            if self.failure == nil { _ = self.run("TRUNCATE", connection) }
            self.keepLog(of: connection)
        }
    }

    /// How many pages the log has.
    private func run(_ mode: String, _ connection: SQLiteConnection) -> Int64 {
        do throws(SQLiteFailure) {
            return try connection.rows("PRAGMA wal_checkpoint(\(mode))").first?[1].integer ?? 0
        } catch {
            if error.isLost { fail(error) }
            // What else is not carried over now stays in the log, and the next one carries it over.
            return 0
        }
    }
}
