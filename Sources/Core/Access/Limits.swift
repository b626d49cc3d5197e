/// The bounds of who may come in and how often.
package enum Limits {
    /// Requests of one period, and of one burst.
    package static let rateCount = 1_000_000
    /// How late who was promised a moment may come without loss of the rate.
    package static let rateSlack = Duration.seconds(1)
    static let rateSlackNanoseconds: Int64 = 1_000_000_000
    /// The furthest moment that is promised; all who would come later are promised it.
    package static let rateHorizon = Duration.seconds(3_650 * 86_400)
    static let rateHorizonNanoseconds: Int64 = 3_650 * 86_400 * 1_000_000_000
    /// Tokens remembered in each of two generations; those not seen for longest are forgotten.
    package static let rememberedTokens = 10_000
    /// How long what the store said of a token counts: a revocation takes effect within it.
    package static let tokenAge = Duration.seconds(1)
}
