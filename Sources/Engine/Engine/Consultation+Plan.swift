internal import Autonomy
internal import Decisions
internal import Models
internal import Prompts
internal import Storage
internal import Values

/// What to write of a consultation.
extension Consultation {
    /// What its calls add up to, for the tallies.
    func tallies(_ outcome: Outcome) -> [CallTally] {
        outcome.calls.map { $0.tally(of: asking.policy, at: surroundings.clock.now) }
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
        var more: [JSONObject.Member] = [
            .init("judgement", judgement.json),
            .init("calls", .array(outcome.calls.map(\.facts))),
            .init("prompt_digest", .string(asking.policy.model?.prompt.digest.hex ?? "")),
        ]
        if !outcome.attached.isEmpty {
            more.append(.init("attachments", .array(outcome.attached.map(\.facts))))
        }
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

extension ModelCallRecord {
    var result: Result<Answer, AnswerFailure> {
        switch reply {
        case .answer(let answer): .success(answer.answer(of: endpoint))
        case .failure(let failure): .failure(failure.reason)
        }
    }

    var isAnswer: Bool { if case .answer = reply { true } else { false } }

    func tally(of policy: Policy, at now: Instant) -> CallTally {
        var tally = CallTally(CallTally.Key(at: now, policy: policy.name, model: endpoint))
        tally.calls = 1
        tally.attempts = Int64(attempts.count)
        tally.cached = cachedAt == nil ? 0 : 1
        if case .answer(let answer) = reply {
            // Only the policy knows whether an answer fits.
            let fits = policy.output.validate(answer.output).isEmpty
            tally.answered = fits ? 1 : 0
            if !fits { tally.failures[AnswerFailure.Kind.offSchema.rawValue, default: 0] += 1 }
        }
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
    var isAnswered: Bool { json["signal"] != nil }
}

extension Attachment {
    fileprivate var facts: JSON {
        [
            "type": .string(type), "bytes": .int(Int64(bytes)), "digest": .string(digest.hex),
        ]
    }
}
