internal import CMicroHTTPD
internal import Synchronization

/// One request on its way: its body, then its answer, either of them whole or in pieces.
///
/// libmicrohttpd's thread feeds it and asks it; whoever reads, answers or writes does so from
/// anywhere. A connection that has to wait for them is suspended, under the same lock that they
/// take to resume it, so no wake is lost.
@safe
final class Exchange: Sendable {
    enum Answer: Sendable {
        case whole(HTTPResponse)
        case streamed(HTTPResponse)
    }

    /// What libmicrohttpd's thread is to do once the body is over.
    enum Turn {
        case answer(Answer)
        case wait
        case close
    }

    /// What comes out of a streamed answer.
    enum Output: Equatable {
        case bytes(Int)
        case later
        case end
        case cut
    }

    private enum Pause {
        /// The body's reader is to catch up.
        case body
        /// The handler is to answer, or its writer to write.
        case answer
    }

    private struct State {
        var body: [UInt8] = []
        var received = 0
        var flow: BodyFlow?
        var isBodyOver = false
        var isHanded = false
        var answer: Answer?
        var reply: ReplyFlow
        var pause: Pause?
        var isAbandoned = false
        var isEnded = false
        var bodyWait = 0
        /// Bytes of the body that came, and how many of them the last look saw.
        var come = 0
        var seen = 0
        /// Milliseconds since the last that came.
        var still = 0
    }

    let request: HTTPRequest
    let client: Connection
    private let loop: ServerLoop
    private let isBrief: Bool
    private let limits: HTTPServerLimits
    // Used to suspend and resume only, which libmicrohttpd allows from any thread.
    nonisolated(unsafe) private let connection: OpaquePointer
    private let state: Mutex<State>

    init(
        _ connection: OpaquePointer,
        _ request: HTTPRequest,
        client: Connection,
        loop: ServerLoop,
        handling: HTTPHandling
    ) {
        let limits = loop.service.limits
        unsafe self.connection = connection
        self.request = request
        self.client = client
        self.loop = loop
        isBrief = handling == .brief
        self.limits = limits
        var first = State(reply: ReplyFlow(limit: limits.unsentBytes))
        if handling == .streamed { first.flow = BodyFlow(limits: limits) }
        state = Mutex(first)
    }

    /// The server's thread it came on, where its handler does little at a time.
    var thread: (any TaskExecutor)? { isBrief ? loop : nil }

    private func pause(_ state: inout State, _ pause: Pause) {
        // libmicrohttpd must not be asked twice.
        if state.pause == nil { unsafe MHD_suspend_connection(connection) }
        state.pause = pause
    }

    private func resume(_ state: inout State) {
        guard state.pause != nil else { return }
        state.pause = nil
        unsafe MHD_resume_connection(connection)
        loop.ring()
    }
}

// What libmicrohttpd's thread does.
extension Exchange {
    /// Takes more of the body; no when even passing it over has gone on for too long.
    func add(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let (goesOn, wake) = state.withLock { state in
            state.come += bytes.count
            if state.flow != nil { return unsafe stream(bytes, &state) }
            state.received += bytes.count
            if state.answer != nil {
                // It was refused from its head on.
            } else if state.received <= limits.bodyBytes {
                unsafe state.body.append(contentsOf: bytes)
            } else {
                state.body = []
                state.answer = .whole(ServerProblem.tooLarge(limits.bodyBytes, closing: false))
            }
            return (state.received <= limits.bodyBytes + limits.discardedBytes, nil)
        }
        wake?()
        return goesOn
    }

    private func stream(
        _ bytes: UnsafeRawBufferPointer,
        _ state: inout State
    ) -> (Bool, BodyFlow.Wake?) {
        let wake = unsafe state.flow?.add(bytes)
        if state.flow?.isFull == true { pause(&state, .body) }
        return (state.flow?.isBounded ?? false, wake)
    }

    /// The request for the handler with its body, once, and only while there is no answer.
    func endBody() -> HTTPRequest? {
        let (body, wake) = state.withLock { state -> ([UInt8]?, BodyFlow.Wake?) in
            state.isBodyOver = true
            let wake = state.flow?.end(with: .success(nil))
            if state.isHanded || state.answer != nil { return (nil, wake) }
            state.isHanded = true
            defer { state.body = [] }
            return (state.body, wake)
        }
        wake?()
        return body.map { HTTPRequest(head: request.head, query: request.query, body: $0) }
    }

    /// The request for the handler before its body came.
    func begin() -> HTTPRequest {
        state.withLock { $0.isHanded = true }
        return HTTPRequest(
            head: request.head,
            query: request.query,
            stream: HTTPBodyStream(self)
        )
    }

    /// The answer if there is one already.
    var earlyAnswer: Answer? { state.withLock { $0.answer } }

