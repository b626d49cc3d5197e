internal import Synchronization

/// Carries the write-ahead log over into the database, on a thread that no commit waits for.
final class Checkpoints: Sendable {
    private struct State {
        var bytes = 0
        var isRunning = false
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
            Self.run("PASSIVE", connection)
            self.state.withLock { $0.isRunning = false }
        }
    }

    /// Carries everything over and empties the log, as far as other readers let it.
    func finish() async {
        await confined.run { Self.run("TRUNCATE", $0) }
    }

    private static func run(_ mode: String, _ connection: SQLiteConnection) {
        do {
            _ = try connection.rows("PRAGMA wal_checkpoint(\(mode))")
        } catch {
            // What is not carried over now stays in the log, which the next one carries over.
            return
        }
    }
}
