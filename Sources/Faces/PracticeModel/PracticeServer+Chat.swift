internal import Values

extension PracticeServer {
    /// `POST /v1/chat/completions`: the label in the first property that has an enum, or bare where
    /// no schema is asked for.
    func chat(_ body: JSON) throws(Refusal) -> JSON {
        guard let messages = body["messages"]?.array, !messages.isEmpty else {
            throw Refusal("'messages' is required: a list of at least one")
        }
        let form = try form(body["response_format"])
        let p = classifier.probabilities(of: Self.message(of: messages), among: form.labels)
        let samples = try whole("n", of: body, in: Limits.samples, otherwise: 1)
        let top = try whole("top_logprobs", of: body, in: Limits.alternatives, otherwise: 0)
        let isSampled = (body["temperature"]?.number ?? 0) > 0
        var choices: [JSON] = []
        var written = 0
        for index in 0..<samples {
            let chosen = isSampled ? draws.index(p) : Self.best(p)
            let text = form.text(choosing: chosen, p[chosen])
            let tokens = AnswerTokens(text, labels: form.labels, p: p, chosen: chosen)
            written += tokens.count
            let logprobs: JSON =
                body["logprobs"] == true
                ? ["content": .array(tokens.json(top: Int(top))), "refusal": nil] : nil
            choices.append(
                [
                    "index": .int(index), "finish_reason": "stop",
                    "message": [
                        "role": "assistant", "content": .string(tokens.text), "refusal": nil,
                    ],
                    "logprobs": logprobs,
                ]
            )
        }
        return completion(choices, read: messages, written: Int64(written))
    }

    private func completion(_ choices: [JSON], read messages: [JSON], written: Int64) -> JSON {
        let length = messages.reduce(0) { $0 + ($1["content"]?.string?.utf8.count ?? 0) }
        let read = Int64(length / 4 + 1)
        return [
            "id": "chatcmpl-practice", "object": "chat.completion", "created": 0,
            "model": .string(Self.modelName), "choices": .array(choices),
            "usage": [
                "prompt_tokens": .int(read), "completion_tokens": .int(written),
                "total_tokens": .int(read + written),
                "prompt_tokens_details": ["cached_tokens": 0],
                "completion_tokens_details": ["reasoning_tokens": 0],
            ],
        ]
    }

    private func form(_ format: JSON?) throws(Refusal) -> AnswerForm {
        switch format?["type"]?.string {
        case nil, "text": return AnswerForm(bare: classifier.labels)
        case "json_schema":
            guard let form = AnswerForm(schema: format?["json_schema"]?["schema"] ?? nil) else {
                throw Refusal("the schema needs a property with an enum of strings to choose from")
            }
            return form
        default: throw Refusal("'response_format' must be of type text or json_schema")
        }
    }

    private func whole(
        _ name: String,
        of body: JSON,
        in range: ClosedRange<Int64>,
        otherwise standard: Int64
    ) throws(Refusal) -> Int64 {
        guard let value = body[name], !value.isNull else { return standard }
        guard let number = value.integer, range.contains(number) else {
            throw Refusal("'\(name)' must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