    /// The answer, or a wait until it comes.
    func nextTurn() -> Turn {
        state.withLock { state in
            if state.isAbandoned { return .close }
            if let answer = state.answer { return .answer(answer) }
            pause(&state, .answer)
            return .wait
        }
    }

    /// Fills in what was written of a streamed answer, or waits until more is.
    func send(_ out: UnsafeMutableRawBufferPointer) -> Output {
        let (output, wake) = state.withLock { state in
            let (count, wake) = state.reply.send(upTo: out.count) { unsafe out.copyBytes(from: $0) }
            if count > 0 { return (Output.bytes(count), wake) }
            switch state.reply.state {
            case .finished: return (.end, wake)
            case .cut: return (.cut, wake)
            case .open:
                pause(&state, .answer)
                return (.later, wake)
            }
        }
        wake()
        return output
    }

    /// Tells everyone who waits that the request is over, well or not.
    func end() {
        let wakes = state.withLock { state in
            state.isEnded = true
            return (state.flow?.end(with: .failure(.cut)), state.reply.cut())
        }
        wakes.0?()
        wakes.1()
    }
}

// What the handler does.
extension Exchange {
    /// Takes the first answer; false for any other, and once the request is over.
    @discardableResult
    func answer(_ answer: Answer) -> Bool {
        state.withLock { state in
            guard state.answer == nil, !state.isEnded, !state.isAbandoned else { return false }
            if case .streamed(let head) = answer, !head.body.isEmpty {
                _ = state.reply.write(head.body)
            }
            state.answer = answer
            state.flow?.drop()
            resume(&state)
            return true
        }
    }

    func read(_ reader: BodyFlow.Reader) {
        let wake = state.withLock { state -> BodyFlow.Wake? in
            guard state.flow != nil else {
                return BodyFlow.Wake(reader: reader, piece: .failure(.cut))
            }
            let wake = state.flow?.read(reader)
            if state.pause == .body { resume(&state) }
            return wake
        }
        wake?()
    }

    func cancelRead() {
        let wake = state.withLock { $0.flow?.cancel() }
        wake?()
    }

    func dropBody() {
        state.withLock { state in
            state.flow?.drop()
            if state.pause == .body { resume(&state) }
        }
    }

    var isReplyOpen: Bool { state.withLock { $0.reply.state == .open && !$0.isEnded } }

    func write(_ bytes: [UInt8]) -> UInt64? {
        state.withLock { state in
            let turn = state.reply.write(bytes)
            if turn != nil { resume(&state) }
            return turn
        }
    }

    func waitToWrite(_ turn: UInt64, _ writer: ReplyFlow.Writer) {
        let wake = state.withLock { $0.reply.wait(turn, writer) }
        wake()
    }

    func cancelWrite(_ turn: UInt64) {
        let wake = state.withLock { $0.reply.cancel(turn) }
        wake()
    }

    func finishReply() {
        state.withLock { state in
            state.reply.finish()
            resume(&state)
        }
    }

    func cutReply() {
        let wake = state.withLock { state in
            guard state.reply.state == .open else { return ReplyFlow.Wake() }
            defer { resume(&state) }
            return state.reply.cut()
        }
        wake()
    }
}

// What the server and its watch do.
extension Exchange {
    /// What a look finds it waiting for.
    enum Look {
        /// More of its body, and for longer than it may.
        case late
        case body
        /// More of its body, of which nothing has come for a while.
        case still
        /// The application, for as long as that likes.
        case answer
        case nothing
    }

    /// Looks at it once in so many milliseconds.
    func look(after milliseconds: Int) -> Look {
        state.withLock { state in
            if let pause = state.pause { return pause == .answer ? .answer : .nothing }
            guard !state.isBodyOver else { return .nothing }
            state.bodyWait += milliseconds
            state.still = state.come == state.seen ? state.still + milliseconds : 0
            state.seen = state.come
            if state.bodyWait > limits.bodySeconds * 1_000 { return .late }
            return state.still > limits.stillSeconds * 1_000 ? .still : .body
        }
    }

    /// Gives the request up: its client is not there any more.
    func abandon() {
        let wake = state.withLock { state in
            state.isAbandoned = true
            defer { resume(&state) }
            return state.reply.cut()
        }
        wake()
    }

    /// Answers at once, whatever the request waits for, and waits for nothing more: libmicrohttpd
    /// aborts when it is stopped with a connection suspended.
    func stop() {
        answer(.whole(ServerProblem.stopping))
        let wakes = state.withLock { state in
            defer { resume(&state) }
            return (state.flow?.end(with: .failure(.cut)), state.reply.cut())
        }
        wakes.0?()
        wakes.1()
    }
}
