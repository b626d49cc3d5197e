/// The bounds of the server; a value so that tests can tighten them.
package struct HTTPServerLimits: Sendable {
    /// A body that says it is larger gets 413 before it is read.
    package var bodyBytes = 64 << 20
    /// What is read and dropped of a body in chunks that grew too large, so that its sender hears
    /// 413; past it the connection ends.
    package var discardedBytes = 1 << 20
    package var headerBytes = 32 << 10
    package var connections: UInt32 = 10_000
    /// How long a connection may send and receive nothing; a request that waits for its answer is
    /// not idle.
    package var idleSeconds: UInt32 = 120
    package var threads: UInt32 = 2

    package init() {}
}
