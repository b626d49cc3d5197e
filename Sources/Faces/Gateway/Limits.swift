internal import Access

/// The bounds of what the gateway takes in.
package enum Limits {
    /// Bytes of one request's body.
    package static let bodyBytes = 4 << 20
    /// The longest a caller may ask to wait.
    package static let wait = Duration.seconds(60)
    /// How long a caller who names no time waits for a model.
    package static let usualWait = Duration.seconds(20)
    /// Characters of an idempotency key.
    package static let keyCharacters = 255
    /// Rows of one page.
    package static let page = 500
    /// Seconds after which a pending decision is worth another look.
    package static let retryAfter = 2
    /// Tokens that turned out to be no good, of all callers together; beyond them an unknown token
    /// is refused without asking the store.
    static let failedAuthentications = rate(50, burst: 100)
    /// Refusals and failures told in the log; further ones are counted in the next that is.
    static let refusalsTold = rate(20, burst: 40)
    /// Decisions of one request told in the log.
    static let decisionsTold = 1_000

    private static func rate(_ count: Int, burst: Int) -> Rate {
        guard let rate = Rate(count, per: .second, burst: burst) else {
            preconditionFailure("a limit is a rate")
        }
        return rate
    }
}
