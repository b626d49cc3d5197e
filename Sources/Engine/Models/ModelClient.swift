package import Autonomy
internal import Decisions
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
    /// In order; empty only when the request could not be put, or was answered from the cache.
    package let attempts: [CallAttempt]
    /// Of the last attempt; a failure's detail says when time or attempts ran out.
    package let reply: ModelReply
    /// When the answer was first given, where it was given again.
    package let cachedAt: Instant?

    package init(
        endpoint: String,
        model: String,
        attempts: [CallAttempt],
        reply: ModelReply,
        cachedAt: Instant? = nil
    ) {
        self.endpoint = endpoint
        self.model = model
        self.attempts = attempts
        self.reply = reply
        self.cachedAt = cachedAt
    }

    package var usage: Usage { attempts.reduce(Usage()) { $0 + $1.usage } }
    package var cost: Money { attempts.reduce(.zero) { $0 + $1.cost } }
}

/// Asks one endpoint, with retries, and never throws: every failure is a value with its record.
package struct ModelClient: Sendable {
    package let endpoint: ModelEndpoint
    package let gate: ModelGate
    private let transport: any HTTPTransport
    private let clock: any CallClock
    private let chance: any CallChance
    private let cache: (any AnswerCache)?

    package init(
        endpoint: ModelEndpoint,
        gate: ModelGate,
        transport: any HTTPTransport,
        clock: any CallClock,
        chance: any CallChance,
        cache: (any AnswerCache)? = nil
    ) {
        self.endpoint = endpoint
        self.gate = gate
        self.transport = transport
        self.clock = clock
        self.chance = chance
        self.cache = cache
    }

    /// Puts the request until it is answered, hopeless, or out of attempts or time; `timeout` is
    /// for the whole, waits between attempts included, but not those for the model's turn.
    ///
    /// A vote that cannot be asked for in one call is a call for each sample, all at once.
    package func ask(
        _ request: ModelRequest,
        timeout: Duration,
        retry: RetryRule = .standard
    ) async -> ModelCallRecord {
        guard request.confidence.from == .vote, !endpoint.votesInOneCall else {
            return await askOnce(request, timeout, retry)
        }
        let single = request.single
        let records = await withTaskGroup(of: (Int, ModelCallRecord).self) { group in
            for place in 0..<request.confidence.samples {
                group.addTask { (place, await askOnce(single, timeout, retry)) }
            }
            var records: [(Int, ModelCallRecord)] = []
            for await record in group { records.append(record) }
            return records.sorted { $0.0 < $1.0 }.map(\.1)
        }
        return ModelCallRecord(voting: records, request, endpoint)
    }

    /// The most that asking can cost: one call, or one a sample of a vote.
    package func mostCost(of request: ModelRequest) throws(ModelError) -> Money {
        guard request.confidence.from == .vote, !endpoint.votesInOneCall else {
            return try endpoint.mostCost(of: request)
        }
        return try endpoint.mostCost(of: request.single) * Int64(request.confidence.samples)
    }

    private func askOnce(
        _ request: ModelRequest,
        _ timeout: Duration,
        _ retry: RetryRule
    ) async -> ModelCallRecord {
        let body: [UInt8]
        do {
            body = try endpoint.body(of: request)
        } catch {
            return record([], .failure(ModelFailure(AnswerFailure(.rejected, error.message))))
        }
        // Samples of a vote are worth something only when each was drawn by itself.
        let isKept = cache != nil && endpoint.cache != nil && request.confidence.from != .vote
        let key = isKept ? endpoint.cacheKey(of: body) : nil
        if let key, let known = await cached(key, request) { return known }
        let record = await run(
            body,
            request,
            AttemptMachine(rule: retry, deadline: clock.uptime + timeout)
        )
        if let key { await keep(record, key) }
        return record
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
        _ body: [UInt8],
        _ request: ModelRequest,
        _ start: AttemptMachine
    ) async -> ModelCallRecord {
        var machine = start
        var attempts: [CallAttempt] = []
        var last = ModelFailure(AnswerFailure(.unavailable, "there was no time to ask"))
        var effect = machine.due(at: clock.uptime)
        let exchange = ModelExchange(
            endpoint: endpoint,
            gate: gate,
            transport: transport,
            clock: clock,
            body: body,
            request: request
        )
        while true {
            switch effect {
            case .send(let number, let timeout):
                let sent = await exchange.send(number: number, timeout: timeout)
                machine.waited(sent.waited)
                attempts += sent.attempts
                guard case .failure(let failure) = sent.reply else {
                    return record(attempts, sent.reply)
                }
                last = failure
                if sent.attempts.isEmpty { return record(attempts, sent.reply) }
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

    // MARK: Answers given again

    private func cached(_ key: Digest, _ request: ModelRequest) async -> ModelCallRecord? {
        guard let known = await cache?.answer(key, at: clock.now),
            gate.isCurrent(known.version)
        else { return nil }
        let reply = endpoint.coding.decode(HTTPReply(status: 200, body: known.body), to: request)
        guard case .answer(let answer) = reply else { return nil }
        return ModelCallRecord(
            endpoint: endpoint.name,
            model: endpoint.model,
            attempts: [],
            reply: .answer(answer.withoutUsage),
            cachedAt: known.keptAt
        )
    }

    private func keep(_ record: ModelCallRecord, _ key: Digest) async {
        guard case .answer(let answer) = record.reply, let keep = endpoint.cache,
            answer.body.count <= Limits.cachedBytes
        else { return }
        let now = clock.now
        await cache?.keep(
            KeptAnswer(
                key: key,
                version: answer.version,
                body: answer.body,
                keptAt: now,
                expiresAt: now + keep
            )
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
        case .notPublic, .cancelled, .other:
            self.init(AnswerFailure(.unavailable, error.message))
        }
    }

    func noting(_ note: String?) -> ModelFailure {
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
    func sentence(after attempts: Int) -> String? {
        switch self {
        case .hopeless: nil
        case .waitTooLong(let wait): "the server asks to wait \(wait.components.seconds) s"
        case .attemptsSpent: attempts > 1 ? "after \(attempts) attempts" : nil
        case .deadline: "no time left after \(attempts) attempt\(attempts == 1 ? "" : "s")"
        }
    }
}
