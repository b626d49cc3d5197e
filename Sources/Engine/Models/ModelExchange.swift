internal import Autonomy
internal import Values

/// Puts one attempt of a call on the wire, at the model's turn, with a second call beside it where
/// the first is slow and the endpoint wants that.
struct ModelExchange: Sendable {
    let endpoint: ModelEndpoint
    let gate: ModelGate
    let transport: any HTTPTransport
    let clock: any CallClock
    let body: [UInt8]
    let request: ModelRequest

    struct Sent {
        /// None when the gate let nothing through.
        let attempts: [CallAttempt]
        let reply: ModelReply
        /// For the model's turn.
        let waited: Duration
    }

    /// One call's way to its end.
    private struct Exchange: Sendable {
        let number: Int
        let started: Instant
        let duration: Duration
        let status: Int?
        let reply: ModelReply
    }

    private enum Event: Sendable {
        case ended(Exchange)
        case slow
        /// The wait for a second call was cut short.
        case noMore
    }

    func send(number: Int, timeout: Duration) async -> Sent {
        let before = clock.uptime
        let pass: ModelGate.Pass
        do {
            pass = try await gate.enter(estimate: estimate)
        } catch {
            let said = "'\(endpoint.name)' was not asked: \(error.detail)"
            let reason = AnswerFailure(.unavailable, said, retryAt: error.until)
            return Sent(
                attempts: [],
                reply: .failure(ModelFailure(reason)),
                waited: clock.uptime - before
            )
        }
        let waited = clock.uptime - before
        let call: HTTPCall
        do {
            call = try endpoint.call(body, timeout: timeout)
        } catch {
            gate.leave(pass, .abandoned, spent: 0)
            // A key that cannot be read now, such as one being rotated, may be in a moment.
            let reason = AnswerFailure(.unavailable, error.message)
            let attempt = attempt(
                Exchange(
                    number: number,
                    started: clock.now,
                    duration: .zero,
                    status: nil,
                    reply: .failure(ModelFailure(reason, advice: .backOff))
                )
            )
            return Sent(
                attempts: [attempt],
                reply: .failure(ModelFailure(reason, advice: .backOff)),
                waited: waited
            )
        }
        guard let hedge = endpoint.times.hedge, hedge < timeout else {
            let exchange = await exchange(call, pass, number)
            return Sent(attempts: [attempt(exchange)], reply: exchange.reply, waited: waited)
        }
        let (attempts, reply) = await hedged(call, pass, number, after: hedge)
        return Sent(attempts: attempts, reply: reply, waited: waited)
    }

    /// Tokens that the call may take, as far as its bytes and bounds tell.
    private var estimate: Int64 {
        let output = request.sampling.maximumOutputTokens ?? Limits.usualOutputTokens
        return Int64(body.count / 4) + output * Int64(max(request.confidence.samples, 1))
    }

    private func exchange(
        _ call: HTTPCall,
        _ pass: ModelGate.Pass,
        _ number: Int
    ) async -> Exchange {
        let (started, before) = (clock.now, clock.uptime)
        var received: HTTPReply?
        let reply: ModelReply
        do {
            let answer = try await transport.send(call)
            received = answer
            reply = endpoint.coding.decode(call.redacted(answer), to: request)
        } catch {
            reply = .failure(ModelFailure(error))
        }
        let usage = reply.usage
        let isTold = usage != Usage()
        let end = end(received, reply)
        gate.leave(
            pass,
            end,
            spent: isTold ? usage.input + usage.output : nil,
            reply: received,
            failure: end == .answered ? nil : reply.failure?.detail
        )
        if case .answer(let answer) = reply { gate.met(answer.version) }
        return Exchange(
            number: number,
            started: started,
            duration: clock.uptime - before,
            status: received?.status,
            reply: reply
        )
    }

    private func end(_ received: HTTPReply?, _ reply: ModelReply) -> GateMachine.End {
        guard case .failure(let failure) = reply, failure.reason.kind == .unavailable else {
            return .answered
        }
        if received?.status == 429 {
            switch failure.advice {
            case .after(let wait): return .limited(pause: wait)
            case .until(let date): return .limited(pause: max(date - clock.now, .zero))
            case .backOff, .never: return .limited(pause: nil)
            }
        }
        return Task.isCancelled ? .abandoned : .unavailable
    }

    private func attempt(_ exchange: Exchange) -> CallAttempt {
        var failure: AnswerFailure?
        if case .failure(let failed) = exchange.reply { failure = failed.reason }
        return CallAttempt(
            number: exchange.number,
            started: exchange.started,
            duration: exchange.duration,
            status: exchange.status,
            failure: failure,
            usage: exchange.reply.usage,
            cost: endpoint.price.cost(of: exchange.reply.usage)
        )
    }

    // MARK: A second call

    /// The first usable answer of at most two calls; the other is given up, and counted with what
    /// its input costs, as nobody tells what it spent.
    private func hedged(
        _ call: HTTPCall,
        _ pass: ModelGate.Pass,
        _ number: Int,
        after wait: Duration
    ) async -> ([CallAttempt], ModelReply) {
        await withTaskGroup(of: Event.self) { group in
            group.addTask { .ended(await exchange(call, pass, number)) }
            group.addTask {
                do {
                    try await clock.sleep(for: wait)
                } catch {
                    return .noMore
                }
                return .slow
            }
            var running = 1
            var ended: [Exchange] = []
            var hasAnswer = false
            for await event in group {
                switch event {
                case .noMore: continue
                case .slow:
                    guard running > 0, let second = gate.enterNow(estimate: estimate) else {
                        continue
                    }
                    running += 1
                    group.addTask { .ended(await exchange(call, second, number)) }
                case .ended(let exchange):
                    running -= 1
                    let isAnswer = if case .answer = exchange.reply { true } else { false }
                    if hasAnswer {
                        ended.insert(exchange, at: 0)
                    } else {
                        ended.append(exchange)
                    }
                    hasAnswer = hasAnswer || isAnswer
                    if hasAnswer || running == 0 { group.cancelAll() }
                }
            }
            return outcome(ended)
        }
    }

    /// The last is the one that counts.
    private func outcome(_ ended: [Exchange]) -> ([CallAttempt], ModelReply) {
        let chosen = ended.last { if case .answer = $0.reply { true } else { false } } ?? ended.last
        guard let chosen else {
            return ([], .failure(ModelFailure(AnswerFailure(.unavailable, "nothing was sent"))))
        }
        let attempts = ended.map { exchange -> CallAttempt in
            let own = attempt(exchange)
            guard exchange.status == nil, case .answer = chosen.reply else { return own }
            let spent = Usage(input: Int64(body.count / 4))
            return CallAttempt(
                number: own.number,
                started: own.started,
                duration: own.duration,
                status: nil,
                failure: AnswerFailure(.unavailable, "overtaken by a second call"),
                usage: spent,
                cost: endpoint.price.cost(of: spent)
            )
        }
        return (attempts, chosen.reply)
    }
}
