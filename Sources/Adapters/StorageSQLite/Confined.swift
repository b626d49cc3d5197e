internal import Dispatch

/// A connection and the one thread it is used on, so that SQLite's blocking calls never hold a
/// thread of the shared pool.
final class Confined: @unchecked Sendable {
    // The connection is touched only inside `queue`, which is serial.
    private let queue: DispatchQueue
    private let connection: SQLiteConnection

    init(_ name: String, _ connection: sending SQLiteConnection) {
        queue = DispatchQueue(label: "stepgate.store." + name)
        self.connection = connection
    }

    /// Runs the work later, after what was given before it.
    func later(_ work: @escaping @Sendable (SQLiteConnection) -> Void) {
        queue.async { work(self.connection) }
    }

    /// Runs the work on the calling thread, once nobody else uses the connection.
    func here<Value>(_ work: (SQLiteConnection) -> Value) -> Value {
        queue.sync { work(self.connection) }
    }

    /// Runs the work and returns what it gives.
    func run<Value: Sendable>(
        _ work: @escaping @Sendable (SQLiteConnection) -> Value
    ) async -> Value {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: work(self.connection)) }
        }
    }
}
