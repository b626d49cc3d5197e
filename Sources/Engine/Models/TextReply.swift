internal import Autonomy
internal import Values

/// One sample of an answer in text: what it says or why it says nothing, and its tokens.
struct TextSample {
    let text: Result<String, AnswerFailure>
    /// As OpenAI's shapes list them: token, bytes, logprob, top_logprobs; empty where there are none.
    let tokens: [JSON]

    init(text: Result<String, AnswerFailure>, tokens: [JSON] = []) {
        self.text = text
        self.tokens = tokens
    }

    var utf8: [UInt8] {
        guard case .success(let text) = text else { return [] }
        return Array(text.utf8)
    }
}

/// A reply whose samples are texts that must be the output's JSON, against the request it answers.
struct TextReply {
    /// At least one.
    let samples: [TextSample]
    let usage: Usage
    let version: String
    let finish: String?
    let raw: [UInt8]
    let request: ModelRequest

    var reply: ModelReply {
        let outputs = samples.map { sample in
            sample.text.flatMap { output(of: $0) }
        }
        if request.confidence.from == .vote { return voted(outputs) }
        switch outputs[0] {
        case .failure(let reason): return failure(reason)
        case .success(let output):
            return answer(output, confidence(of: samples[0], output), [outputs[0]])
        }
    }

    private func output(of text: String) -> Result<JSON, AnswerFailure> {
        let value: JSON
        do {
            value = try JSON.read(Array(text.utf8))
        } catch {
            return .failure(
                AnswerFailure(.unparsable, "the answer is not JSON: \(excerpt(text))")
            )
        }
        guard case .object = value else {
            let kind = value.kindWithArticle
            return .failure(AnswerFailure(.offSchema, "the answer is \(kind), not an object"))
        }
        return .success(request.output.strict.restored(value))
    }

    private func confidence(of sample: TextSample, _ output: JSON) -> Confidence {
        let clause = request.confidence
        switch clause.from {
        case .logprob:
            return LogprobConfidence(
                text: sample.utf8,
                tokens: sample.tokens,
                clause: clause,
                members: request.output.choices(of: clause.of)?.map(\.value)
            ).confidence()
        case .stated:
            guard let stated = output[clause.of]?.number else {
                return Confidence(nil, note: "the answer states no number in \(clause.of)")
            }
            return Confidence(stated)
        // The share of models is known only when all have answered.
        case .agreement: return Confidence(nil)
        case .vote, .probability:
            return Confidence(nil, note: "a text gives no \(clause.from.rawValue)")
        }
    }

    private func voted(_ outputs: [Result<JSON, AnswerFailure>]) -> ModelReply {
        switch Vote.over(outputs, of: request) {
        case .success(let vote): return answer(vote.winner, vote.confidence, outputs)
        case .failure(let reason): return failure(reason)
        }
    }

    private func answer(
        _ output: JSON,
        _ confidence: Confidence,
        _ outputs: [Result<JSON, AnswerFailure>]
    ) -> ModelReply {
        .answer(
            ModelAnswer(
                output: output,
                confidence: confidence,
                signal: request.confidence.from,
                samples: outputs,
                version: version,
                usage: usage,
                finish: finish,
                body: raw
            )
        )
    }

    private func failure(_ reason: AnswerFailure) -> ModelReply {
        .failure(ModelFailure(reason, usage: usage, version: version, body: raw))
    }
}
