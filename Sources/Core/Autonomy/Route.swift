package import Expressions
package import Values

/// How one rule came out.
package struct RuleTrace: Sendable, Equatable {
    /// Which rule, by its place.
    package let rule: Int
    package let outcome: ConditionOutcome
}

/// What the rules say of a step, with every reason.
package struct Routing: Sendable {
    package enum Outcome: Sendable, Equatable {
        case decided(JSON)
        case review(queue: String?)
        case ask
        case failed
    }

    package let outcome: Outcome
    /// Why in one stable word: `rule`, `condition-failed`, `no-rule`, `ask`, `template-failed`.
    package let reason: String
    package let because: String
    /// The rule that fired or failed.
    package let rule: String?
    package let trace: [RuleTrace]
    /// `{"rules": [{"id", "outcome"}], "rule"}`: `fired`, `false` or the error's code.
    package let json: JSON
}

extension Policy {
    /// Walks the rules; the first whose condition holds decides or sends to review, one that has
    /// no value sends to review, and without any the level says.
    package func route(_ step: Step, now: Instant) -> Routing {
        var bindings = Bindings(environments.rules)
        bindings.bind(step, now: now, environments)
        var trace: [RuleTrace] = []
        trace.reserveCapacity(rules.count)
        for (index, rule) in rules.enumerated() {
            let outcome = rule.condition?.condition(bindings) ?? .holds
            trace.append(RuleTrace(rule: index, outcome: outcome))
            switch outcome {
            case .fails: continue
            case .holds: return fired(rule, bindings, trace)
            case .failed(let error):
                return routing(
                    autonomy == .locked ? .failed : .review(queue: nil),
                    "condition-failed",
                    "The condition of rule '\(rule.id)' has no value: \(error.message)",
                    rule,
                    trace
                )
            }
        }
        switch autonomy {
        case .locked:
            return routing(
                .failed,
                "no-rule",
                "No rule applies, and the policy is locked",
                nil,
                trace
            )
        case .manual:
            return routing(
                .review(queue: nil),
                "no-rule",
                "No rule applies, so a person decides",
                nil,
                trace
            )
        case .suggest, .supervised, .autonomous:
            return routing(.ask, "ask", "No rule applies, so the model is asked", nil, trace)
        }
    }

    private func fired(_ rule: Rule, _ bindings: Bindings, _ trace: [RuleTrace]) -> Routing {
        let because = rule.because ?? "Rule '\(rule.id)' applies"
        switch rule.action {
        case .review(let queue):
            return routing(.review(queue: queue), "rule", because, rule, trace)
        case .decide(let template):
            let problem: String
            do {
                let output = try template.render(bindings)
                let failures = template.constant == nil ? self.output.validate(output) : []
                if failures.isEmpty {
                    return routing(.decided(output), "rule", because, rule, trace)
                }
                problem = failures.map(\.description).joined(separator: "; ")
            } catch {
                problem = error.message
            }
            return routing(
                autonomy == .locked ? .failed : .review(queue: nil),
                "template-failed",
                "What rule '\(rule.id)' decides has no value: \(problem)",
                rule,
                trace
            )
        }
    }

    private func routing(
        _ outcome: Routing.Outcome,
        _ reason: String,
        _ because: String,
        _ rule: Rule?,
        _ trace: [RuleTrace]
    ) -> Routing {
        let entries = trace.map { entry -> JSON in
            let word =
                switch entry.outcome {
                case .holds: "fired"
                case .fails: "false"
                case .failed(let error): error.code.rawValue
                }
            return ["id": .string(rules[entry.rule].id), "outcome": .string(word)]
        }
        var json = JSONObject(uniqueMembers: [.init("rules", .array(entries))])
        if let rule { json = json.setting("rule", to: .string(rule.id)) }
        return Routing(
            outcome: outcome,
            reason: reason,
            because: because,
            rule: rule?.id,
            trace: trace,
            json: .object(json)
        )
    }
}

extension Bindings {
    /// Sets what every condition of a policy may use.
    mutating func bind(_ step: Step, now: Instant, _ environments: PolicyEnvironments) {
        set("input", json: step.input)
        set("lists", json: environments.lists)
        set("vars", json: environments.vars)
        set("now", to: .timestamp(Timestamp(now)))
        set(
            "step",
            json: [
                "id": .string(step.id.description), "policy": .string(step.policy),
                "key": step.key.map(JSON.string) ?? .null, "source": .string(step.source),
            ]
        )
        set(
            "caller",
            json: [
                "id": .string(step.caller.id), "roles": .array(step.caller.roles.map(JSON.string)),
            ]
        )
    }
}
