internal import Models
internal import Synchronization
package import Values

/// The wall clock of a virtual time, and what somebody set it off by.
package final class SettableClock: CallClock {
    private let time: VirtualTime
    private let offset = Mutex(Duration.zero)
    private let skipped = Mutex(Duration.zero)

    package init(_ time: VirtualTime) { self.time = time }

    package var now: Instant {
        time.now + offset.withLock { $0 } + skipped.withLock { $0 }
    }
    package var uptime: Duration { time.uptime + skipped.withLock { $0 } }

    package func sleep(for duration: Duration) async throws(CancellationError) {
        try await time.sleep(for: duration)
    }

    /// Sets it, while the uptime goes on as before.
    package func jump(by duration: Duration) { offset.withLock { $0 += duration } }

    /// Lets time pass for which nobody sleeps.
    package func skip(_ duration: Duration) { skipped.withLock { $0 += duration } }
}
