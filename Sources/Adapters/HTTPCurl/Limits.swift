/// The bounds of what this adapter keeps and does at once.
package enum Limits {
    /// Exchanges in flight; one more fails at once.
    package static let exchanges = 16_384
    /// Open connections kept for the next exchange.
    static let idleConnections = 8_192
    /// Transfer handles kept for the next exchange.
    static let idleHandles = 1_024
    /// First-byte deadlines of ended exchanges kept, beyond two for each in flight.
    static let sweptDeadlines = 1_024
    /// Bytes of one answer's header lines.
    package static let headerBytes = 256 << 10
    /// How long the thread sleeps when nothing happens; a call wakes it at once.
    static let idlePoll = Duration.seconds(30)
}
