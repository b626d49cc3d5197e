/// A streamed answer between its writer and its client: what was written and is not sent yet.
struct ReplyFlow {
    typealias Writer = CheckedContinuation<Bool, Never>

    /// Writers that waited, to be told once no lock is held.
    struct Wake {
        var writers: [Writer] = []
        var isSent = false

        func callAsFunction() { for writer in writers { writer.resume(returning: isSent) } }
    }

    enum State {
        case open
        case finished
        /// Nobody hears it any more.
        case cut
    }

    let limit: Int
    private(set) var state = State.open
    private var pending: [UInt8] = []
    private var start = 0
    private var writers: [UInt64: Writer] = [:]
    private var cancelled: Set<UInt64> = []
    private var nextWriter: UInt64 = 0

    init(limit: Int) { self.limit = limit }

    private var unsent: Int { pending.count - start }

    /// Takes the bytes on and gives the turn to wait with; nothing when nobody hears them.
    mutating func write(_ bytes: [UInt8]) -> UInt64? {
        guard state == .open else { return nil }
        if start > pending.count / 2 {
            pending.removeFirst(start)
            start = 0
        }
        pending += bytes
        nextWriter += 1
        return nextWriter
    }

    /// Tells the writer at once when little is unsent, else later.
    mutating func wait(_ turn: UInt64, _ writer: Writer) -> Wake {
        let isCancelled = cancelled.remove(turn) != nil
        if isCancelled || state == .cut { return Wake(writers: [writer]) }
        if unsent <= limit { return Wake(writers: [writer], isSent: true) }
        writers[turn] = writer
        return Wake()
    }

    mutating func cancel(_ turn: UInt64) -> Wake {
        if let writer = writers.removeValue(forKey: turn) { return Wake(writers: [writer]) }
        cancelled.insert(turn)
        return Wake()
    }

    /// Writers that wait still wait: what they wrote is sent first.
    mutating func finish() { if state == .open { state = .finished } }

    mutating func cut() -> Wake {
        state = .cut
        pending = []
        start = 0
        defer { writers = [:] }
        return Wake(writers: Array(writers.values))
    }

    /// Moves the oldest bytes out, at most so many.
    mutating func send(upTo limit: Int, _ out: (ArraySlice<UInt8>) -> Void) -> (Int, Wake) {
        let count = min(limit, unsent)
        guard count > 0 else { return (0, Wake()) }
        out(pending[start..<start + count])
        start += count
        if unsent == 0 {
            pending.removeAll(keepingCapacity: pending.count <= self.limit)
            start = 0
        }
        guard unsent <= self.limit else { return (count, Wake()) }
        defer { writers = [:] }
        return (count, Wake(writers: Array(writers.values), isSent: true))
    }
}
