internal import Autonomy
internal import Decisions
internal import Models
internal import Prompts
internal import Storage
internal import Values

/// Asks the models of one accepted step: one after the other until one is sure enough, or all at
/// once where their agreement is what counts.
struct Consultation {
    let asking: Asking
    let surroundings: Surroundings
    let ledger: Ledger

    struct Outcome {
        let calls: [ModelCallRecord]
        /// Of the last answer there was, or else of the last failure.
        let judgement: Judgement
        /// Models whose circuit breaker has moved.
        let models: [ModelState]
        var attached: [Attachment] = []

        /// What each model that was asked answered instead.
        var tried: String? {
            let failures = calls.compactMap { call -> String? in
                guard case .failure(let failure) = call.reply else { return nil }
                return "\(call.endpoint): \(failure.reason.detail)"
            }
            return failures.isEmpty ? nil : failures.joined(separator: "; ")
        }

        /// When asking again may help, where a failure told.
        var retryAt: Instant? {
            calls.compactMap { call -> Instant? in
                guard case .failure(let failure) = call.reply else { return nil }
                return failure.reason.retryAt
            }.min()
        }
    }

    enum Plan {
        case settle(Change, DecisionView)
        case wait(Change, Asking, until: Instant)
    }

    private var clause: ModelClause {
        guard let clause = asking.policy.model else {
            preconditionFailure("only a policy with a model accepts a step to ask about")
        }
        return clause
    }

    private func client(_ name: String) -> ModelClient {
        guard let client = asking.release.clients[name] else {
            preconditionFailure("a release that loads has a client for each model it names")
        }
        return client
    }

    /// When all the step's models are left alone, until the first may be asked again; nothing
    /// where one can be asked, or the step has waited as long as its policy lets it.
    var closedUntil: Instant? {
        let now = surroundings.clock.now
        let deadline = (asking.record.askedAt ?? now) + clause.onFailure.wait
        guard now < deadline else { return nil }
        let until = clause.use.map { client($0).gate.closedUntil }
        guard !until.contains(nil), let first = until.compactMap({ $0 }).min() else { return nil }
        // Those who wait should not all come back in the same moment.
        let spread = Limits.shortestPause * surroundings.chance.fraction()
        return min(deadline, max(first, now) + spread)
    }

    /// How the models failed that are left alone.
    var lastFailures: String? {
        let told = clause.use.compactMap { name in
            client(name).gate.lastFailure.map { "\(name): \($0)" }
        }
        return told.isEmpty ? nil : told.joined(separator: "; ")
    }

    /// Every call is kept, also those of models that were not sure.
    func consult() async throws(EngineError) -> Outcome {
        let request: ModelRequest
        let attached: [Attachment]
        do {
            (request, attached) = try await self.request()
        } catch {
            let failure = ModelFailure(AnswerFailure(.rejected, error.message))
            let calls = clause.use.prefix(1).map { call($0, .failure(failure)) }
            return outcome(calls, judge(.failure(failure.reason)))
        }
        var outcome =
            clause.confidence.from == .agreement
            ? try await agree(request) : try await cascade(request)
        outcome.attached = attached
        return outcome
    }

    private func cascade(_ request: ModelRequest) async throws(EngineError) -> Outcome {
        var calls: [ModelCallRecord] = []
        var answered: Judgement?
        var last = judge(.failure(AnswerFailure(.rejected, "the policy names no model")))
        for name in clause.use {
            let call = try await ask(name, request)
            calls.append(call)
            last = judge(call.result)
            if case .accepted = last.outcome { return outcome(calls, last) }
            if call.isAnswer, last.isAnswered { answered = last }
        }
        // A person who would get no draft gets that of an earlier stage; what else the policy says
        // of a model that failed (wait, fail, a fallback) stands.
        if !last.isAnswered, let answered, case .review = last.outcome {
            return outcome(calls, answered)
        }
        return outcome(calls, last)
    }

