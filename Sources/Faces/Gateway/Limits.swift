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
    /// Lines of one batch, blank ones not counted.
    package static let batchLines = 10_000
    /// Bytes of one batch.
    package static let batchBytes = 64 << 20
    /// Lines of a batch that are committed together, when so many have arrived.
    static let batchGroup = 512
    /// Bytes of a batch that are read ahead of what is being committed.
    static let batchAhead = 1 << 20
    /// Bytes of answers that a batch keeps until its last line; beyond, answers are read again and
    /// problems told in brief.
    package static let batchAnswerBytes = 16 << 20
    /// Bytes of a stream that are written together.
    static let writeBytes = 64 << 10
    /// Between two signs of life on a stream of events.
    package static let heartbeat = Duration.seconds(15)
    /// After how long who lost a stream of events comes back.
    static let eventRetry = Duration.seconds(2)
    /// Rows of one page.
    package static let page = 500
    /// Characters of one of them.
    static let conditionCharacters = 200
    /// Kinds of work that one claim names, and attempts that it gives.
    static let workKinds = 32
    package static let workAtOnce = 100
    /// The longest lease that a worker may ask for.
    static let lease = Duration.seconds(86_400)
    /// Calls of the callback addresses of one run.
    static let callbacks = rate(10, burst: 20)
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
