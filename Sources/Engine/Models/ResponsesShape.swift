internal import Autonomy
internal import Prompts
internal import Values

/// OpenAI's Responses, as its own servers, vLLM, Ollama and llama.cpp speak it.
///
/// Nothing is stored at the server (`store: false`). It has no `n`, so a vote is a call a sample.
struct ResponsesShape: ModelShape {
    let path = "/responses"

    func problems(output: OutputForm, confidence: ConfidenceClause) -> [String] {
        output.strict.problems + output.problems(of: confidence, shape: .responses)
    }

    func encode(_ request: ModelRequest, model: String) throws(ModelError) -> [UInt8] {
        try request.check(self)
        let system = request.messages.filter { $0.role == .system }
        var input: [JSON] = []
        for message in request.messages where message.role != .system {
            input.append(try encode(message))
        }
        guard !input.isEmpty else {
            throw .request(["the prompt has only system messages, and nothing to decide about"])
        }
        var members: [JSONObject.Member] = [
            .init("model", .string(model)), .init("input", .array(input)),
        ]
        if !system.isEmpty {
            members.append(.init("instructions", .string(try instructions(system))))
        }
        members.append(.init("text", ["format": format(request.output)]))
        members += try sampling(request)
        if request.confidence.from == .logprob {
            members.append(.init("include", ["message.output_text.logprobs"]))
            members.append(.init("top_logprobs", .int(Int64(Limits.alternatives))))
        }
        members.append(.init("store", false))
        return Array(JSON.object(JSONObject(uniqueMembers: members)).compactText.utf8)
    }

    private func format(_ output: OutputForm) -> JSON {
        [
            "type": "json_schema", "name": .string(output.name), "strict": true,
            "schema": output.strict.schema,
        ]
    }

    private func instructions(_ messages: [Message]) throws(ModelError) -> String {
        var texts: [String] = []
        for message in messages {
            guard let text = message.onlyText else {
                throw .request(["responses takes text only in system messages"])
            }
            texts.append(text)
        }
        return texts.joined(separator: "\n\n")
    }

    private func sampling(_ request: ModelRequest) throws(ModelError) -> [JSONObject.Member] {
        let sampling = request.sampling
        guard sampling.stop.isEmpty else {
            throw .request(["responses takes no stopSequences: leave them out of the prompt"])
        }
        var members: [JSONObject.Member] = []
        if let temperature = try request.temperature() {
            members.append(.init("temperature", temperature))
        }
        if let topP = sampling.topP { members.append(.init("top_p", .double(topP))) }
        if let most = sampling.maximumOutputTokens {
            members.append(.init("max_output_tokens", .int(most)))
        }
        return members
    }

    private func encode(_ message: Message) throws(ModelError) -> JSON {
        let isModel = message.role == .model
        if message.role == .tool {
            throw .request(["the prompt has a tool's message, and no tool is offered"])
        }
        let role: JSON = isModel ? "assistant" : "user"
        if let text = message.onlyText { return ["role": role, "content": .string(text)] }
        guard !isModel else {
            throw .request(["responses takes text only in the model's own messages"])
        }
        let parts = message.content.compactMap { part -> JSON? in
            switch part {
            case .text(let text): ["type": "input_text", "text": .string(text)]
            case .media(let url, _):
                // The API's own default, which vLLM and OpenAI's types want to be said.
                ["type": "input_image", "image_url": .string(url), "detail": "auto"]
            case .section: nil
            }
        }
        return ["role": role, "content": .array(parts)]
    }
}

extension ResponsesShape {
    func decode(_ reply: HTTPReply, to request: ModelRequest) -> ModelReply {
        let body: JSON
        do throws(ModelFailure) {
            body = try reply.document()
        } catch {
            return .failure(error)
        }
        if let error = body["error"], !error.isNull { return .failure(failed(body, error, reply)) }
        guard let output = body["output"]?.array else {
            let reason = AnswerFailure(.unparsable, "the server's reply holds no output")
            return .failure(ModelFailure(reason, usage: body.chatUsage, body: reply.body))
        }
        return TextReply(
            samples: [sample(body, output)],
            usage: body.chatUsage,
            version: body["model"]?.string ?? "",
            finish: body["incomplete_details"]?["reason"]?.string ?? body["status"]?.string,
            raw: reply.body,
            request: request
        ).reply
    }

    /// An error inside a reply has no status of its own, only a code.
    private func failed(_ body: JSON, _ error: JSON, _ reply: HTTPReply) -> ModelFailure {
        let passing = ["rate_limit_exceeded", "server_error"]
        guard passing.contains(error["code"]?.string ?? "") else {
            return ServiceError(body: body).failure(within: reply)
        }
        let said = excerpt(error["message"]?.string ?? error.compactText)
        return ModelFailure(
            AnswerFailure(.unavailable, "the server failed: \(said)"),
            advice: .backOff,
            usage: body.chatUsage,
            version: body["model"]?.string,
            body: reply.body
        )
    }

    private func sample(_ body: JSON, _ output: [JSON]) -> TextSample {
        let parts = output.filter { $0["type"]?.string == "message" }
            .flatMap { $0["content"]?.array ?? [] }
        for part in parts where part["type"]?.string == "refusal" {
            let said = excerpt(part["refusal"]?.string ?? "")
            return TextSample(
                text: .failure(AnswerFailure(.refusal, "the model declined: \(said)"))
            )
        }
        if let failure = unfinished(body) { return TextSample(text: .failure(failure)) }
        let texts = parts.filter { $0["type"]?.string == "output_text" }
        let text = texts.compactMap { $0["text"]?.string }.joined()
        guard !text.allSatisfy(\.isWhitespace) else {
            return TextSample(text: .failure(AnswerFailure(.empty, "the model answered nothing")))
        }
        return TextSample(
            text: .success(text),
            tokens: texts.flatMap { $0["logprobs"]?.array ?? [] }
        )
    }

    private func unfinished(_ body: JSON) -> AnswerFailure? {
        switch body["status"]?.string {
        case nil, "completed": return nil
        case "incomplete":
            let reason = body["incomplete_details"]?["reason"]?.string ?? "no reason given"
            return reason == "content_filter"
                ? AnswerFailure(.filtered, "a filter of the provider stopped the answer")
                : AnswerFailure(.truncated, "the answer was cut: \(excerpt(reason))")
        case let status?:
            return AnswerFailure(.unparsable, "the answer is not complete: \(excerpt(status))")
        }
    }
}
