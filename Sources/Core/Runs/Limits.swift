/// The bounds of a run.
package enum Limits {
    /// Runs above each other.
    package static let depth = 16
    /// Items of one `each`.
    package static let items = 10_000
    /// Runs that one transition starts, so that its rows stay within `rows`.
    package static let startsAtOnce = 32
    /// Rows that one transition writes.
    package static let rows = 256
    /// Events of one run.
    package static let history: Int64 = 20_000
    /// Bytes of an output kept in the run's row; a larger one is a resource.
    package static let inlineBytes = 4 << 10
    /// Bytes of one output.
    package static let outputBytes = 16 << 20
    /// Bytes of a run's row.
    package static let runBytes = 512 << 10
}
