/// Why a streamed body ended before its end.
package enum HTTPBodyError: Error, Sendable, Equatable {
    /// It has more bytes than the server streams; what still comes is dropped.
    case tooLarge(limit: Int)
    /// The client went away, was too slow, or the server stopped.
    case cut
    /// The task that reads was cancelled.
    case cancelled
}

/// A streamed body between its sender and its reader: what has come and was not read yet.
struct BodyFlow {
    /// More bytes, nothing at the end, or why there is no end.
    typealias Piece = Result<[UInt8]?, HTTPBodyError>
    typealias Reader = CheckedContinuation<Piece, Never>

    /// A reader that waited and what it waited for, to be told once no lock is held.
    struct Wake {
        let reader: Reader
        let piece: Piece

        func callAsFunction() { reader.resume(returning: piece) }
    }

    let limits: HTTPServerLimits
    private var pending: [UInt8] = []
    private var received = 0
    private var end: Piece?
    /// Nobody will read on.
    private var isDropped = false
    private var isCancelled = false
    private var reader: Reader?

    init(limits: HTTPServerLimits) { self.limits = limits }

    /// Whether the sender has to wait.
    var isFull: Bool { pending.count > limits.aheadBytes }

    /// Whether more may come, be it only to be dropped.
    var isBounded: Bool { received <= limits.streamedBytes + limits.discardedBytes }

    mutating func add(_ bytes: some Collection<UInt8>) -> Wake? {
        received += bytes.count
        guard received <= limits.streamedBytes else {
            return end(with: .failure(.tooLarge(limit: limits.streamedBytes)))
        }
        guard end == nil, !isDropped else { return nil }
        pending.append(contentsOf: bytes)
        return wake()
    }

    /// Ends the body, if it has no end yet.
    ///
    /// Of a body that was cut nothing more is read.
    mutating func end(with piece: Piece) -> Wake? {
        guard end == nil else { return nil }
        end = piece
        if case .failure = piece { pending = [] }
        return wake()
    }

    /// Passes over what is there and what still comes.
    mutating func drop() {
        isDropped = true
        pending = []
    }

    mutating func cancel() -> Wake? {
        isCancelled = true
        return wake()
    }

    /// What is there, all at once; a reader that finds nothing is told later.
    mutating func read(_ reader: Reader) -> Wake? {
        precondition(self.reader == nil, "a body has one reader")
        self.reader = reader
        return wake()
    }

    private mutating func wake() -> Wake? {
        guard let reader, let piece = next() else { return nil }
        self.reader = nil
        return Wake(reader: reader, piece: piece)
    }

    private mutating func next() -> Piece? {
        if isCancelled { return .failure(.cancelled) }
        guard !pending.isEmpty else { return end }
        defer { pending = [] }
        return .success(pending)
    }
}
