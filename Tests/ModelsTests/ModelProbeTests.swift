import Autonomy
import Models
import Testing
import Values

/// What one call to a model is taken to show.
struct ModelProbeTests {
    private func record(_ status: Int?, _ reply: ModelReply) -> ModelCallRecord {
        ModelCallRecord(
            endpoint: "fast",
            model: "m",
            attempts: [
                CallAttempt(
                    number: 1,
                    started: Instant(microseconds: 0),
                    duration: .milliseconds(12),
                    status: status,
                    failure: reply.failure,
                    usage: reply.usage,
                    cost: .zero
                )
            ],
            reply: reply
        )
    }

    private func answer(
        _ output: JSON,
        _ confidence: Confidence,
        _ signal: ConfidenceSignal = .logprob
    ) -> ModelReply {
        .answer(
            ModelAnswer(
                output: output,
                confidence: confidence,
                signal: signal,
                samples: [.success(output)],
                version: "m-1",
                usage: Usage(input: 9, output: 2),
                finish: "stop",
                body: []
            )
        )
    }

    private func standings(
        _ shape: Shape,
        _ status: Int?,
        _ reply: ModelReply,
        hasKey: Bool = true
    ) -> [String: String] {
        let findings = ModelProbe(shape, hasKey: hasKey).findings(record(status, reply))
        return Dictionary(
            uniqueKeysWithValues: findings.map { ($0.subject, $0.standing.rawValue) }
        )
    }

    @Test(arguments: Shape.allCases) func `every shape can be asked`(_ shape: Shape) throws {
        let probe = ModelProbe(shape, hasKey: false)
        _ = try shape.coding().encode(probe.request, model: "m")
    }

    @Test func `a model that does all it should is good throughout`() {
        let found = standings(.chat, 200, answer(["answer": "yes"], Confidence(0.7)))
        #expect(Set(found.values) == ["good"])
        #expect(
            found.keys.sorted() == [
                "key", "log-probabilities", "model", "reachable", "structured output", "tokens",
            ]
        )
    }

    @Test func `a server that does not hold to the schema is found out`() {
        let free = standings(.chat, 200, answer(["answer": "banana"], Confidence(0.7)))
        #expect(free["structured output"] == "bad")
        let prose = standings(
            .chat,
            200,
            .failure(ModelFailure(AnswerFailure(.unparsable, "the answer is not JSON: banana")))
        )
        #expect(prose["structured output"] == "bad")
    }

    @Test func `missing signals are bad where the shape has one, and unknown where it has none`() {
        let none = Confidence(nil, note: "the answer has no log-probabilities")
        #expect(standings(.chat, 200, answer(["answer": "no"], none))["log-probabilities"] == "bad")
        #expect(
            standings(.decisions, 200, answer(["answer": "no"], none))["probabilities"] == "bad"
        )
        let messages = standings(.messages, 200, answer(["answer": "no"], Confidence(nil)))
        #expect(messages["confidence"] == "unknown")
    }

    @Test func `a refused key and a server that is not there are told apart`() {
        let refused = ModelReply.failure(ModelFailure(AnswerFailure(.rejected, "HTTP 401: no")))
        #expect(standings(.chat, 401, refused)["key"] == "bad")
        #expect(standings(.chat, 401, refused)["reachable"] == "good")
        let gone = ModelReply.failure(ModelFailure(AnswerFailure(.unavailable, "nothing listens")))
        #expect(standings(.chat, nil, gone) == ["reachable": "bad", "key": "unknown"])
    }
}
