internal import Prompts
internal import Reviews
package import Values

/// An example of a step and what must become of it: a row of `Policies/NAME.cases.yaml`.
///
/// It runs without any model: where one would be asked, the case says what it answered.
package struct PolicyCase: Sendable {
    /// What a model is taken to have answered.
    enum ModelSays: Sendable {
        case answer(JSON, confidence: Double?)
        case failure(AnswerFailure.Kind)
    }

    struct Expected: Sendable {
        var state: String?
        var route: String?
        var rule: String?
        var reason: String?
        var queue: String?
        var output: JSON?
        var promptHas: [String] = []
        var promptLacks: [String] = []
    }

    package let name: String
    /// Where it stands, for what it finds.
    package let place: SourceRange
    let input: JSON
    let caller: String
    let model: ModelSays?
    let expected: Expected
}

/// What became of a case's step, in the words of an output line.
private struct CaseResult {
    var state: String
    var route: String?
    var rule: String?
    var reason: String
    var queue: String?
    var output: JSON?
}

extension Policy {
    /// What of the case did not come out as it says; empty when all did.
    package func failures(of each: PolicyCase, now: Instant) -> [Diagnostic] {
        let invalid = input.validate(each.input)
        guard invalid.isEmpty else {
            let told = invalid.map(\.description).joined(separator: "; ")
            return [Diagnostic("'\(each.name)': the input does not fit: \(told)", at: each.place)]
        }
        let step = Step(
            id: Identifier(at: now, random: (0, 0)),
            policy: name,
            key: nil,
            source: "case",
            caller: Caller(id: each.caller, roles: []),
            input: each.input
        )
        var found = differences(result(of: step, each, now: now), each.expected)
        if !each.expected.promptHas.isEmpty || !each.expected.promptLacks.isEmpty {
            found += promptDifferences(each)
        }
        return found.map { Diagnostic("'\(each.name)': \($0)", at: each.place) }
    }

    private func result(of step: Step, _ each: PolicyCase, now: Instant) -> CaseResult {
        let routing = route(step, now: now)
        var result = CaseResult(state: "asking", rule: routing.rule, reason: routing.reason)
        switch routing.outcome {
        case .decided(let output):
            (result.state, result.route, result.output) = ("decided", "rules", output)
        case .review(let queue): review(&result, queue, nil)
        case .failed: result.state = "failed"
        case .ask:
            guard let model = each.model else { return result }
            judged(&result, model, step, now)
        }
        return result
    }

    private func judged(
        _ result: inout CaseResult,
        _ model: PolicyCase.ModelSays,
        _ step: Step,
        _ now: Instant
    ) {
        let answered: Result<Answer, AnswerFailure>
        switch model {
        case .failure(let kind): answered = .failure(AnswerFailure(kind, "as the case says"))
        case .answer(let output, let confidence):
            answered = .success(
                Answer(
                    output: output,
                    confidence: confidence,
                    signal: self.model?.confidence.from ?? .stated,
                    model: self.model?.use.first ?? ""
                )
            )
        }
        let judgement = judge(answered, of: step, askedAt: now, now: now)
        result.reason = judgement.reason
        switch judgement.outcome {
        case .accepted(let output):
            (result.state, result.route, result.output) = ("decided", "model", output)
        case .fallback(let output):
            (result.state, result.route, result.output) = ("decided", "fallback", output)
        case .review(let queue, let draft): review(&result, queue, draft)
        case .failed: result.state = "failed"
        case .waits: break
        }
    }

    private func review(_ result: inout CaseResult, _ queue: String?, _ draft: JSON?) {
        (result.state, result.route, result.output) = ("review", "review", draft)
        result.queue = reviewTerms(queue: queue).queue
    }

    private func differences(_ result: CaseResult, _ expected: PolicyCase.Expected) -> [String] {
        var found: [String] = []
        func compare(_ what: String, _ wanted: String?, _ got: String?) {
            guard let wanted, wanted != got else { return }
            found.append("expected \(what) \(wanted), got \(got ?? "none")")
        }
        compare("state", expected.state, result.state)
        compare("route", expected.route, result.route)
        compare("rule", expected.rule, result.rule)
        compare("reason", expected.reason, result.reason)
        compare("queue", expected.queue, result.queue)
        if let wanted = expected.output, wanted != result.output {
            let got = result.output?.compactText ?? "none"
            found.append("expected output \(wanted.compactText), got \(got)")
        }
        return found
    }

    private func promptDifferences(_ each: PolicyCase) -> [String] {
        guard let prompt = model?.prompt else { return ["the policy has no prompt to look into"] }
        let text: String
        do {
            text = try prompt.render(RenderData(input: each.input)).map { message in
                message.content.map { part in
                    if case .text(let text) = part { text } else { "" }
                }.joined()
            }.joined(separator: "\n")
        } catch {
            return ["the prompt cannot be made: \(error.message)"]
        }
        let expected = each.expected
        return expected.promptHas.filter { !text.contains($0) }.map {
            "the prompt lacks '\($0)'"
        } + expected.promptLacks.filter { text.contains($0) }.map { "the prompt has '\($0)'" }
    }
}
