import Autonomy
import TestSupport
import Testing
import Values

struct JudgeTests {
    private func policy(_ changed: (String) -> String = { $0 }) throws -> Policy {
        let check = Fixture.check(policy: changed(Fixture.policy(.supervised)))
        return try #require(
            check.workspace?.policies["refund"],
            "\(check.diagnostics.map(\.rendered))"
        )
    }

    private let step = Fixture.step(["message": "hello", "amount": 100, "items": 1])

    private func answer(_ confidence: Double?) -> Result<Answer, AnswerFailure> {
        .success(
            Answer(
                output: ["action": "reject"],
                confidence: confidence,
                signal: .probability,
                model: "fast"
            )
        )
    }

    @Test(arguments: [nil, Double.nan, -0.1, 1.1, .infinity])
    func
        `a confidence that is missing, NaN or out of range is not confident`(
            confidence: Double?
        ) throws
    {
        let judged = try policy().judge(
            answer(confidence),
            of: step,
            askedAt: Fixture.now,
            now: Fixture.now
        )
        #expect(judged.outcome == .review(queue: nil, draft: ["action": "reject"]))
        #expect(judged.reason == "not-confident")
        #expect(judged.confidence == nil)
    }

    @Test(arguments: [("fast", 0.92, false), ("fast", 0.97, true), ("strong", 0.86, true)])
    func `each stage of a cascade has its own threshold where a clause gives one`(
        _ model: String,
        _ confidence: Double,
        _ accepted: Bool
    ) throws {
        let policy = try policy {
            $0.replacing("use: fast", with: "use: [fast, strong]").replacing(
                "{threshold: 0.9}",
                with: "{threshold: 0.9, stages: {fast: 0.95, strong: 0.85}}"
            )
        }
        let judged = policy.judge(
            .success(
                Answer(
                    output: ["action": "reject"],
                    confidence: confidence,
                    signal: .probability,
                    model: model
                )
            ),
            of: step,
            askedAt: Fixture.now,
            now: Fixture.now
        )
        #expect((judged.outcome == .accepted(["action": "reject"])) == accepted)
        #expect(judged.threshold == (model == "fast" ? 0.95 : 0.85))
        #expect(judged.json["model"] == .string(model))
    }

    @Test func `an answer off the schema is a failed model, however sure it is`() throws {
        let judged = try policy().judge(
            .success(
                Answer(
                    output: ["action": "refnd"],
                    confidence: 1,
                    signal: .probability,
                    model: "fast"
                )
            ),
            of: step,
            askedAt: Fixture.now,
            now: Fixture.now
        )
        #expect(judged.outcome == .review(queue: nil, draft: nil))
        #expect(judged.reason == "model-failed")
    }

    @Test func `the threshold itself is enough`() throws {
        let judged = try policy().judge(
            answer(0.9),
            of: step,
            askedAt: Fixture.now,
            now: Fixture.now
        )
        #expect(judged.outcome == .accepted(["action": "reject"]))
        #expect(judged.threshold == 0.9)
    }

    @Test func `an outage waits from the first asking, then goes where the policy says`() throws {
        let policy = try policy {
            $0.replacingFirst("on_failure: review", with: "on_failure: {wait: 15m, then: fail}")
        }
        let failure = AnswerFailure(.unavailable, "refused")
        let deadline = Fixture.now + .seconds(900)
        let early = policy.judge(
            .failure(failure),
            of: step,
            askedAt: Fixture.now,
            now: Fixture.now + .seconds(899)
        )
        #expect(early.outcome == .waits(until: deadline))
        let late = policy.judge(
            .failure(failure),
            of: step,
            askedAt: Fixture.now,
            now: deadline
        )
        #expect(late.outcome == .failed)
        let refused = policy.judge(
            .failure(AnswerFailure(.refusal, "no")),
            of: step,
            askedAt: Fixture.now,
            now: Fixture.now
        )
        #expect(refused.outcome == .failed, "waiting mends no refusal")
    }

    @Test func `never and an uncertified threshold accept nothing`() throws {
        for threshold in ["never", "{error: 2%, certainty: 95%, until: never}"] {
            let policy = try policy {
                $0.replacingFirst("{threshold: 0.9}", with: "{threshold: \(threshold)}")
            }
            let judged = policy.judge(
                answer(1),
                of: step,
                askedAt: Fixture.now,
                now: Fixture.now
            )
            #expect(judged.reason == "never")
        }
    }

    @Test func `until applies while nothing is certified`() throws {
        let policy = try policy {
            $0.replacingFirst(
                "{threshold: 0.9}",
                with: "{threshold: {error: 2%, certainty: 95%, until: 0.95}}"
            )
        }
        let now = Fixture.now
        #expect(policy.judge(answer(0.96), of: step, askedAt: now, now: now).reason == "confident")
        #expect(
            policy.judge(answer(0.94), of: step, askedAt: now, now: now).reason == "not-confident"
        )
    }

    @Test func `the audit draw is steady for an id and as frequent as its rate`() throws {
        let policy = try policy { $0 + "\naudit: {rate: 5%, rules: 1%}" }
        let secret = [UInt8](repeating: 7, count: 32)
        var generator = SeededGenerator(seed: 1)
        var drawn = 0
        for _ in 0..<10_000 {
            let id = Identifier(
                at: Fixture.now,
                random: (generator.next(), generator.next())
            )
            let draw = policy.drawAudit(of: id, byModel: true, secret: secret)
            #expect(draw == policy.drawAudit(of: id, byModel: true, secret: secret))
            #expect(draw.p == 0.05)
            if draw.drawn { drawn += 1 }
        }
        // Six standard deviations of a binomial of 10,000 and 0.05 are 131.
        #expect((369...631).contains(drawn))
    }

    @Test(arguments: SeededGenerator.seeds)
    func
        `nothing is accepted that does not fit or is not sure enough, whatever comes`(
            seed: UInt64
        ) throws
    {
        let policy = try policy()
        var generator = SeededGenerator(seed: seed)
        let outputs: [JSON] = [
            ["action": "refund"], ["action": "reject"], ["action": "x"], [:], nil, 3,
            ["action": "refund", "more": 1],
        ]
        for _ in 0..<200 {
            let amount = Double.random(in: -10...1_000, using: &generator)
            let input: JSON = ["message": "m", "amount": .double(amount), "items": 1]
            let confidence = Double.random(in: -0.5...1.5, using: &generator)
            let output = outputs[Int.random(in: 0..<outputs.count, using: &generator)]
            let judged = policy.judge(
                .success(
                    Answer(
                        output: output,
                        confidence: confidence,
                        signal: .probability,
                        model: "fast"
                    )
                ),
                of: Fixture.step(input),
                askedAt: Fixture.now,
                now: Fixture.now
            )
            guard case .accepted(let accepted) = judged.outcome else { continue }
            #expect(policy.output.validate(accepted).isEmpty)
            #expect((0.9...1).contains(confidence))
            #expect(accepted["action"] != "refund" || amount <= 500)
        }
    }
}
