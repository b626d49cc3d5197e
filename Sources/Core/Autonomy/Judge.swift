internal import Expressions
package import Values

/// What the policy makes of a model's answer, with every reason.
package struct Judgement: Sendable {
    package enum Outcome: Sendable, Equatable {
        case accepted(JSON)
        case review(queue: String?, draft: JSON?)
        /// The policy's `on_failure: decide`.
        case fallback(JSON)
        case failed
        /// No model could answer; ask again before that moment.
        case waits(until: Instant)
    }

    package let outcome: Outcome
    /// Why in one stable word: `confident`, `not-confident`, `never`, `no-clause`, `suggested`,
    /// `check-failed`, `model-unavailable`, `model-failed`, `over-budget`, `autonomous`.
    package let reason: String
    package let because: String
    /// As the signal gave it, when it is a number in [0, 1].
    package let confidence: Double?
    /// What the clause in force asks for.
    package let threshold: Double?
    /// `{"checks", "clause", "threshold", "signal", "confidence", "would_accept"}`.
    package let json: JSON
}

extension Policy {
    /// Judges one answer or failure; pure, and total.
    package func judge(
        _ result: Result<Answer, AnswerFailure>,
        of step: Step,
        askedAt: Instant,
        now: Instant
    ) -> Judgement {
        switch result {
        case .failure(let failure): return failed(failure, step, askedAt: askedAt, now: now)
        case .success(let answer):
            let failures = output.validate(answer.output)
            guard failures.isEmpty else {
                let detail = failures.map(\.description).joined(separator: "; ")
                return failed(
                    AnswerFailure(.offSchema, "the answer does not fit the policy: \(detail)"),
                    step,
                    askedAt: askedAt,
                    now: now
                )
            }
            return judged(answer, step, now)
        }
    }

    // MARK: Failures

    private func failed(
        _ failure: AnswerFailure,
        _ step: Step,
        askedAt: Instant,
        now: Instant
    ) -> Judgement {
        if failure.kind == .overBudget { return overBudget(failure, step, now: now) }
        let isUnavailable = failure.kind == .unavailable
        let reason = isUnavailable ? "model-unavailable" : "model-failed"
        let facts: [JSONObject.Member] = [.init("failure", .string(failure.kind.rawValue))]
        func judgement(_ outcome: Judgement.Outcome, _ because: String) -> Judgement {
            Judgement(
                outcome: outcome,
                reason: reason,
                because: because,
                confidence: nil,
                threshold: nil,
                json: .object(JSONObject(uniqueMembers: facts))
            )
        }
        let what = isUnavailable ? "No model could be reached" : "The model gave no usable answer"
        let because = "\(what): \(failure.kind.sentence)"
        let onFailure = model?.onFailure ?? OnFailure(wait: .zero, then: .review)
        let deadline = askedAt + onFailure.wait
        if isUnavailable, now < deadline {
            return judgement(.waits(until: deadline), because)
        }
        if autonomy == .suggest { return judgement(.review(queue: nil, draft: nil), because) }
        return insteadOfModel(onFailure.then, step, now, because, judgement)
    }

    /// The budget says what happens to a step that it has no room for.
    private func overBudget(_ failure: AnswerFailure, _ step: Step, now: Instant) -> Judgement {
        let because = "The budget is spent: \(failure.detail)"
        func judgement(_ outcome: Judgement.Outcome) -> Judgement {
            Judgement(
                outcome: outcome,
                reason: "over-budget",
                because: because,
                confidence: nil,
                threshold: nil,
                json: ["failure": .string(failure.kind.rawValue)]
            )
        }
        switch budget?.onExceeded {
        case .fail?: return judgement(.failed)
        case .wait?: return judgement(.waits(until: failure.retryAt ?? now))
        case .review?, nil: return judgement(.review(queue: nil, draft: nil))
        }
    }

    /// What the policy's `on_failure` puts in the place of a model's answer.
    private func insteadOfModel(
        _ then: OnFailure.Then,
        _ step: Step,
        _ now: Instant,
        _ because: String,
        _ judgement: (Judgement.Outcome, String) -> Judgement
    ) -> Judgement {
        switch then {
        case .review: return judgement(.review(queue: nil, draft: nil), because)
        case .fail: return judgement(.failed, because)
        case .decide(let template):
            var bindings = Bindings(environments.rules)
            bindings.bind(step, now: now, environments)
            do {
                let output = try template.render(bindings)
                if self.output.validate(output).isEmpty {
                    return judgement(.fallback(output), because + "; the policy's fallback applies")
                }
            } catch {
                return judgement(
                    .review(queue: nil, draft: nil),
                    because + "; its fallback has no value: \(error.message)"
                )
            }
            return judgement(
                .review(queue: nil, draft: nil),
                because + "; its fallback does not fit the policy"
            )
        }
    }

    // MARK: Answers

    private struct Clause {
        let index: Int?
        let threshold: AcceptClause.Threshold?
        let error: EvaluationError?
    }

