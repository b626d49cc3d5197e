/// The bounds of what this module sends, reads and keeps.
package enum Limits {
    /// Bytes of one answer's body; a longer one is cut off and is a failed model.
    package static let responseBytes = 8 << 20
    /// Bytes of one request's body.
    package static let requestBytes = 32 << 20
    /// Characters of a body or message quoted in a failure's detail.
    package static let excerptCharacters = 200
    /// Answers that `vote` may ask for; OpenAI's own bound for `n`.
    package static let samples = 128
    /// Alternatives asked for at each token; OpenAI's bound for `top_logprobs`.
    package static let alternatives = 20
    /// Characters of a structured output's name.
    package static let outputNameCharacters = 64
    /// Choices of one question to a decision endpoint.
    package static let choices = 2...255
    /// How far the levels of an output schema may nest.
    package static let schemaDepth = 64
    /// Attempts of one call, whatever a policy says.
    package static let attempts = 100
    /// The longest wait a server may ask for; a longer one ends the attempts.
    package static let serverWait = Duration.seconds(120)
    /// How far above zero rounding may push a log-probability; more is a broken server.
    package static let logprobSlack = 0.01
    /// At or below this a log-probability means "not among those I know" (OpenAI sends -9999).
    package static let absentLogprob = -9_999.0
    /// The longest a circuit breaker stays open, unless it begins with longer.
    package static let longestOpen = Duration.seconds(120)
    /// How soon to look again while a probe of a half-open breaker is under way.
    package static let probePause = Duration.seconds(1)
    /// The pause after a 429 that names none.
    package static let limitedPause = Duration.seconds(1)
    /// Output tokens a call is taken to need where nothing bounds them: what a budget reserves and
    /// sends as the bound.
    package static let outputTokens: Int64 = 4_096
    /// Output tokens a call is taken to use for its share of a rate.
    package static let usualOutputTokens: Int64 = 256
    /// Bytes of an answer that is kept to be given again.
    package static let cachedBytes = 256 << 10
    /// Files that one request takes.
    package static let attachments = 16
    /// Bytes of one picture.
    package static let imageBytes = 5 << 20
    /// Bytes of one text file.
    package static let textBytes = 256 << 10
    /// Tokens that a picture is taken to cost at most.
    package static let imageTokens: Int64 = 10_000
}
