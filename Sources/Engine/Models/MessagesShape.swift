internal import Autonomy
internal import Prompts
internal import Values

/// Anthropic's Messages, as its own servers and llama.cpp speak it.
///
/// The output is held to its schema by `output_config`, or by a tool that must be called. It tells
/// no log-probabilities and takes no `n`, so a vote is a call a sample.
struct MessagesShape: ModelShape {
    let path = "/messages"
    let structured: ModelDefinition.Structured

    /// The API wants a bound always; answers to policies are short.
    private static let standardTokens: Int64 = 1_024

    func problems(output: OutputForm, confidence: ConfidenceClause) -> [String] {
        output.strict.problems + output.problems(of: confidence, shape: .messages)
    }

    func headers(key: Secret?) -> [HTTPHeader] {
        [HTTPHeader("anthropic-version", "2023-06-01")]
            + (key.map { [HTTPHeader("x-api-key", $0)] } ?? [])
    }

    func encode(_ request: ModelRequest, model: String) throws(ModelError) -> [UInt8] {
        try request.check(self)
        var system: [String] = []
        var messages: [JSON] = []
        for message in request.messages {
            if message.role != .system {
                messages.append(try encode(message))
            } else if let text = message.onlyText {
                system.append(text)
            } else {
                throw .request(["messages takes text only in system messages"])
            }
        }
        guard !messages.isEmpty else {
            throw .request(["the prompt has only system messages, and nothing to decide about"])
        }
        let sampling = request.sampling
        var members: [JSONObject.Member] = [
            .init("model", .string(model)),
            .init("max_tokens", .int(sampling.maximumOutputTokens ?? Self.standardTokens)),
        ]
        if !system.isEmpty {
            members.append(.init("system", .string(system.joined(separator: "\n\n"))))
        }
        members.append(.init("messages", .array(messages)))
        members += form(request.output)
        // Newer models refuse every temperature; where none is set, the API's own is 1.
        if sampling.temperature != .standard, let temperature = try request.temperature() {
            members.append(.init("temperature", temperature))
        }
        if let topP = sampling.topP { members.append(.init("top_p", .double(topP))) }
        if !sampling.stop.isEmpty {
            members.append(.init("stop_sequences", .array(sampling.stop.map(JSON.string))))
        }
        return Array(JSON.object(JSONObject(uniqueMembers: members)).compactText.utf8)
    }

    private func form(_ output: OutputForm) -> [JSONObject.Member] {
        switch structured {
        case .format:
            let schema = Self.withoutBounds(output.strict.schema)
            let format: JSON = ["type": "json_schema", "schema": schema]
            return [.init("output_config", ["format": format])]
        case .tool:
            let tool: JSON = [
                "name": .string(output.name), "description": "Give the decision.",
                "input_schema": output.strict.schema,
            ]
            return [
                .init("tools", [tool]),
                .init("tool_choice", ["type": "tool", "name": .string(output.name)]),
            ]
        }
    }

    /// Structured output here refuses bounds of numbers, texts and lists; the policy judges the
    /// answer by its own schema anyway.
    private static func withoutBounds(_ schema: JSON) -> JSON {
        guard let object = schema.object else {
            guard let branches = schema.array else { return schema }
            return .array(branches.map(withoutBounds))
        }
        let members = object.members.compactMap { member -> JSONObject.Member? in
            switch member.name {
            case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
                "minItems", "maxItems", "pattern":
                return nil
            case "properties", "$defs", "definitions":
                let named = (member.value.object?.members ?? []).map {
                    JSONObject.Member($0.name, withoutBounds($0.value))
                }
                return .init(member.name, .object(JSONObject(uniqueMembers: named)))
            case "items", "anyOf": return .init(member.name, withoutBounds(member.value))
            default: return member
            }
        }
        return .object(JSONObject(uniqueMembers: members))
    }

    private func encode(_ message: Message) throws(ModelError) -> JSON {
        guard message.role != .tool else {
            throw .request(["the prompt has a tool's message, and no tool is offered"])
        }
        let role: JSON = message.role == .model ? "assistant" : "user"
        if let text = message.onlyText { return ["role": role, "content": .string(text)] }
        let parts = message.content.compactMap { part -> JSON? in
            switch part {
            case .text(let text): ["type": "text", "text": .string(text)]
            case .media(let url, _): ["type": "image", "source": source(url)]
            case .section: nil
            }
        }
        return ["role": role, "content": .array(parts)]
    }

    /// A picture by its address, or its own bytes where the address is a `data:` URL (RFC 2397).
    private func source(_ url: String) -> JSON {
        let mark = ";base64,"
        guard url.hasPrefix("data:"), let cut = url.firstRange(of: mark) else {
            return ["type": "url", "url": .string(url)]
        }
        return [
            "type": "base64",
            "media_type": .string(String(url[..<cut.lowerBound].dropFirst("data:".count))),
            "data": .string(String(url[cut.upperBound...])),
        ]
    }
}

extension MessagesShape {
    func decode(_ reply: HTTPReply, to request: ModelRequest) -> ModelReply {
        let body: JSON
        do throws(ModelFailure) {
            body = try reply.document()
        } catch {
            return .failure(error)
        }
        if let error = body["error"], !error.isNull {
            return .failure(ServiceError(body: body).failure(within: reply))
        }
        guard let content = body["content"]?.array else {
            let reason = AnswerFailure(.unparsable, "the server's reply holds no content")
            return .failure(ModelFailure(reason, usage: body.messagesUsage, body: reply.body))
        }
        return TextReply(
            samples: [TextSample(text: text(body, content))],
            usage: body.messagesUsage,
            version: body["model"]?.string ?? "",
            finish: body["stop_reason"]?.string,
            raw: reply.body,
            request: request
        ).reply
    }

    private func text(_ body: JSON, _ content: [JSON]) -> Result<String, AnswerFailure> {
        switch body["stop_reason"]?.string {
        case "refusal":
            let said = body["stop_details"]?["explanation"]?.string ?? text(content)
            return .failure(AnswerFailure(.refusal, "the model declined: \(excerpt(said))"))
        case "max_tokens":
            return .failure(AnswerFailure(.truncated, "the answer was cut by the token limit"))
        case "model_context_window_exceeded":
            return .failure(AnswerFailure(.truncated, "the answer did not fit the model's context"))
        case "pause_turn":
            return .failure(AnswerFailure(.unparsable, "the server paused instead of answering"))
        default: break
        }
        if structured == .tool {
            for part in content where part["type"]?.string == "tool_use" {
                if let input = part["input"] { return .success(input.compactText) }
            }
        }
        let text = text(content)
        guard !text.allSatisfy(\.isWhitespace) else {
            return .failure(AnswerFailure(.empty, "the model answered nothing"))
        }
        return .success(text)
    }

    private func text(_ content: [JSON]) -> String {
        content.filter { $0["type"]?.string == "text" }.compactMap { $0["text"]?.string }.joined()
    }
}

extension JSON {
    /// The tokens of Anthropic's `usage`, whose `input_tokens` leave out those of the cache.
    fileprivate var messagesUsage: Usage {
        func count(_ name: String) -> Int64 { max(self["usage"]?[name]?.integer ?? 0, 0) }
        let cached = count("cache_read_input_tokens")
        return Usage(
            input: count("input_tokens") + count("cache_creation_input_tokens") + cached,
            cached: cached,
            output: count("output_tokens")
        )
    }
}
