internal import Values

extension PracticeServer {
    /// `POST /v1/decisions`: a choice is answered, any other kind of question refused by itself.
    func decisions(_ body: JSON) throws(Refusal) -> JSON {
        let text: String
        switch body["input"] {
        case .string(let input): text = Self.message(in: input)
        case .array(let messages) where !messages.isEmpty: text = Self.message(of: messages)
        default: throw Refusal("'input' is required: a text or a list of messages")
        }
        guard let questions = body["questions"]?.array, Limits.questions.contains(questions.count)
        else { throw Refusal("'questions' is required: a list of 1 to 400") }
        var answers: [JSON] = []
        for question in questions { answers.append(try answer(question, about: text)) }
        let tokens = Int64(text.utf8.count / 4 + 1)
        return [
            "model": .string(Self.modelName), "answers": .array(answers),
            "usage": [
                "input_tokens": .int(tokens),
                "input_tokens_details": ["cached_tokens": 0, "cache_write_tokens": 0],
                "output_tokens": 0, "output_tokens_details": ["reasoning_tokens": 0],
                "total_tokens": .int(tokens),
            ],
        ]
    }

    private func answer(_ question: JSON, about text: String) throws(Refusal) -> JSON {
        guard let name = question["name"]?.string else {
            throw Refusal("every question needs a 'name'")
        }
        guard question["type"] == "choice" else {
            return ["type": "refusal", "name": .string(name)]
        }
        let values = question["choices"]?.array?.compactMap { $0["value"] } ?? []
        let labels = values.compactMap(Self.label)
        guard Limits.choices.contains(labels.count), labels.count == values.count else {
            throw Refusal("'choices' of '\(name)' must be 2 to 255, each with a value")
        }
        let p = classifier.probabilities(of: text, among: labels)
        let best = Self.best(p)
        let count = Double(labels.count)
        return [
            "type": "choice", "name": .string(name), "choice": values[best],
            "confidence": .double((count * p[best] - 1) / (count - 1)),
            "probabilities": .array(
                zip(values, p).map { ["value": $0, "probability": .double($1)] }
            ),
        ]
    }

    private static func label(_ value: JSON) -> String? {
        value.string ?? value.bool.map { $0 ? "true" : "false" }
    }
}
