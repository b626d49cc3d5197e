internal import Synchronization

/// Carries the write-ahead log over into the database, on a thread that no commit waits for.
///
/// While commits never pause there is always something left to carry over, and the log, which is
/// begun anew only when there is nothing, would grow without end. So once it is long the writer
/// itself carries over the little that came since.
final class Checkpoints: Sendable {
    private struct State {
        var bytes = 0
        var isRunning = false
        var isLong = false
    }

    private let state = Mutex(State())
    private let confined: Confined

    init(_ confined: Confined) { self.confined = confined }

    func written(_ bytes: Int) {
        let isDue = state.withLock { state -> Bool in
            state.bytes += bytes
            guard state.bytes >= Limits.checkpointBytes, !state.isRunning else { return false }
            state.isRunning = true
            state.bytes = 0
            return true
        }
        guard isDue else { return }
        confined.later { connection in
            let pages = Self.run("PASSIVE", connection)
            self.state.withLock { state in
                state.isRunning = false
                state.isLong = pages >= Limits.longLogPages
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
