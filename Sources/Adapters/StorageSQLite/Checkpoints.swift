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
    }

    private let state: Mutex<State>
    private let confined: Confined
    private let path: String

    init(_ confined: Confined, path: String) {
        self.confined = confined
        self.path = path
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

    /// Takes note that a transaction added so many pages by a transaction; `isRefused` where the disk did not take it.
    func written(_ pages: Int, isRefused: Bool) {
        let isDue = state.withLock { state -> Bool in
            state.pages += pages
            // What is carried over leaves its place in the log to what comes next.
            guard state.pages >= state.due || isRefused, !state.isRunning else { return false }
            state.isRunning = true
            state.pages = 0
            return true
        }
        guard isDue else { return }
        confined.later { connection in
            let pages = Self.run("PASSIVE", connection)
            let due = Self.pages(free: StoreLock.freeBytes(self.path))
            self.state.withLock { state in
                state.isRunning = false
                state.due = due
                state.isLong = pages >= 2 * due
            }
        }
    }

    /// Begins the log anew on the writer's own connection, between two transactions, where it is
    /// long and has just been carried over.
    func shorten(_ connection: SQLiteConnection) {
        let isLong = state.withLock { state in
            defer { state.isLong = false }
            return state.isLong
        }
        guard isLong else { return }
        // A reader at the log's old end is not waited for: the next time will do.
        connection.wait(milliseconds: 0)
        defer { connection.wait(milliseconds: Limits.busyMilliseconds) }
        _ = Self.run("RESTART", connection)
    }

    /// Carries everything over and empties the log, as far as other readers let it.
    func finish() async {
        await confined.run { _ = Self.run("TRUNCATE", $0) }
    }

    /// How many pages the log has.
    private static func run(_ mode: String, _ connection: SQLiteConnection) -> Int64 {
        do {
            return try connection.rows("PRAGMA wal_checkpoint(\(mode))").first?[1].integer ?? 0
        } catch {
            // What is not carried over now stays in the log, which the next one carries over.
            return 0
        }
    }
}
