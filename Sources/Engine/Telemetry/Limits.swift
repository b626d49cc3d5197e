/// The bounds of what is measured and told.
package enum Limits {
    /// Series of one metric; label values beyond them are counted together as `other`.
    package static let seriesPerMetric = 1_000
    /// Queues whose age one scrape asks the store for.
    package static let queues = 200
    /// Characters of one value in a line of the log.
    package static let fieldCharacters = 500
    /// How long after telling that the store fails it is not told again.
    package static let healthPause = Duration.seconds(10)
}