    private func agree(_ request: ModelRequest) async throws(EngineError) -> Outcome {
        let results = await withTaskGroup(of: (Int, Result<ModelCallRecord, EngineError>).self) {
            group in
            for (place, name) in clause.use.enumerated() {
                group.addTask {
                    do throws(EngineError) {
                        return (place, .success(try await ask(name, request)))
                    } catch {
                        return (place, .failure(error))
                    }
                }
            }
            var all: [(Int, Result<ModelCallRecord, EngineError>)] = []
            for await result in group { all.append(result) }
            return all.sorted { $0.0 < $1.0 }.map(\.1)
        }
        var calls: [ModelCallRecord] = []
        for result in results { calls.append(try result.get()) }
        let agreement = Agreement.of(calls, request.output, of: clause.confidence.of)
        let judgement = judge(
            agreement.map { agreed in
                Answer(
                    output: agreed.output,
                    confidence: agreed.confidence.value,
                    signal: .agreement,
                    model: agreed.model
                )
            }
        )
        return outcome(calls, judgement)
    }

    private func outcome(_ calls: [ModelCallRecord], _ judgement: Judgement) -> Outcome {
        Outcome(
            calls: calls,
            judgement: judgement,
            models: clause.use.compactMap { client($0).gate.news(of: $0) }
        )
    }

    /// Why a request could not be made of a step; one sentence.
    private struct Unaskable: Error {
        let message: String
    }

    private func request() async throws(Unaskable) -> (ModelRequest, [Attachment]) {
        guard let output = asking.release.outputs[asking.policy.name] else {
            preconditionFailure("a release that loads has an output for each of its policies")
        }
        var sampling = Sampling(config: clause.prompt.frontMatter.config)
        // What a budget reserves must bound the call.
        if asking.policy.budget != nil, sampling.maximumOutputTokens == nil {
            sampling.maximumOutputTokens = Models.Limits.outputTokens
        }
        let rendered: [Message]
        do {
            rendered = try clause.prompt.render(RenderData(input: asking.input))
        } catch {
            throw Unaskable(message: error.message)
        }
        let (messages, attached): ([Message], [Attachment])
        do {
            (messages, attached) = try await asking.release.attachments.resolved(rendered)
        } catch {
            throw Unaskable(message: error.message)
        }
        let request = ModelRequest(
            messages: messages,
            output: output,
            confidence: clause.confidence,
            sampling: sampling,
            isChecked: true
        )
        return (request, attached)
    }

    /// One question to one model, within the budget.
    private func ask(
        _ name: String,
        _ request: ModelRequest
    ) async throws(EngineError) -> ModelCallRecord {
        let client = client(name)
        var reservation: Ledger.Reservation?
        if asking.policy.budget != nil {
            switch try await reserve(client, request) {
            case .failure(let reason): return call(name, .failure(ModelFailure(reason)))
            case .success(let held): reservation = held
            }
        }
        let record = await client.ask(
            request,
            timeout: clause.timeout,
            retry: RetryRule(attempts: clause.attempts, backoff: clause.backoff)
        )
        if let reservation {
            ledger.settle(reservation, spent: record.cost, at: surroundings.clock.now)
        }
        return record
    }

    private func reserve(
        _ client: ModelClient,
        _ request: ModelRequest
    ) async throws(EngineError) -> Result<Ledger.Reservation?, AnswerFailure> {
        let most: Money
        do {
            most = try client.mostCost(of: request)
        } catch {
            return .failure(AnswerFailure(.rejected, error.message))
        }
        return try await ledger.reserve(most, for: asking.policy, at: surroundings.clock.now)
    }

    /// A call that was not made.
    private func call(_ name: String, _ reply: ModelReply) -> ModelCallRecord {
        ModelCallRecord(
            endpoint: name,
            model: client(name).endpoint.model,
            attempts: [],
            reply: reply
        )
    }

    private func judge(_ result: Result<Answer, AnswerFailure>) -> Judgement {
        asking.policy.judge(
            result,
            of: asking.step,
            askedAt: asking.record.askedAt ?? asking.record.createdAt,
            now: surroundings.clock.now
        )
    }
}

extension Asking {
    var step: Step {
        Step(
            id: record.id,
            policy: record.policy,
            key: record.key,
            source: record.source,
            caller: Caller(id: record.caller, roles: []),
            input: input
        )
    }
}
