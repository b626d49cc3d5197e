/// The bounds of a flow.
package enum Limits {
    /// Flows of one workspace.
    package static let flows = 1_000
    /// Flows that start each other, one below the other; a run has as many above it.
    package static let subflows = 16
    package static let headers = 64
    /// Steps of one flow, those inside others included.
    package static let steps = 500
    /// Steps inside each other.
    package static let nesting = 16
    package static let stages = 50
    package static let fields = 32
    package static let triggers = 32
    package static let branches = 64
    /// Items of one `each` under way at once.
    package static let eachLimit = 256
    /// The same where `limit` says nothing.
    package static let standardEachLimit = 16
    package static let attempts = 100
    /// Runs with one key under way at once.
    package static let concurrency = 10_000
    /// Days of one `timeout`, `deadline` or `sleep`.
    package static let days = 3_650
}
