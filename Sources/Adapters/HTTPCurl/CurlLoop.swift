internal import CCurl
internal import Models
internal import Synchronization

/// The one thread that libcurl runs on, and the inbox through which everyone else talks to it.
final class CurlLoop: Sendable {
    private enum Command: Sendable {
        case start(Submission)
        case cancel(Ticket)
    }

    private struct Inbox {
        var commands: [Command] = []
        var isClosed = false
    }

    private let inbox = Mutex(Inbox())
    private let multi = CurlMulti()

    /// Hands over an exchange; its continuation is resumed exactly once, whatever happens.
    func submit(_ submission: Submission) {
        guard put(.start(submission)) else {
            let facts = ExchangeFacts(submission.call)
            submission.continuation.resume(returning: .failure(.closed(facts)))
            return
        }
    }

    /// Gives up an exchange, whether it is still to be submitted, running or over.
    ///
    /// The mark comes before the command: an exchange started before the command is found by it,
    /// and one started after sees the mark.
    func cancel(_ ticket: Ticket) {
        ticket.cancel()
        _ = put(.cancel(ticket))
    }

    func close() {
        inbox.withLock { $0.isClosed = true }
        multi.wake()
    }

    /// False when the loop takes nothing any more.
    private func put(_ command: Command) -> Bool {
        let (isTaken, isFirst) = inbox.withLock { inbox in
            guard !inbox.isClosed else { return (false, false) }
            inbox.commands.append(command)
            return (true, inbox.commands.count == 1)
        }
        if isFirst { multi.wake() }
        return isTaken
    }

    /// Runs until closed; the body of the thread.
    func run() {
        let clock = ContinuousClock()
        var exchanges = Exchanges(multi: multi)
        while true {
            let (commands, isClosed) = inbox.withLock { inbox in
                defer { inbox.commands = [] }
                return (inbox.commands, inbox.isClosed)
            }
            for command in commands {
                switch command {
                case .start(let submission): exchanges.start(submission, at: clock.now)
                case .cancel(let ticket): exchanges.cancel(ticket)
                }
            }
            guard !isClosed else { return exchanges.end() }
            // What came before this moment is taken in by a turn that leaves nothing ready, so a
            // byte that came in time counts even if the thread is late.
            let now = clock.now
            let time = exchanges.nextDeadline.map { now.duration(to: $0) } ?? Limits.idlePoll
            let isCaughtUp = multi.turn(atMost: time)
            exchanges.finishDone()
            if isCaughtUp { exchanges.failSilent(at: now) }
        }
    }
}

/// The exchanges in flight, as the thread sees them.
private struct Exchanges {
    private let multi: CurlMulti
    private var running: [UInt64: Exchange] = [:]
    private var numbers: [ObjectIdentifier: UInt64] = [:]
    private var idle: [Exchange] = []
    private var firstBytes = Deadlines()
    private var lastNumber: UInt64 = 0

    init(multi: CurlMulti) { self.multi = multi }

    mutating func start(_ submission: Submission, at now: Deadlines.Instant) {
        let facts = ExchangeFacts(submission.call)
        func refuse(_ error: TransportError) {
            submission.continuation.resume(returning: .failure(error))
        }
        guard !submission.ticket.isCancelled else { return refuse(.cancelled(facts)) }
        guard running.count < Limits.exchanges else {
            return refuse(.init(.other, "more than \(Limits.exchanges) exchanges are in flight"))
        }
        guard let exchange = idle.popLast() ?? Exchange() else {
            return refuse(.init(.other, "there is no memory for an exchange"))
        }
        lastNumber += 1
        guard exchange.prepare(submission, facts, number: lastNumber), exchange.join(multi) else {
            return refuse(.init(.other, "the call to \(facts.authority) is not one HTTP can make"))
        }
        running[lastNumber] = exchange
        numbers[ObjectIdentifier(submission.ticket)] = lastNumber
        guard let time = facts.firstByteTimeout else { return }
        firstBytes.add(Deadlines.Entry(due: now + time, number: lastNumber))
        if firstBytes.count > Limits.sweptDeadlines + 2 * running.count {
            firstBytes.keep { running[$0] != nil }
        }
    }

    mutating func cancel(_ ticket: Ticket) {
        guard let number = numbers[ObjectIdentifier(ticket)] else { return }
        take(number) { .failure(.cancelled($0.facts)) }
    }

    mutating func finishDone() {
        // All are fetched before the first is removed: libcurl searches what is still to be fetched
        // for every removal.
        var done: [(number: UInt64, result: CURLcode)] = []
        while let next = multi.nextDone() { done.append(next) }
        for (number, result) in done { take(number) { $0.outcome(of: result) } }
    }

    /// When the next answer is to have begun; nothing while all have or none needs to.
    var nextDeadline: Deadlines.Instant? {
        mutating get {
            while let next = firstBytes.first {
                if running[next.number]?.hasFirstByte == false { return next.due }
                firstBytes.removeFirst()
            }
            return nil
        }
    }

    /// Fails every exchange whose answer was to have begun by now and has not.
    mutating func failSilent(at now: Deadlines.Instant) {
        while let due = nextDeadline, due <= now, let entry = firstBytes.first {
            take(entry.number) { .failure(.silent($0.facts, connected: $0.hasConnected)) }
        }
    }

    mutating func end() {
        for number in running.keys { take(number) { .failure(.closed($0.facts)) } }
        idle = []
    }

    /// Takes an exchange out of libcurl's hands and tells the one who waits what came of it.
    private mutating func take(_ number: UInt64, _ outcome: (Exchange) -> Submission.Outcome) {
        guard let exchange = running.removeValue(forKey: number) else { return }
        exchange.leave(multi)
        let result = outcome(exchange)
        guard let submission = exchange.finish() else { return }
        numbers[ObjectIdentifier(submission.ticket)] = nil
        if idle.count < Limits.idleHandles { idle.append(exchange) }
        submission.continuation.resume(returning: result)
    }
}

/// One transfer handle with the exchange it is used for.
private final class Exchange {
    private var handle: CurlHandle
    private var submission: Submission?
    private(set) var facts: ExchangeFacts

    init?() {
        guard let handle = CurlHandle() else { return nil }
        self.handle = handle
        facts = ExchangeFacts(HTTPCall(url: "", timeout: .zero))
    }

    func prepare(_ submission: Submission, _ facts: ExchangeFacts, number: UInt64) -> Bool {
        self.submission = submission
        self.facts = facts
        return handle.prepare(submission.call, number: number)
    }

    func join(_ multi: CurlMulti) -> Bool { multi.add(handle) }

    func leave(_ multi: CurlMulti) { multi.remove(handle) }

    var hasFirstByte: Bool { handle.hasFirstByte }

    var hasConnected: Bool { handle.hasConnected }

    func outcome(of result: CURLcode) -> Submission.Outcome {
        // A body that is cut at its limit ends the transfer, but the answer is there.
        guard result == CURLE_OK || handle.response.isCut else {
            return .failure(TransportError(result, handle, facts))
        }
        return .success(
            HTTPReply(
                status: handle.status,
                headers: handle.response.headers,
                body: handle.response.body
            )
        )
    }

    /// Forgets the exchange and gives back who waits for it.
    func finish() -> Submission? {
        defer { submission = nil }
        handle.reset()
        handle.response.begin(limit: 0)
        return submission
    }
}
