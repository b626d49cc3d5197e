internal import Autonomy
internal import Decisions
internal import Models
internal import Prompts
internal import Storage
internal import Values

/// Asks the models of one accepted step, one after the other until one is sure enough.
struct Consultation {
    let asking: Asking
    let surroundings: Surroundings

    struct Outcome {
        let calls: [ModelCallRecord]
        /// Of the last call.
        let judgement: Judgement

        /// What each model that was asked answered instead.
        var tried: String? {
            let failures = calls.compactMap { call -> String? in
                guard case .failure(let failure) = call.reply else { return nil }
                return "\(call.endpoint): \(failure.reason.detail)"
            }
            return failures.isEmpty ? nil : failures.joined(separator: "; ")
        }
    }

    enum Plan {
        case settle(Change, DecisionView)
        case wait(Change, Asking, until: Instant)
    }

    /// Every call is kept, also those of models that were not sure.
    func consult() async -> Outcome {
        guard let clause = asking.policy.model else {
            preconditionFailure("only a policy with a model accepts a step to ask about")
        }
        var calls: [ModelCallRecord] = []
        var judgement = judge(.failure(AnswerFailure(.rejected, "the policy names no model")))
        for name in clause.use {
            let call = await call(name, clause)
            calls.append(call)
            judgement = judge(call.result)
            if case .accepted = judgement.outcome { break }
        }
        return Outcome(calls: calls, judgement: judgement)
    }

    private func call(_ name: String, _ clause: ModelClause) async -> ModelCallRecord {
        guard let client = asking.release.clients[name],
            let output = asking.release.outputs[asking.policy.name]
        else { preconditionFailure("a release that loads has a client for each model it names") }
        do {
            let request = ModelRequest(
                messages: try clause.prompt.render(RenderData(input: asking.input)),
                output: output,
                confidence: clause.confidence,
                sampling: Sampling(config: clause.prompt.frontMatter.config)
            )
            return await client.ask(
                request,
                timeout: clause.timeout,
                retry: RetryRule(attempts: clause.attempts, backoff: clause.backoff)
            )
        } catch {
            let failure = ModelFailure(AnswerFailure(.rejected, error.message))
            return ModelCallRecord(
                endpoint: name,
                model: client.endpoint.model,
                attempts: [],
                reply: .failure(failure)
            )
        }
    }

    private func judge(_ result: Result<Answer, AnswerFailure>) -> Judgement {
        asking.policy.judge(
            result,
            of: asking.step,
            askedAt: asking.record.askedAt ?? asking.record.createdAt,
            now: surroundings.clock.now
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
        record.cost += outcome.calls.reduce(Money.zero) { $0 + $1.cost }.picodollars
        let answers = PayloadPart(
            "/answers",
            salt: surroundings.chance.salt(),
            value: .array(outcome.calls.map(\.rawAnswer))
        )
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
            return wait(
                record,
                deadline,
                more,
                answers,
                settlement,
                tried: outcome.tried
            )
        }
        let parts = settlement.settle(record, as: settled, more: more, payload: [answers])
        return .settle(parts.change { .update($0) }, parts.view)
    }

    private func wait(
        _ waiting: DecisionRecord,
        _ deadline: Instant,
        _ more: [JSONObject.Member],
        _ answers: PayloadPart,
        _ settlement: Settlement,
        tried: String?
    ) -> Plan {
        var record = waiting
        let now = settlement.now
        record.updatedAt = now
        record.epoch += 1
        let until = min(deadline, now + pause(since: record.askedAt ?? now, now))
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
        next.tried = tried
        return .wait(
            Change(entries: [entry], decision: .update(record)),
            next,
            until: until
        )
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
        case .answer(let answer): .success(answer.answer)
        case .failure(let failure): .failure(failure.reason)
        }
    }
}
