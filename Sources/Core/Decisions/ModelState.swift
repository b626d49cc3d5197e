package import Values

/// How a model's circuit breaker stands, kept so that other processes can tell.
package struct ModelState: Sendable, Equatable {
    package enum Breaker: String, Sendable, CaseIterable {
        /// Calls go through.
        case closed
        /// Left alone for a while after failures one after another.
        case open
        /// One call tries whether it is there again.
        case halfOpen = "half-open"
    }

    /// The name under `models:`.
    package let model: String
    package let breaker: Breaker
    package let since: Instant
    /// While open: when it is tried again.
    package let until: Instant?

    package init(model: String, breaker: Breaker, since: Instant, until: Instant? = nil) {
        self.model = model
        self.breaker = breaker
        self.since = since
        self.until = until
    }
}
