/// The bounds of a workspace.
package enum Limits {
    package static let rules = 2_000
    package static let checks = 500
    package static let acceptClauses = 500
    /// Samples one `vote` may ask for.
    package static let samples = 128
    package static let attempts = 10
    /// Calls of one model in flight.
    package static let concurrency = 10_000
    /// Requests or tokens of one model in a minute.
    package static let perMinute = 1_000_000_000
    /// Failures one after another before a circuit breaker opens.
    package static let breakerFailures = 1_000
    /// Cases of one policy.
    package static let cases = 10_000
    /// Models that one policy asks.
    package static let stages = 16
    package static let approvals = 20
    /// US dollars of one budget.
    package static let budget = 1e9
    /// The longest time that can be written, so that no moment is beyond 64 bits of microseconds.
    package static let time = Duration.seconds(86_400 * 1_000_000)
    /// Days that what has ended may be kept, where it is not kept for ever.
    package static let retentionDays: Int64 = 3_650
    /// How long what has ended is kept.
    package static let retention: ClosedRange<Duration> =
        .seconds(3_600) ... .seconds(retentionDays * 86_400)
    /// Rows of one list.
    package static let listRows = 1_000_000
}
