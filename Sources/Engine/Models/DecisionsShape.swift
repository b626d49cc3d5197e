internal import Autonomy
internal import Prompts
internal import Values

/// OpenAI's decision endpoint: one question with choices, answered by their probabilities.
///
/// It answers no prose, so of the output only the property in question is asked; others must be
/// optional (left out) or have one possible value (filled in). A boolean is a choice of two.
struct DecisionsShape: ModelShape {
    let path = "/decisions"
    let signals: Set<ConfidenceSignal> = [.probability]

    func problems(output: OutputForm, confidence: ConfidenceClause) -> [String] {
        let found = output.problems(of: confidence, signals: signals, shape: .decisions)
        guard found.isEmpty else { return found }
        return choiceProblems(output, confidence.of) + otherProblems(output, confidence.of)
    }

    private func choiceProblems(_ output: OutputForm, _ name: String) -> [String] {
        guard let choices = output.choices(of: name) else {
            return ["decisions needs \(name) to be an enum or a boolean"]
        }
        let typed = choices.allSatisfy { $0.value.string != nil || $0.value.bool != nil }
        guard typed else { return ["decisions needs the members of \(name) to be strings"] }
        guard Limits.choices.contains(choices.count) else {
            let (low, high) = (Limits.choices.lowerBound, Limits.choices.upperBound)
            return ["decisions takes \(low) to \(high) members, and \(name) has \(choices.count)"]
        }
        return []
    }

    private func otherProblems(_ output: OutputForm, _ name: String) -> [String] {
        output.required.sorted().filter { $0 != name && output.constant(of: $0) == nil }.map {
            "decisions answers no \($0): make it optional, or ask a chat model"
        }
    }

    func headers(key: Secret?) -> [HTTPHeader] {
        key.map { [HTTPHeader("authorization", prefix: "Bearer ", $0)] } ?? []
    }

    func encode(_ request: ModelRequest, model: String) throws(ModelError) -> [UInt8] {
        let problems = problems(output: request.output, confidence: request.confidence)
        guard problems.isEmpty else { throw .request(problems) }
        let name = request.confidence.of
        let choices = (request.output.choices(of: name) ?? []).map { choice -> JSON in
            guard let description = choice.description else { return ["value": choice.value] }
            return ["value": choice.value, "description": .string(description)]
        }
        let body: JSON = [
            "model": .string(model),
            "input": try input(request.messages),
            "questions": [
                [
                    "type": "choice",
                    "name": .string(name),
                    "instructions": .string(try instructions(request)),
                    "choices": .array(choices),
                ]
            ],
        ]
        return Array(body.compactText.utf8)
    }

    /// What stands in the prompt's system messages, or else what the schema says of the property.
    private func instructions(_ request: ModelRequest) throws(ModelError) -> String {
        var texts: [String] = []
        for message in request.messages where message.role == .system {
            texts.append(try text(of: message))
        }
        guard texts.isEmpty else { return texts.joined(separator: "\n\n") }
        let name = request.confidence.of
        return request.output.property(name)?["description"]?.string ?? "Choose the \(name)."
    }

    private func input(_ messages: [Message]) throws(ModelError) -> JSON {
        let rest = messages.filter { $0.role != .system }
        guard let first = rest.first else {
            throw .request(["the prompt has only system messages, and nothing to decide about"])
        }
        if rest.count == 1 { return .string(try text(of: first)) }
        var items: [JSON] = []
        for message in rest {
            let role: JSON = message.role == .model ? "assistant" : "user"
            items.append(["role": role, "content": .string(try text(of: message))])
        }
        return .array(items)
    }

    private func text(of message: Message) throws(ModelError) -> String {
        guard message.role != .tool else {
            throw .request(["the prompt has a tool's message, and no tool is offered"])
        }
        guard let text = message.onlyText else {
            throw .request(["decisions takes text only, and the prompt has media"])
        }
        return text
    }
}
