internal import Storage
internal import Synchronization

/// The one writer: whatever waits when it comes round is committed together.
final class Writer: Sendable {
    private struct Request {
        let changes: [Change]
        let continuation: CheckedContinuation<Result<[CommitResult], StoreError>, Never>
    }

    private struct Inbox {
        var requests: [Request] = []
        /// In all of `requests`.
        var changes = 0
        var isDraining = false
        var isClosed = false
        /// Writes beside the log that wait for the connection or have it.
        var others = 0
        /// How many requests in a row were committed each by itself, with none come meanwhile.
        var alone = 0
        /// Requests taken since the writer's thread was last idle.
        var drained = 0

        /// Whether a caller may commit by itself.
        ///
        /// While it does, its thread takes nothing else on: requests that come there wait unseen, and
        /// each would be committed by itself after the other. So now and then one is left to the
        /// writer's thread, which shows whether others come meanwhile.
        var isCalm: Bool { alone >= Limits.aloneBefore && alone % Limits.aloneAtMost != 0 }
    }

    private let inbox = Mutex(Inbox())
    private let confined: Confined
    private let checkpoints: Checkpoints

    private let waiting: Int
    private let runChanges: Int

    /// `waiting` is how many changes may wait for the disk, `runChanges` how many of runs are kept.
    init(_ confined: Confined, checkpoints: Checkpoints, waiting: Int, runChanges: Int) {
        self.waiting = waiting
        self.runChanges = runChanges
        self.confined = confined
        self.checkpoints = checkpoints
    }

