internal import Autonomy
internal import Prompts
internal import Values

/// A request as a decision endpoint takes it: one question with choices about a text.
///
/// Such an endpoint answers no prose, so of the output only the property in question is asked;
/// others must be optional (left out) or have one possible value (filled in).
struct Question {
    let shape: Shape
    let output: OutputForm
    let name: String

    init(_ shape: Shape, _ output: OutputForm, _ confidence: ConfidenceClause) {
        self.shape = shape
        self.output = output
        name = confidence.of
    }

    /// What the shape cannot ask, one sentence each.
    func problems(_ confidence: ConfidenceClause) -> [String] {
        let found = output.problems(of: confidence, shape: shape)
        return found.isEmpty ? choiceProblems + otherProblems : found
    }

    private var choiceProblems: [String] {
        guard let choices = output.choices(of: name) else {
            return ["\(shape.rawValue) needs \(name) to be an enum or a boolean"]
        }
        let typed = choices.allSatisfy { $0.value.string != nil || $0.value.bool != nil }
        guard typed else { return ["\(shape.rawValue) needs the members of \(name) to be strings"] }
        guard Limits.choices.contains(choices.count) else {
            let (low, high) = (Limits.choices.lowerBound, Limits.choices.upperBound)
            return [
                "\(shape.rawValue) takes \(low) to \(high) members, and \(name) has "
                    + "\(choices.count)"
            ]
        }
        return []
    }

    private var otherProblems: [String] {
        output.required.sorted().filter { $0 != name && output.constant(of: $0) == nil }.map {
            "\(shape.rawValue) answers no \($0): make it optional, or ask a chat model"
        }
    }

    /// What stands in the prompt's system messages, or else what the schema says of the property.
    func instructions(_ messages: [Message]) throws(ModelError) -> String {
        var texts: [String] = []
        for message in messages where message.role == .system {
            texts.append(try text(of: message))
        }
        guard texts.isEmpty else { return texts.joined(separator: "\n\n") }
        return output.property(name)?["description"]?.string ?? "Choose the \(name)."
    }

    /// What is to be decided about: a text, or messages where there are several.
    func subject(_ messages: [Message]) throws(ModelError) -> JSON {
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
            throw .request(["\(shape.rawValue) takes text only, and the prompt has media"])
        }
        return text
    }

    /// The reply of an endpoint that was asked this question: its choice, or why there is none.
    func reply(
        _ choice: Result<(choice: JSON, confidence: Confidence), AnswerFailure>,
        _ body: JSON,
        signal: ConfidenceSignal,
        raw: [UInt8]
    ) -> ModelReply {
        let version = body["model"]?.string ?? ""
        switch choice {
        case .failure(let reason):
            return .failure(
                ModelFailure(reason, usage: body.chatUsage, version: version, body: raw)
            )
        case .success(let found):
            let output = output(found.choice)
            return .answer(
                ModelAnswer(
                    output: output,
                    confidence: found.confidence,
                    signal: signal,
                    samples: [.success(output)],
                    version: version,
                    usage: body.chatUsage,
                    finish: nil,
                    body: raw
                )
            )
        }
    }

    /// The choice among the properties that can have only one value, in the schema's order.
    func output(_ choice: JSON) -> JSON {
        let names = output.schema["properties"]?.object?.names ?? []
        let members = names.compactMap { name -> JSONObject.Member? in
            if name == self.name { return .init(name, choice) }
            guard output.required.contains(name) else { return nil }
            return output.constant(of: name).map { .init(name, $0) }
        }
        return .object(JSONObject(uniqueMembers: members))
    }
}
