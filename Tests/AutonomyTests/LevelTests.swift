import Autonomy
import Testing
import Values

/// The table of the design's section 4: every cell is a test.
struct LevelTests {
    enum Situation: String, CaseIterable {
        case ruleDecides, ruleReviews, conditionFails, confident, notConfident, checkFails
        case modelFails
    }

    /// What becomes of a step: who decides it, or where it waits.
    enum Outcome: Equatable {
        case rules, model, review, draft, failed, notAllowed
    }

    static let table: [(AutonomyLevel, [Outcome])] = [
        (.locked, [.rules, .notAllowed, .failed, .failed, .failed, .failed, .failed]),
        (.manual, [.rules, .review, .review, .review, .review, .review, .review]),
        (.suggest, [.rules, .review, .review, .draft, .draft, .draft, .review]),
        (.supervised, [.rules, .review, .review, .model, .draft, .draft, .review]),
        (.autonomous, [.rules, .review, .review, .model, .model, .draft, .review]),
    ]

    struct Cell: CustomTestStringConvertible {
        let level: AutonomyLevel
        let situation: Situation
        let outcome: Outcome
        var testDescription: String { "\(level) when \(situation): \(outcome)" }
    }

    static let cells = table.flatMap { level, outcomes in
        zip(Situation.allCases, outcomes).map { Cell(level: level, situation: $0, outcome: $1) }
    }

    @Test(arguments: cells) func `each level does in each situation what the design says`(
        cell: Cell
    ) throws {
        if cell.outcome == .notAllowed {
            let text = Fixture.policy(.manual).replacingFirst("manual", with: "locked")
            let check = Fixture.check(policy: text)
            #expect(check.workspace == nil)
            #expect(
                check.diagnostics.contains {
                    $0.message == "a locked policy sends nothing to review"
                }
            )
            return
        }
        let check = Fixture.check(policy: Fixture.policy(cell.level))
        let policy = try #require(
            check.workspace?.policies["refund"],
            "\(check.diagnostics.map(\.rendered))"
        )
        #expect(outcome(cell.situation, policy) == cell.outcome)
    }

    private func outcome(_ situation: Situation, _ policy: Policy) -> Outcome {
        var input: JSON = ["message": "hello", "amount": 100, "items": 1]
        var answer: Result<Answer, AnswerFailure> = .success(
            Answer(
                output: ["action": "reject"],
                confidence: 0.95,
                signal: .probability,
                model: "fast"
            )
        )
        switch situation {
        case .ruleDecides: input = ["message": "hello", "amount": 5, "items": 1]
        case .ruleReviews: input = ["message": "odd", "amount": 100, "items": 1]
        case .conditionFails: input = ["message": "hello", "amount": 100, "items": 0]
        case .confident: break
        case .notConfident:
            answer = .success(
                Answer(
                    output: ["action": "reject"],
                    confidence: 0.5,
                    signal: .probability,
                    model: "fast"
                )
            )
        case .checkFails:
            input = ["message": "hello", "amount": 900, "items": 1]
            answer = .success(
                Answer(
                    output: ["action": "refund"],
                    confidence: 0.99,
                    signal: .probability,
                    model: "fast"
                )
            )
        case .modelFails: answer = .failure(AnswerFailure(.refusal, "no"))
        }
        let step = Fixture.step(input)
        #expect(policy.input.validate(input).isEmpty)
        switch policy.route(step, now: Fixture.now).outcome {
        case .decided: return .rules
        case .review: return .review
        case .failed: return .failed
        case .ask: break
        }
        let judged = policy.judge(answer, of: step, askedAt: Fixture.now, now: Fixture.now)
        switch judged.outcome {
        case .accepted: return .model
        case .review(_, let draft): return draft == nil ? .review : .draft
        case .failed, .waits, .fallback: return .failed
        }
    }
}

extension String {
    func replacingFirst(_ text: String, with other: String) -> String {
        guard let range = firstRange(of: text) else { return self }
        return replacingCharacters(range, other)
    }

    private func replacingCharacters(_ range: Range<Index>, _ other: String) -> String {
        String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
    }
}
