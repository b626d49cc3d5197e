/// The bounds of who may come in and how often.
package enum Limits {
    /// Requests of one period, and of one burst.
    package static let rateCount = 1_000_000
    /// Tokens remembered in each of two generations; those not seen for longest are forgotten.
    package static let rememberedTokens = 10_000
    /// How long what the store said of a token counts: a revocation takes effect within it.
    package static let tokenAge = Duration.seconds(1)
}
