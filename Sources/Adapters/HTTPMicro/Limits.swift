/// The bounds of the server; a value so that tests can tighten them.
package struct HTTPServerLimits: Sendable {
    /// A body that says it is larger gets 413 before it is read.
    package var bodyBytes = 64 << 20
    /// The same for a body that is streamed; past it its reader gets `tooLarge`.
    package var streamedBytes = 64 << 20
    /// What of a streamed body is kept for a reader that is slower than its sender; past it the
    /// sender has to wait.
    package var aheadBytes = 256 << 10
    /// What of a streamed answer is kept for a client that is slower than its writer; past it the
    /// writer has to wait.
    package var unsentBytes = 256 << 10
    /// What is read and dropped of a body beyond its limit, so that its sender hears why; past it
    /// the connection ends.
    package var discardedBytes = 1 << 20
    /// What each connection takes of memory once it had a request; a head that does not fit is
    /// refused.
    package var headerBytes = 6 << 10
    package var headerCount = 50
    package var connections = 10_500
    /// How many connections beyond the limit are taken to be told so.
    package var refusedConnections = 64
    /// How many files and sockets the process may open; nothing: what the system says.
    package var openFiles: Int?
    /// What of `openFiles` is left to the rest of the process.
    package var reservedFiles = 256
    /// With fewer connections than this a server does not start.
    package var leastConnections = 16
    /// How long the head of a new connection's first request may take.
    package var headSeconds = 30
    /// How long the server waits for a body, all in all; the time its reader takes is not counted.
    package var bodySeconds = 300
    /// How long nothing of a body may be taken though bytes of it are there.
    package var stillSeconds = 5
    /// How long a connection beyond the limit may take for its head.
    package var refusedSeconds = 5
    /// How long a connection may send and receive nothing, and how long it may be without a
    /// request; a request that waits for its answer is not idle.
    package var idleSeconds = 120
    /// After how much silence the system asks a client whether it is still there; one that does
    /// not answer is gone a minute later.
    package var probeSeconds = 60
    /// How often deadlines are looked at, and whether clients that wait are still there.
    package var watchMilliseconds = 1_000
    package var threads = 2

    /// What libmicrohttpd keeps of each argument of a query beside its text, with some to spare, and
    /// what a target leaves of `headerBytes`.
    static let argumentBytes = 80
    static let besideTarget = 512
    /// How many bytes of an answer are cheaper copied than kept.
    static let copiedBytes = 16 << 10
    /// The buffer of an answer streamed to a client that knows no chunks.
    static let unchunkedBlock = 4 << 10
    /// After how many turns without a wait a server's thread pauses, and for how many milliseconds
    /// if nothing happens.
    static let turnsAtOnce = 64
    static let turnPause: Int32 = 5

    package init() {}

    /// How many connections the process's files allow, at most those asked for.
    func fittingConnections(_ openFiles: Int) throws(HTTPServerError) -> Int {
        let fitting = openFiles - reservedFiles - refusedConnections
        guard fitting < connections else { return connections }
        guard fitting >= min(leastConnections, connections) else {
            throw HTTPServerError(
                openFiles: openFiles,
                needed: openFiles - fitting + leastConnections
            )
        }
        return fitting
    }
}
