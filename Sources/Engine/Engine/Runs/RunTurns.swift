internal import Synchronization
internal import Values

/// Lets one at a time work on each run, in the order they came.
///
/// Two transitions of one run made side by side would only find each other stale.
final class RunTurns: Sendable {
    /// Who waits for a run that somebody works on.
    private let waiting = Mutex<[Identifier: [CheckedContinuation<EngineError?, Never>]]>([:])

    /// Waits until nobody works on the run; gives the store's error, if any, with which the last who
    /// did ended meanwhile.
    func begin(_ run: Identifier) async -> EngineError? {
        await withCheckedContinuation { continuation in
            let isFree = waiting.withLock { waiting -> Bool in
                guard waiting[run] != nil else {
                    waiting[run] = []
                    return true
                }
                waiting[run]?.append(continuation)
                return false
            }
            if isFree { continuation.resume(returning: nil) }
        }
    }

    func end(_ run: Identifier, _ error: EngineError?) {
        let next = waiting.withLock { waiting -> CheckedContinuation<EngineError?, Never>? in
            guard let queue = waiting[run], !queue.isEmpty else {
                waiting[run] = nil
                return nil
            }
            return waiting[run]?.removeFirst()
        }
        next?.resume(returning: error)
    }
}
