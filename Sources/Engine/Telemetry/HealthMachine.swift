/// Decides when it is worth telling that something fails or works again: once a change, and not
/// more often than every `Limits.healthPause`.
package struct HealthMachine: Sendable, Equatable {
    package struct Recovery: Sendable, Equatable {
        /// Failures since it last worked.
        package let failures: Int
        package let lasted: Duration

        package init(failures: Int, lasted: Duration) {
            self.failures = failures
            self.lasted = lasted
        }
    }

    private var failures = 0
    private var since = Duration.zero
    private var isTold = false
    private var toldAt: Duration?

    package init() {}

    /// Records a failure; whether it is to be told.
    package mutating func failed(at now: Duration) -> Bool {
        if failures == 0 { since = now }
        failures += 1
        if isTold { return false }
        if let toldAt, now - toldAt < Limits.healthPause { return false }
        isTold = true
        toldAt = now
        return true
    }

    /// Records that it worked; what is to be told when a told failure has ended.
    package mutating func worked(at now: Duration) -> Recovery? {
        guard failures > 0 else { return nil }
        defer {
            failures = 0
            isTold = false
        }
        return isTold ? Recovery(failures: failures, lasted: now - since) : nil
    }
}
