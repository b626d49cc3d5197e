internal import Autonomy
internal import Values

extension ChatShape {
    func decode(_ reply: HTTPReply, to request: ModelRequest) -> ModelReply {
        guard (200...299).contains(reply.status) else {
            return .failure(ServiceError.failure(of: reply))
        }
        let body: JSON
        do {
            body = try JSON.read(reply.body)
        } catch {
            return .failure(ModelFailure(.notTheProtocol(reply), body: reply.body))
        }
        guard let choices = body["choices"]?.array, !choices.isEmpty else {
            if let error = body["error"], !error.isNull {
                return .failure(ServiceError(body: body).failure(within: reply))
            }
            let reason = AnswerFailure(.unparsable, "the server's reply holds no choices")
            return .failure(ModelFailure(reason, usage: body.chatUsage, body: reply.body))
        }
        return ChatReply(body: body, choices: choices, raw: reply.body, request: request).reply
    }
}

/// A reply that holds choices, against the request it answers.
private struct ChatReply {
    let body: JSON
    let choices: [JSON]
    let raw: [UInt8]
    let request: ModelRequest

    var reply: ModelReply {
        let read = choices.map(ChatChoice.init)
        let samples = read.map { choice in
            choice.text.flatMap { output(of: $0) }
        }
        if request.confidence.from == .vote { return voted(samples) }
        switch samples[0] {
        case .failure(let reason): return failure(reason)
        case .success(let output):
            return answer(output, confidence(of: read[0], output), [samples[0]])
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

    private func confidence(of choice: ChatChoice, _ output: JSON) -> Confidence {
        let clause = request.confidence
        switch clause.from {
        case .logprob:
            return LogprobConfidence(
                text: choice.utf8,
                tokens: choice.tokens,
                clause: clause,
                members: request.output.choices(of: clause.of)?.map(\.value)
            ).confidence()
        case .stated:
            guard let stated = output[clause.of]?.number else {
                return Confidence(nil, note: "the answer states no number in \(clause.of)")
            }
            return Confidence(stated)
        case .vote, .probability, .agreement:
            return Confidence(nil, note: "chat gives no \(clause.from.rawValue)")
        }
    }

    private func voted(_ samples: [Result<JSON, AnswerFailure>]) -> ModelReply {
        let clause = request.confidence
        let vote = Vote(samples, asked: clause.samples, of: clause.of, in: request.output)
        if let vote { return answer(vote.winner, vote.confidence, samples) }
        for case .failure(let reason) in samples { return failure(reason) }
        let said = "no sample holds a value for \(clause.of) that the output allows"
        return failure(AnswerFailure(.offSchema, said))
    }

    private func answer(
        _ output: JSON,
        _ confidence: Confidence,
        _ samples: [Result<JSON, AnswerFailure>]
    ) -> ModelReply {
        .answer(
            ModelAnswer(
                output: output,
                confidence: confidence,
                signal: request.confidence.from,
                samples: samples,
                version: version,
                usage: body.chatUsage,
                finish: choices[0]["finish_reason"]?.string,
                body: raw
            )
        )
    }

    private func failure(_ reason: AnswerFailure) -> ModelReply {
        .failure(
            ModelFailure(reason, usage: body.chatUsage, version: version, body: raw)
        )
    }

    private var version: String {
        let model = body["model"]?.string ?? ""
        guard let fingerprint = body["system_fingerprint"]?.string, !fingerprint.isEmpty else {
            return model
        }
        return "\(model)@\(fingerprint)"
    }
}

/// One choice: its text or why it has none, and its tokens.
private struct ChatChoice {
    let text: Result<String, AnswerFailure>
    let tokens: [JSON]

    init(_ choice: JSON) {
        tokens = choice["logprobs"]?["content"]?.array ?? []
        text = Self.text(of: choice)
    }

    var utf8: [UInt8] {
        guard case .success(let text) = text else { return [] }
        return Array(text.utf8)
    }

    private static func text(of choice: JSON) -> Result<String, AnswerFailure> {
        guard let message = choice["message"], case .object = message else {
            return .failure(AnswerFailure(.unparsable, "the server's reply holds no message"))
        }
        if let refusal = message["refusal"]?.string, !refusal.isEmpty {
            return .failure(AnswerFailure(.refusal, "the model declined: \(excerpt(refusal))"))
        }
        switch choice["finish_reason"]?.string {
        case "length":
            return .failure(AnswerFailure(.truncated, "the answer was cut by the token limit"))
        case "content_filter":
            return .failure(AnswerFailure(.filtered, "a filter of the provider stopped the answer"))
        default: break
        }
        guard let content = content(of: message) else {
            return .failure(AnswerFailure(.unparsable, "the server's reply holds no text"))
        }
        guard !content.allSatisfy(\.isWhitespace) else {
            return .failure(AnswerFailure(.empty, "the model answered nothing"))
        }
        return .success(content)
    }

    /// The text of the message, which some servers give in parts; nothing when it is no text.
    private static func content(of message: JSON) -> String? {
        switch message["content"] {
        case nil, .null?: ""
        case .string(let text)?: text
        case .array(let parts)?: parts.compactMap { $0["text"]?.string }.joined()
        default: nil
        }
    }
}

extension JSON {
    /// The tokens of a `usage` object under either of OpenAI's namings.
    var chatUsage: Usage {
        guard let usage = self["usage"] else { return Usage() }
        func count(_ names: String..., in object: JSON? = nil) -> Int64 {
            let object = object ?? usage
            return max(names.lazy.compactMap { object[$0]?.integer }.first ?? 0, 0)
        }
        let input = usage["prompt_tokens_details"] ?? usage["input_tokens_details"] ?? .null
        let output = usage["completion_tokens_details"] ?? usage["output_tokens_details"] ?? .null
        return Usage(
            input: count("prompt_tokens", "input_tokens"),
            cached: count("cached_tokens", in: input),
            output: count("completion_tokens", "output_tokens"),
            reasoning: count("reasoning_tokens", in: output)
        )
    }
}

extension AnswerFailure {
    /// A successful status over a body that is not the API's.
    static func notTheProtocol(_ reply: HTTPReply) -> AnswerFailure {
        let text = excerpt(String(decoding: reply.body, as: UTF8.self))
        guard !text.isEmpty else {
            return AnswerFailure(.unparsable, "HTTP \(reply.status) with an empty body")
        }
        return AnswerFailure(.unparsable, "HTTP \(reply.status), but not JSON: \(text)")
    }
}
