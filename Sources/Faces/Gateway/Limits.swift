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
}
