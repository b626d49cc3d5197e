internal import Autonomy
internal import Values

extension ChatShape {
    func decode(_ reply: HTTPReply, to request: ModelRequest) -> ModelReply {
        let body: JSON
        do throws(ModelFailure) {
            body = try reply.document()
        } catch {
            return .failure(error)
        }
        guard let choices = body["choices"]?.array, !choices.isEmpty else {
            if let error = body["error"], !error.isNull {
                return .failure(ServiceError(body: body).failure(within: reply))
            }
            let reason = AnswerFailure(.unparsable, "the server's reply holds no choices")
            return .failure(ModelFailure(reason, usage: body.chatUsage, body: reply.body))
        }
        return TextReply(
            samples: choices.map(TextSample.init(choice:)),
            usage: body.chatUsage,
            version: version(of: body),
            finish: choices[0]["finish_reason"]?.string,
            raw: reply.body,
            request: request
        ).reply
    }

    private func version(of body: JSON) -> String {
        let model = body["model"]?.string ?? ""
        guard let fingerprint = body["system_fingerprint"]?.string, !fingerprint.isEmpty else {
            return model
        }
        return "\(model)@\(fingerprint)"
    }
}

extension TextSample {
    fileprivate init(choice: JSON) {
        self.init(text: Self.text(of: choice), tokens: choice["logprobs"]?["content"]?.array ?? [])
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
