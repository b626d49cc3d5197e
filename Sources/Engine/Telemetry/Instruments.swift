/// What a part of the program needs to be seen: its metrics, its log, and a clock for durations.
package struct Instruments: Sendable {
    package let metrics: MetricRegistry
    package let log: LogBook
    /// Monotonic.
    package let uptime: @Sendable () -> Duration
    package let version: String
    /// Nothing where the system does not tell.
    package let process: @Sendable () -> ProcessFigures?

    package init(
        metrics: MetricRegistry,
        log: LogBook,
        uptime: @escaping @Sendable () -> Duration,
        version: String,
        process: @escaping @Sendable () -> ProcessFigures? = { nil }
    ) {
        self.metrics = metrics
        self.log = log
        self.uptime = uptime
        self.version = version
        self.process = process
    }

    /// Counts, and tells nobody.
    package static func quiet() -> Instruments {
        let metrics = MetricRegistry()
        return Instruments(
            metrics: metrics,
            log: .closed(metrics),
            uptime: { .zero },
            version: "none"
        )
    }
}
