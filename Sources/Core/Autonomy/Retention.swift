/// How long what has ended is kept; nothing for ever.
package struct Retention: Sendable, Equatable {
    /// Of runs, by the state in which the outermost run of their tree ended.
    package struct Runs: Sendable, Equatable {
        package var completed: Duration?
        package var failed: Duration?
        package var cancelled: Duration?

        package init(
            completed: Duration? = nil,
            failed: Duration? = nil,
            cancelled: Duration? = nil
        ) {
            self.completed = completed
            self.failed = failed
            self.cancelled = cancelled
        }
    }

    package var runs: Runs

    package init(runs: Runs = Runs()) { self.runs = runs }
}
