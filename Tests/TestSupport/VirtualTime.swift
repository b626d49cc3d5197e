internal import Foundation
internal import Models
internal import Synchronization
package import Values

/// One thread and a clock that belong together: time stands still while there is work, and moves to
/// the next sleeper when there is none.
///
/// The same program runs the same way every time.
package final class VirtualTime: TaskExecutor, CallClock {
    private struct Sleeper {
        let until: Int64
        let number: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var jobs: [UnownedJob] = []
        var first = 0
        var sleepers: [Sleeper] = []
        var microseconds = VirtualTime.start
        var number = 0
        var isStopped = false
    }

    private static let start: Int64 = 1_800_000_000_000_000
    private let state = Mutex(State())
    private let ready = DispatchSemaphore(value: 0)

    package init() {
        Thread.detachNewThread { [self] in
            while true {
                if let job = nextJob() {
                    unsafe job.runSynchronously(on: asUnownedTaskExecutor())
                } else if !wakeSleeper() {
                    if state.withLock({ $0.isStopped }) { return }
                    ready.wait()
                }
            }
        }
    }

    private func nextJob() -> UnownedJob? {
        state.withLock { state in
            guard state.first < state.jobs.count else {
                state.jobs.removeAll(keepingCapacity: true)
                state.first = 0
                return nil
            }
            state.first += 1
            return state.jobs[state.first - 1]
        }
    }

    private func wakeSleeper() -> Bool {
        let sleeper = state.withLock { state -> Sleeper? in
            let next = state.sleepers.indices.min { left, right in
                let (a, b) = (state.sleepers[left], state.sleepers[right])
                return (a.until, a.number) < (b.until, b.number)
            }
            guard let next else { return nil }
            let sleeper = state.sleepers.remove(at: next)
            state.microseconds = max(state.microseconds, sleeper.until)
            return sleeper
        }
        sleeper?.continuation.resume()
        return sleeper != nil
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        ready.signal()
    }

    package func stop() {
        state.withLock { $0.isStopped = true }
        ready.signal()
    }

    package var now: Instant { Instant(microseconds: state.withLock { $0.microseconds }) }
    package var uptime: Duration { .microseconds(state.withLock { $0.microseconds } - Self.start) }

    package func sleep(for duration: Duration) async throws(CancellationError) {
        let number = state.withLock { state -> Int in
            state.number += 1
            return state.number
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isCancelled = state.withLock { state -> Bool in
                    if Task.isCancelled { return true }
                    let until = state.microseconds + max(0, duration.wholeMicroseconds)
                    state.sleepers.append(
                        Sleeper(until: until, number: number, continuation: continuation)
                    )
                    return false
                }
                if isCancelled { continuation.resume() }
                ready.signal()
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                guard let place = state.sleepers.firstIndex(where: { $0.number == number }) else {
                    return nil
                }
                return state.sleepers.remove(at: place)
            }
            sleeper?.continuation.resume()
        }
        if Task.isCancelled { throw CancellationError() }
    }

    /// Runs the work on this thread, in this time.
    package static func run<Value: Sendable>(
        _ work: @escaping @Sendable (VirtualTime) async throws -> Value
    ) async throws -> Value {
        let time = VirtualTime()
        defer { time.stop() }
        return try await withTaskExecutorPreference(time) { try await work(time) }
    }
}
