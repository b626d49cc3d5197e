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
        do {
            request = try self.request()
        } catch {
            let failure = ModelFailure(AnswerFailure(.rejected, error.message))
            let calls = clause.use.prefix(1).map { call($0, .failure(failure)) }
            return outcome(calls, judge(.failure(failure.reason)))
        }
        return clause.confidence.from == .agreement
            ? try await agree(request) : try await cascade(request)
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
        // A stage that could not be asked does not undo what an earlier one drafted; while it may
        // yet be asked, the step waits for it.
        if case .waits = last.outcome { return outcome(calls, last) }
        return outcome(calls, last.isAnswered ? last : answered ?? last)
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

    private func request() throws(PromptError) -> ModelRequest {
        guard let output = asking.release.outputs[asking.policy.name] else {
            preconditionFailure("a release that loads has an output for each of its policies")
        }
        var sampling = Sampling(config: clause.prompt.frontMatter.config)
        // What a budget reserves must bound the call.
        if asking.policy.budget != nil, sampling.maximumOutputTokens == nil {
            sampling.maximumOutputTokens = Models.Limits.outputTokens
        }
        return ModelRequest(
            messages: try clause.prompt.render(RenderData(input: asking.input)),
            output: output,
            confidence: clause.confidence,
            sampling: sampling
        )
    }

    /// One question to one model, within the budget.
    private func ask(
        _ name: String,
        _ request: ModelRequest
    ) async throws(EngineError) -> ModelCallRecord {
        let client = client(name)
        let most: Money
        do {
            most = try client.mostCost(of: request)
        } catch {
            let failure = ModelFailure(AnswerFailure(.rejected, error.message))
            return call(name, .failure(failure))
        }
        let reserved = try await ledger.reserve(
            most,
            for: asking.policy,
            at: surroundings.clock.now
        )
        let reservation: Ledger.Reservation?
        switch reserved {
        case .failure(let reason): return call(name, .failure(ModelFailure(reason)))
        case .success(let held): reservation = held
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

    /// What its calls add up to, for the tallies.
    func tallies(_ outcome: Outcome) -> [CallTally] {
        outcome.calls.map { $0.tally(of: asking.policy.name, at: surroundings.clock.now) }
    }

    /// What a result is told by that came after another had settled the step: its calls were spent.
    func late(_ outcome: Outcome, _ current: DecisionRecord, _ settlement: Settlement) -> Change {
        var record = current
        record.updatedAt = settlement.now
        record.cost += outcome.cost.picodollars
        var facts = Facts(record, release: settlement.release)
        facts.add("late", true)
        facts.add("asked_in_epoch", .int(asking.record.epoch))
        facts.add("calls", .array(outcome.calls.map(\.facts)))
        let entry = Entry(
            .modelCalled,
            decision: record.id,
            at: settlement.now,
            facts: facts.object,
            payload: [answers(outcome)]
        )
        return Change(
            entries: [entry],
            decision: .update(record),
            tallies: tallies(outcome),
            models: outcome.models
        )
    }

    private func answers(_ outcome: Outcome) -> PayloadPart {
        PayloadPart(
            "/answers",
            salt: surroundings.chance.salt(),
            value: .array(outcome.calls.map(\.rawAnswer))
        )
    }

    /// What to write of it.
    func plan(_ outcome: Outcome, _ settlement: Settlement) -> Plan {
        let judgement = outcome.judgement
        var record = asking.record
        record.reason = judgement.reason
        record.because = judgement.because
        record.confidence = judgement.confidence
        record.threshold = judgement.threshold
        record.cost += outcome.cost.picodollars
        let answers = answers(outcome)
        let more: [JSONObject.Member] = [
            .init("judgement", judgement.json),
            .init("calls", .array(outcome.calls.map(\.facts))),
            .init("prompt_digest", .string(asking.policy.model?.prompt.digest.hex ?? "")),
        ]
        let settled: Settlement.Outcome
        switch judgement.outcome {
        case .accepted(let output): settled = .decided(output, .model)
        case .fallback(let output): settled = .decided(output, .fallback)
        case .review(let queue, let draft): settled = .review(queue: queue, draft: draft)
        case .failed: settled = .failed
        case .waits(let deadline):
            return wait(record, deadline, more, answers, settlement, outcome)
        }
        let parts = settlement.settle(record, as: settled, more: more, payload: [answers])
        var change = parts.change { .update($0) }
        change.tallies = tallies(outcome)
        change.models = outcome.models
        return .settle(change, parts.view)
    }

    private func wait(
        _ waiting: DecisionRecord,
        _ deadline: Instant,
        _ more: [JSONObject.Member],
        _ answers: PayloadPart,
        _ settlement: Settlement,
        _ outcome: Outcome
    ) -> Plan {
        var record = waiting
        let now = settlement.now
        record.updatedAt = now
        record.epoch += 1
        let until = min(
            deadline,
            outcome.retryAt ?? now + pause(since: record.askedAt ?? now, now)
        )
        record.retryAt = until
        record.leaseUntil = until + asking.policy.longestCall
        var facts = Facts(record, release: settlement.release)
        facts.add(more)
        facts.add("retry_at", .string(until.rfc3339))
        let entry = Entry(
            .modelCalled,
            decision: record.id,
            at: now,
            facts: facts.object,
            payload: [answers]
        )
        var next = asking
        next.record = record
        next.tried = outcome.tried
        let change = Change(
            entries: [entry],
            decision: .update(record),
            tallies: tallies(outcome),
            models: outcome.models
        )
        return .wait(change, next, until: until)
    }

    /// Half the time already waited, within bounds and with chance in it, so that the steps of an
    /// outage neither hammer a model that is down nor come back all at once.
    private func pause(since asked: Instant, _ now: Instant) -> Duration {
        let waited = (now - asked) / 2
        let bounded = min(max(waited, Limits.shortestPause), Limits.longestPause)
        return bounded * (1 - 0.25 * surroundings.chance.fraction())
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

extension ModelCallRecord {
    var result: Result<Answer, AnswerFailure> {
        switch reply {
        case .answer(let answer): .success(answer.answer(of: endpoint))
        case .failure(let failure): .failure(failure.reason)
        }
    }

    var isAnswer: Bool { if case .answer = reply { true } else { false } }

    func tally(of policy: String, at now: Instant) -> CallTally {
        var tally = CallTally(CallTally.Key(at: now, policy: policy, model: endpoint))
        tally.calls = 1
        tally.attempts = Int64(attempts.count)
        tally.cached = cachedAt == nil ? 0 : 1
        tally.answered = isAnswer ? 1 : 0
        tally.inputTokens = usage.input
        tally.outputTokens = usage.output
        tally.cost = cost.picodollars
        for attempt in attempts {
            tally.latency.add(attempt.duration)
            if let failure = attempt.failure {
                tally.failures[failure.kind.rawValue, default: 0] += 1
            }
        }
        if attempts.isEmpty, case .failure(let failure) = reply {
            tally.failures[failure.reason.kind.rawValue, default: 0] += 1
        }
        return tally
    }
}

extension Consultation.Outcome {
    /// Whether no call was made, and the reason to wait is known already or the models' own: a step
    /// that waits long leaves no trail of its waits.
    func isNothingNew(since asking: Asking) -> Bool {
        calls.allSatisfy(\.attempts.isEmpty)
            && (judgement.reason == "model-unavailable" || judgement.reason == asking.record.reason)
    }

    var cost: Money { calls.reduce(Money.zero) { $0 + $1.cost } }
}

extension Judgement {
    /// Whether it is of an answer, and not of a failure.
    fileprivate var isAnswered: Bool { json["signal"] != nil }
}
