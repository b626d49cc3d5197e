package import Autonomy
package import Values

/// Time as calls need it: a wall clock for dates, an uptime for durations, and sleep.
package protocol CallClock: Sendable {
    var now: Instant { get }
    /// Since any fixed moment; never goes back.
    var uptime: Duration { get }
    /// Throws when the task is cancelled.
    func sleep(for duration: Duration) async throws(CancellationError)
}

/// Chance as back-off needs it.
package protocol CallChance: Sendable {
    /// Uniform in [0, 1).
    func fraction() -> Double
}

/// One attempt of a call, for the log.
package struct CallAttempt: Sendable, Equatable {
    /// From 1.
    package let number: Int
    package let started: Instant
    package let duration: Duration
    /// Nothing when there was no reply.
    package let status: Int?
    /// Why it did not serve; nothing for the attempt that answered.
    package let failure: AnswerFailure?
    package let usage: Usage
    package let cost: Money

    package init(
        number: Int,
        started: Instant,
        duration: Duration,
        status: Int?,
        failure: AnswerFailure?,
        usage: Usage,
        cost: Money
    ) {
        self.number = number
        self.started = started
        self.duration = duration
        self.status = status
        self.failure = failure
        self.usage = usage
        self.cost = cost
    }
}

/// A call with all its attempts and what they came to.
package struct ModelCallRecord: Sendable, Equatable {
    /// The endpoint's name.
    package let endpoint: String
    /// The model as asked for.
    package let model: String
    /// In order; empty only when the request could not be put.
    package let attempts: [CallAttempt]
    /// Of the last attempt; a failure's detail says when time or attempts ran out.
    package let reply: ModelReply

    package init(endpoint: String, model: String, attempts: [CallAttempt], reply: ModelReply) {
        self.endpoint = endpoint
        self.model = model
        self.attempts = attempts
        self.reply = reply
    }

    package var usage: Usage { attempts.reduce(Usage()) { $0 + $1.usage } }
    package var cost: Money { attempts.reduce(.zero) { $0 + $1.cost } }
}

/// Asks one endpoint, with retries, and never throws: every failure is a value with its record.
package struct ModelClient: Sendable {
    package let endpoint: ModelEndpoint
    private let transport: any HTTPTransport
    private let clock: any CallClock
    private let chance: any CallChance

    package init(
        endpoint: ModelEndpoint,
        transport: any HTTPTransport,
        clock: any CallClock,
        chance: any CallChance
    ) {
        self.endpoint = endpoint
        self.transport = transport
        self.clock = clock
        self.chance = chance
    }

    /// Puts the request until it is answered, hopeless, or out of attempts or time; `timeout` is
    /// for the whole, waits included.
    package func ask(
        _ request: ModelRequest,
        timeout: Duration,
        retry: RetryRule = .standard
    ) async -> ModelCallRecord {
        let call: HTTPCall
        do {
            call = try endpoint.call(request, timeout: timeout)
        } catch {
            let failure = ModelFailure(AnswerFailure(.rejected, error.message))
            return record([], .failure(failure))
        }
        return await run(
            call,
            request,
            AttemptMachine(rule: retry, deadline: clock.uptime + timeout)
        )
    }

    private func record(_ attempts: [CallAttempt], _ reply: ModelReply) -> ModelCallRecord {
        ModelCallRecord(
            endpoint: endpoint.name,
            model: endpoint.model,
            attempts: attempts,
            reply: reply
        )
    }

    private func run(
        _ call: HTTPCall,
        _ request: ModelRequest,
        _ start: AttemptMachine
    ) async -> ModelCallRecord {
        var machine = start
        var attempts: [CallAttempt] = []
        var last = ModelFailure(AnswerFailure(.unavailable, "there was no time to ask"))
        var effect = machine.due(at: clock.uptime)
        while true {
            switch effect {
            case .send(let number, let timeout):
                let (attempt, reply) = await send(call, request, number: number, timeout: timeout)
                attempts.append(attempt)
                guard case .failure(let failure) = reply else { return record(attempts, reply) }
                last = failure
                effect = machine.failed(
                    at: clock.uptime,
                    wall: clock.now,
                    advice: failure.advice,
                    chance: chance.fraction()
                )
            case .sleep(let wait):
                do {
                    try await clock.sleep(for: wait)
                } catch {
                    return record(attempts, .failure(last.noting("the caller gave up")))
                }
                effect = machine.due(at: clock.uptime)
            case .giveUp(let reason):
                return record(
                    attempts,
                    .failure(last.noting(reason.sentence(after: attempts.count)))
                )
            }
        }
    }

    private func send(
        _ call: HTTPCall,
        _ request: ModelRequest,
        number: Int,
        timeout: Duration
    ) async -> (CallAttempt, ModelReply) {
        var call = call
        call.timeout = timeout
        call.connectTimeout = min(call.connectTimeout, timeout)
        let (started, before) = (clock.now, clock.uptime)
        var status: Int?
        let reply: ModelReply
        do {
            let received = try await transport.send(call)
            status = received.status
            reply = endpoint.shape.coding.decode(redacted(received), to: request)
        } catch {
            reply = .failure(ModelFailure(error))
        }
        var failure: AnswerFailure?
        if case .failure(let failed) = reply { failure = failed.reason }
        let attempt = CallAttempt(
            number: number,
            started: started,
            duration: clock.uptime - before,
            status: status,
            failure: failure,
            usage: reply.usage,
            cost: endpoint.price.cost(of: reply.usage)
        )
        return (attempt, reply)
    }

    /// The reply without the key, should the server have echoed it.
    private func redacted(_ reply: HTTPReply) -> HTTPReply {
        guard let key = endpoint.key else { return reply }
        return HTTPReply(
            status: reply.status,
            headers: reply.headers,
            body: key.redacting(reply.body)
        )
    }
}

extension ModelFailure {
    /// A failure before any reply.
    init(_ error: TransportError) {
        switch error.kind {
        case .resolve, .connect, .tls, .timeout, .cut:
            self.init(AnswerFailure(.unavailable, error.message), advice: .backOff)
        case .tooLarge:
            self.init(AnswerFailure(.unparsable, error.message))
        case .cancelled, .other:
            self.init(AnswerFailure(.unavailable, error.message))
        }
    }

    fileprivate func noting(_ note: String?) -> ModelFailure {
        guard let note else { return self }
        return ModelFailure(
            AnswerFailure(reason.kind, "\(reason.detail) (\(note))"),
            advice: advice,
            usage: usage,
            version: version,
            body: body
        )
    }
}

extension AttemptMachine.GivenUp {
    /// What to tell a person beside the last failure; nothing when that says it all.
    fileprivate func sentence(after attempts: Int) -> String? {
        switch self {
        case .hopeless: nil
        case .waitTooLong(let wait): "the server asks to wait \(wait.components.seconds) s"
        case .attemptsSpent: attempts > 1 ? "after \(attempts) attempts" : nil
        case .deadline: "no time left after \(attempts) attempt\(attempts == 1 ? "" : "s")"
        }
    }
}
