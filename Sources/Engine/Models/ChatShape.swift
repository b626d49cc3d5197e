internal import Autonomy
internal import Prompts
internal import Values

/// OpenAI's Chat Completions, as its own servers, vLLM, Ollama and llama.cpp speak it.
struct ChatShape: ModelShape {
    let path = "/chat/completions"
    let takesSeveralSamples = true

    func problems(output: OutputForm, confidence: ConfidenceClause) -> [String] {
        output.strict.problems
            + output.problems(of: confidence, shape: .chat)
    }

    func encode(_ request: ModelRequest, model: String) throws(ModelError) -> [UInt8] {
        try request.check(self)
        guard !request.messages.isEmpty else { throw .request(["the prompt has no message"]) }
        var messages: [JSON] = []
        for message in request.messages { messages.append(try encode(message)) }
        var members: [JSONObject.Member] = [
            .init("model", .string(model)),
            .init("messages", .array(messages)),
            .init("response_format", responseFormat(request.output)),
        ]
        members += try sampling(request)
        if request.confidence.from == .logprob {
            members.append(.init("logprobs", true))
            members.append(.init("top_logprobs", .int(Int64(Limits.alternatives))))
        }
        return Array(JSON.object(JSONObject(uniqueMembers: members)).compactText.utf8)
    }

    private func responseFormat(_ output: OutputForm) -> JSON {
        [
            "type": "json_schema",
            "json_schema": [
                "name": .string(output.name), "strict": true, "schema": output.strict.schema,
            ],
        ]
    }

    private func sampling(_ request: ModelRequest) throws(ModelError) -> [JSONObject.Member] {
        let sampling = request.sampling
        var members: [JSONObject.Member] = []
        if let temperature = try request.temperature() {
            members.append(.init("temperature", temperature))
        }
        if let topP = sampling.topP { members.append(.init("top_p", .double(topP))) }
        if let most = sampling.maximumOutputTokens {
            members.append(.init("max_completion_tokens", .int(most)))
        }
        if !sampling.stop.isEmpty {
            members.append(.init("stop", .array(sampling.stop.map(JSON.string))))
        }
        if request.confidence.samples > 1 {
            members.append(.init("n", .int(Int64(request.confidence.samples))))
        }
        return members
    }

    private func encode(_ message: Message) throws(ModelError) -> JSON {
        let role: JSON
        switch message.role {
        case .system: role = "system"
        case .user: role = "user"
        case .model: role = "assistant"
        case .tool: throw .request(["the prompt has a tool's message, and no tool is offered"])
        }
        if let text = message.onlyText { return ["role": role, "content": .string(text)] }
        let parts = message.content.compactMap { part -> JSON? in
            switch part {
            case .text(let text): ["type": "text", "text": .string(text)]
            case .media(let url, _): ["type": "image_url", "image_url": ["url": .string(url)]]
            case .section: nil
            }
        }
        return ["role": role, "content": .array(parts)]
    }
}

extension Message {
    /// The text of all parts, when there is nothing else.
    var onlyText: String? {
        var text = ""
        for part in content {
            switch part {
            case .text(let piece): text += piece
            case .section: continue
            case .media: return nil
            }
        }
        return text
    }
}
