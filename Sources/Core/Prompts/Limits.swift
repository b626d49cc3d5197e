/// The bounds of one prompt.
package enum Limits {
    package static let templateBytes = 1 << 20
    /// Blocks inside each other.
    package static let depth = 64
    /// Text one rendering makes.
    package static let outputBytes = 16 << 20
    /// Steps one rendering takes, the rounds of `each` included.
    package static let steps = 1_000_000
}
