package import Models
package import Runs
internal import Synchronization
package import Values

/// Lets callers wait for a run to change, or for work to become ready, without a thread or a task of
/// their own.
///
/// It hears of what is committed here; what other processes did is found since everybody who waits
/// looks again each second. Who wants to wait begins, looks, and then waits, so that nothing is missed
/// between the look and the wait.
package final class RunWatch: Sendable {
    /// Somebody's place here, from `begin` to `end`.
    package struct Place: Sendable {
        fileprivate let number: Int
    }

    fileprivate struct Waiter {
        let run: Identifier?
        let kinds: [String]
        /// Told of something since it looked last.
        var isRung = false
        var lookAt: Instant?
        var continuation: CheckedContinuation<Void, Never>?
    }

    fileprivate struct State {
        var number = 0
        var waiters: [Int: Waiter] = [:]
        var ofRun: [Identifier: Set<Int>] = [:]
        /// By the kind of work, who came first is first.
        var ofKind: [String: [Int]] = [:]
        var isStopped = false
    }

    private let clock: any CallClock
    private let state = Mutex(State())

    package init(clock: any CallClock) { self.clock = clock }

    /// Has everybody look again in their time, until its task is cancelled or `stop`.
    package func run() async {
        while !Task.isCancelled, !isStopped {
            do {
                try await clock.sleep(for: Limits.watchPause)
            } catch {
                return
            }
            let now = clock.now
            let due = state.withLock { state in
                let waiters = state.waiters
                return waiters.filter { $1.lookAt.map { $0 <= now } ?? false }.keys
                    .compactMap { state.free($0) }
            }
            for continuation in due { continuation.resume() }
        }
    }

    /// Lets everybody go, those too who would begin to wait.
    package func stop() {
        let all = state.withLock { state in
            state.isStopped = true
            let numbers = Array(state.waiters.keys)
            return numbers.compactMap { state.free($0) }
        }
        for continuation in all { continuation.resume() }
    }

    package var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Takes a place for who waits for a run.
    package func begin(run: Identifier) -> Place {
        begin(Waiter(run: run, kinds: []))
    }

    /// Takes a place for who waits for work of those kinds.
    package func begin(kinds: [String]) -> Place {
        begin(Waiter(run: nil, kinds: kinds))
    }

    private func begin(_ waiter: Waiter) -> Place {
        state.withLock { state in
            state.number += 1
            state.waiters[state.number] = waiter
            if let run = waiter.run { state.ofRun[run, default: []].insert(state.number) }
            for kind in waiter.kinds { state.ofKind[kind, default: []].append(state.number) }
            return Place(number: state.number)
        }
    }

    /// Gives a place up.
    package func end(_ place: Place) {
        state.withLock { state in
            guard let waiter = state.waiters.removeValue(forKey: place.number) else { return }
            if let run = waiter.run {
                state.ofRun[run]?.remove(place.number)
                if state.ofRun[run]?.isEmpty == true { state.ofRun[run] = nil }
            }
            for kind in waiter.kinds {
                state.ofKind[kind]?.removeAll { $0 == place.number }
                if state.ofKind[kind]?.isEmpty == true { state.ofKind[kind] = nil }
            }
        }
    }

    /// Returns when there is something to look at since the last time, a second later, or at that
    /// moment, whatever comes first.
    package func wait(_ place: Place, until: Instant) async {
        let number = place.number
        let lookAt = min(until, clock.now + Limits.runPause)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayWait = state.withLock { state -> Bool in
                    guard var waiter = state.waiters[number], !waiter.isRung, !state.isStopped,
                        !Task.isCancelled
                    else {
                        state.waiters[number]?.isRung = false
                        return false
                    }
                    waiter.continuation = continuation
                    waiter.lookAt = lookAt
                    state.waiters[number] = waiter
                    return true
                }
                if !mayWait { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.free(number) }?.resume()
        }
    }

    /// Says that a run has changed: who waits for it looks, and for each piece of work that is ready
    /// one who waits for its kind.
    package func told(_ run: Run) {
        let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            if state.waiters.isEmpty { return [] }
            var woken = (state.ofRun[run.id] ?? []).compactMap { state.ring($0) }
            for step in run.active.values {
                guard let kind = step.kind, step.state == .ready,
                    let first = state.ofKind[kind]?.first(where: { state.isFree($0) })
                else { continue }
                if let continuation = state.ring(first) { woken.append(continuation) }
            }
            return woken
        }
        for continuation in woken { continuation.resume() }
    }
}

extension RunWatch.State {
    /// Whether somebody has not been told of anything since they looked.
    fileprivate func isFree(_ number: Int) -> Bool { waiters[number]?.isRung == false }

    /// Remembers that there is something to look at, or wakes who waits for it.
    fileprivate mutating func ring(_ number: Int) -> CheckedContinuation<Void, Never>? {
        if let continuation = free(number) { return continuation }
        waiters[number]?.isRung = true
        return nil
    }

    fileprivate mutating func free(_ number: Int) -> CheckedContinuation<Void, Never>? {
        let continuation = waiters[number]?.continuation
        waiters[number]?.continuation = nil
        waiters[number]?.lookAt = nil
        return continuation
    }
}
