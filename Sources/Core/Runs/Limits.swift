/// The bounds of a run.
package enum Limits {
    /// Runs above each other.
    package static let depth = 16
    /// Items of one `each`.
    package static let items = 10_000
    /// Steps under way at once; further ones begin as those end.
    package static let active = 160
    /// Runs that one transition starts.
    package static let startsAtOnce = 16
    /// Rows that one transition writes, what it starts included.
    package static let rows = 256
    /// Attempts in a row whose lease ended without a word.
    package static let lostLeases = 5
    /// Events of one run.
    package static let history: Int64 = 20_000
    /// Bytes of an output kept in the run's row; a larger one is a resource.
    package static let inlineBytes = 4 << 10
    /// The same where the row is full.
    package static let fullBytes = 200
    /// Bytes of what an event must be about, as text; a longer one is found by its digest.
    static let subjectBytes = 128
    /// Bytes of one output.
    package static let outputBytes = 16 << 20
    /// Bytes of outputs in a run's row, beyond which they are kept apart.
    package static let runBytes = 512 << 10
}