    private func judged(_ answer: Answer, _ step: Step, _ now: Instant) -> Judgement {
        let confidence = answer.confidence.flatMap { (0...1).contains($0) ? $0 : nil }
        let checks = checkResults(answer, step, now)
        let clause = clause(answer, confidence, step, now)
        let inForce = clause.threshold?.inForce
        let accepts = confidence.map { value in inForce.map { value >= $0 } ?? false } ?? false
        func judgement(
            _ outcome: Judgement.Outcome,
            _ reason: String,
            _ because: String
        ) -> Judgement {
            Judgement(
                outcome: outcome,
                reason: reason,
                because: because,
                confidence: confidence,
                threshold: inForce,
                json: explanation(answer, confidence, checks, clause, accepts: accepts)
            )
        }
        let draft = Judgement.Outcome.review(queue: nil, draft: answer.output)
        if let bad = checks.first(where: { $0.outcome != .holds }) {
            let check = self.checks[bad.rule]
            if case .failed(let error) = bad.outcome {
                return judgement(
                    draft,
                    "check-failed",
                    "Check '\(check.id)' has no value: \(error.message)"
                )
            }
            return judgement(
                draft,
                "check-failed",
                check.because ?? "Check '\(check.id)' does not hold"
            )
        }
        switch autonomy {
        case .autonomous:
            return judgement(
                .accepted(answer.output),
                "autonomous",
                "The model decides every step here"
            )
        case .suggest:
            return judgement(draft, "suggested", "The model only drafts here; a person decides")
        case .supervised, .locked, .manual: break
        }
        if let error = clause.error {
            return judgement(
                draft,
                "condition-failed",
                "A condition of accept has no value: \(error.message)"
            )
        }
        guard let threshold = clause.threshold else {
            return judgement(draft, "no-clause", "No clause of accept applies")
        }
        guard let inForce else {
            return judgement(
                draft,
                "never",
                threshold == .never
                    ? "Such an answer is never accepted unseen"
                    : "No threshold is certified yet, so a person decides"
            )
        }
        guard let confidence else {
            return judgement(draft, "not-confident", "The answer came without a confidence")
        }
        let shown = "\(rounded(confidence)) against \(rounded(inForce))"
        return accepts
            ? judgement(.accepted(answer.output), "confident", "The model is sure enough: \(shown)")
            : judgement(draft, "not-confident", "The model is not sure enough: \(shown)")
    }

    private func checkResults(_ answer: Answer, _ step: Step, _ now: Instant) -> [RuleTrace] {
        if checks.isEmpty { return [] }
        var bindings = Bindings(environments.checks)
        bindings.bind(step, now: now, environments)
        bindings.set("output", json: answer.output)
        return checks.enumerated().map {
            RuleTrace(rule: $0, outcome: $1.condition.condition(bindings))
        }
    }

    /// The first clause that applies; one whose condition has no value stops the search.
    private func clause(
        _ answer: Answer,
        _ confidence: Double?,
        _ step: Step,
        _ now: Instant
    ) -> Clause {
        var bindings = Bindings(environments.accept)
        bindings.bind(step, now: now, environments)
        bindings.set("output", json: answer.output)
        if let confidence { bindings.set("confidence", to: .double(confidence)) }
        for (index, clause) in accept.enumerated() {
            switch clause.condition?.condition(bindings) ?? .holds {
            case .holds:
                return Clause(
                    index: index,
                    threshold: clause.threshold(of: answer.model),
                    error: nil
                )
            case .fails: continue
            case .failed(let error): return Clause(index: index, threshold: nil, error: error)
            }
        }
        return Clause(index: nil, threshold: nil, error: nil)
    }

    private func explanation(
        _ answer: Answer,
        _ confidence: Double?,
        _ checks: [RuleTrace],
        _ clause: Clause,
        accepts: Bool
    ) -> JSON {
        var members: [JSONObject.Member] = [
            .init("model", .string(answer.model)),
            .init("signal", .string(answer.signal.rawValue)),
            .init("would_accept", .bool(accepts)),
        ]
        if let confidence { members.append(.init("confidence", .double(confidence))) }
        if let index = clause.index { members.append(.init("clause", .int(Int64(index)))) }
        if let threshold = clause.threshold {
            members.append(.init("threshold", threshold.inForce.map(JSON.double) ?? "never"))
        }
        let results = checks.map { trace -> JSON in
            let word =
                switch trace.outcome {
                case .holds: "holds"
                case .fails: "fails"
                case .failed(let error): error.code.rawValue
                }
            return ["id": .string(self.checks[trace.rule].id), "outcome": .string(word)]
        }
        members.append(.init("checks", .array(results)))
        return .object(JSONObject(uniqueMembers: members))
    }

    private func rounded(_ value: Double) -> String {
        JSON.ecmaScript((value * 10_000).rounded(.down) / 10_000)
    }
}

extension AnswerFailure.Kind {
    /// The kind in words; the detail may quote the model, so it stays in the payload.
    fileprivate var sentence: String {
        switch self {
        case .refusal: "it declined"
        case .truncated: "its answer was cut short"
        case .filtered: "a filter stopped its answer"
        case .empty: "its answer was empty"
        case .unparsable: "its answer could not be read"
        case .offSchema: "its answer does not fit the output's schema"
        case .rejected: "the request was rejected"
        case .unavailable: "none answered in time"
        case .overBudget: "the budget is spent"
        }
    }
}