    func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
        if changes.isEmpty { return [] }
        if let failure = checkpoints.failure { throw failure }
        if let result = commitHere(changes) { return try result.get() }
        let result = await withCheckedContinuation { continuation in
            enqueue(Request(changes: changes, continuation: continuation))
        }
        return try result.get()
    }

    /// Runs writes that are not of the log in a transaction of their own.
    func run<Value: Sendable>(
        _ work: @escaping @Sendable (SQLiteConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        if let failure = checkpoints.failure { throw failure }
        inbox.withLock { $0.others += 1 }
        defer { inbox.withLock { $0.others -= 1 } }
        let result = await confined.run { connection in
            Self.inTransaction(connection) {
                try connection.run("BEGIN IMMEDIATE")
                return try work(connection)
            }
        }
        return try result.get()
    }

    /// Commits what the body did, or undoes it all.
    private static func inTransaction<Value>(
        _ connection: SQLiteConnection,
        _ body: () throws -> Value
    ) -> Result<Value, StoreError> {
        do {
            let value = try body()
            try connection.run("COMMIT")
            return .success(value)
        } catch {
            let failure = StoreError(writing: error)
            do {
                try connection.run("ROLLBACK")
            } catch {
                // Nothing to undo: SQLite rolled back by itself, or never began.
                return .failure(failure)
            }
            return .failure(failure)
        }
    }

    /// Refuses what comes from now on; what waits is still committed.
    func close() async {
        inbox.withLock { $0.isClosed = true }
        await confined.run { self.checkpoints.keepLog(of: $0) }
    }

    /// Commits on the calling thread where nobody else has written for a while; nothing where the
    /// writer's own thread must.
    ///
    /// Handing over to another thread and back costs as much as a fast disk's commit, which a caller
    /// who is alone would feel. Many callers share a commit better by waiting for the writer.
    private func commitHere(_ changes: [Change]) -> Result<[CommitResult], StoreError>? {
        let isMine = inbox.withLock { inbox -> Bool in
            guard inbox.isCalm, !inbox.isDraining, !inbox.isClosed, inbox.requests.isEmpty,
                inbox.others == 0, changes.count <= min(waiting, Limits.changesHere)
            else { return false }
            inbox.isDraining = true
            return true
        }
        guard isMine else { return nil }
        let result = confined.here { connection -> Result<[[CommitResult]], StoreError>? in
            // Who waits for another process here would hold a thread that others need.
            connection.wait(milliseconds: 0)
            defer { connection.wait(milliseconds: Limits.busyMilliseconds) }
            do {
                try connection.run("BEGIN IMMEDIATE")
            } catch {
                return nil
            }
            return commit([changes], connection)
        }
        let isMore = inbox.withLock { inbox -> Bool in
            inbox.alone = inbox.requests.isEmpty && result != nil ? inbox.alone + 1 : 0
            inbox.isDraining = !inbox.requests.isEmpty
            return inbox.isDraining
        }
        if isMore { confined.later { self.drain($0) } }
        return result?.map { $0[0] }
    }

    private func enqueue(_ request: Request) {
        enum Next { case nothing, drain, refuse(StoreError) }
        let next = inbox.withLock { inbox -> Next in
            if inbox.isClosed { return .refuse(StoreError(.notWritable, "the store is closed")) }
            let changes = inbox.changes + request.changes.count
            guard changes <= waiting else {
                let message =
                    request.changes.count > waiting
                    ? "\(request.changes.count) changes at once are more than the \(waiting) that "
                        + "may wait for the disk; commit fewer together"
                    : "\(inbox.changes) changes wait for the disk already; try again later"
                return .refuse(StoreError(.busy, message))
            }
            inbox.changes = changes
            inbox.requests.append(request)
            if inbox.isDraining { return .nothing }
            inbox.isDraining = true
            return .drain
        }
        switch next {
        case .nothing: break
        case .drain: confined.later { self.drain($0) }
        case .refuse(let error): request.continuation.resume(returning: .failure(error))
        }
    }

    private func drain(_ connection: SQLiteConnection) {
        while true {
            let batch = inbox.withLock { inbox -> [Request] in
                var count = 0
                var changes = 0
                for request in inbox.requests {
                    if count > 0, changes + request.changes.count > Limits.changesPerTransaction {
                        break
                    }
                    changes += request.changes.count
                    count += 1
                }
                let batch = Array(inbox.requests.prefix(count))
                inbox.requests.removeFirst(count)
                inbox.changes -= changes
                inbox.drained += count
                if batch.isEmpty {
                    inbox.alone = inbox.drained == 1 ? inbox.alone + 1 : 0
                    inbox.drained = 0
                    inbox.isDraining = false
                }
                return batch
            }
            if batch.isEmpty { return }
            do {
                try connection.run("BEGIN IMMEDIATE")
            } catch {
                // Who came meanwhile has waited, too, and would wait as long again.
                answer(batch + emptied(), .failure(StoreError(writing: error)))
                continue
            }
            answer(batch, commit(batch.map(\.changes), connection))
        }
    }

    /// All that waits, which is then for the caller to answer.
    private func emptied() -> [Request] {
        inbox.withLock { inbox in
            defer { (inbox.requests, inbox.changes) = ([], 0) }
            return inbox.requests
        }
    }

    private func answer(_ batch: [Request], _ result: Result<[[CommitResult]], StoreError>) {
        switch result {
        case .success(let results):
            for (request, result) in zip(batch, results) {
                request.continuation.resume(returning: .success(result))
            }
        case .failure(let error):
            for request in batch { request.continuation.resume(returning: .failure(error)) }
        }
    }

    /// Applies the changes in the transaction that was begun, and commits it.
    private func commit(
        _ batch: [[Change]],
        _ connection: SQLiteConnection
    ) -> Result<[[CommitResult]], StoreError> {
        let result = Self.inTransaction(connection) {
            var transaction = try Transaction(connection, runChanges: runChanges)
            var results: [[CommitResult]] = []
            for changes in batch {
                var answers: [CommitResult] = []
                for change in changes { answers.append(try transaction.apply(change)) }
                results.append(answers)
            }
            try transaction.finish()
            return results
        }
        var isRefused = false
        if case .failure = result { isRefused = true }
        checkpoints.written(connection.takePagesWritten(), isRefused: isRefused)
        checkpoints.shorten(connection)
        return result
    }
}

extension StoreError {
    /// What a caller is told when its changes could not be written.
    init(writing error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as SQLiteFailure where error.isBusy:
            self.init(
                .unavailable,
                "another process has held the store for \(Limits.busyMilliseconds / 1_000) s; "
                    + "nothing was written, try again"
            )
        case let error as SQLiteFailure:
            self.init(
                .unavailable,
                "the store did not take it (\(error.message)); nothing was written. Make room or "
                    + "mend the disk, and try again"
            )
        default: self.init(.unavailable, "\(error)")
        }
    }
}
