internal import Autonomy
package import Models
package import Runs
package import Storage
package import Values

/// Forgets runs that ended long ago, as the live release's `retention` says, for as long as it runs.
///
/// A few in a transaction, so that what others write comes in between, and on at once while more are
/// left. It knows nothing: after a crash the next one finds what is old enough.
package struct RunRetention: Sendable {
    /// What one look came to, of the runs of trees whose outermost run ended in one state.
    package enum Report: Sendable, Equatable {
        case forgot(Int, RunState, endedBefore: Instant)
        /// How many had gone when the store refused; the next look goes on.
        case failed(StoreError, after: Int, RunState)
    }

    private let store: any Store
    private let clock: any CallClock
    private let live: @Sendable () -> LoadedRelease
    private let tell: @Sendable (Report) -> Void

    /// `tell` hears of each look that forgot any, or could not.
    package init(
        store: any Store,
        clock: any CallClock,
        live: @escaping @Sendable () -> LoadedRelease,
        tell: @escaping @Sendable (Report) -> Void
    ) {
        self.store = store
        self.clock = clock
        self.live = live
        self.tell = tell
    }

    /// Forgets until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            await look()
            guard await pause(Limits.retentionPause) else { return }
        }
    }

    /// Forgets all that is old enough now.
    package func look() async {
        let ages = live().workspace.retention.runs
        let states: [(RunState, Duration?)] = [
            (.completed, ages.completed), (.failed, ages.failed), (.cancelled, ages.cancelled),
        ]
        for (state, age) in states {
            if let age { await forget(state, endedBefore: clock.now - age) }
        }
    }

    private func forget(_ state: RunState, endedBefore: Instant) async {
        var count = 0
        do throws(StoreError) {
            while !Task.isCancelled {
                let forgotten = try await store.forgetRuns(
                    endedBefore: endedBefore,
                    states: [state],
                    limit: Limits.forgottenAtOnce
                )
                count += forgotten
                // What stays then is part of a live tree, or too young.
                guard forgotten >= Limits.forgottenAtOnce else { break }
                guard await pause(Limits.forgettingPause) else { break }
            }
        } catch {
            return tell(.failed(error, after: count, state))
        }
        if count > 0 { tell(.forgot(count, state, endedBefore: endedBefore)) }
    }

    /// False where the task is cancelled.
    private func pause(_ time: Duration) async -> Bool {
        do {
            try await clock.sleep(for: time)
            return true
        } catch {
            return false
        }
    }
}
