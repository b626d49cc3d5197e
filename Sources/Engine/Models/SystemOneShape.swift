internal import Autonomy
internal import Prompts
internal import Values

/// TypeSafe's System One, which llama.cpp and Ollama speak too: named questions about a state.
///
/// An enum is a `choice` among criteria, a boolean a `noul`, which answers how likely true is.
struct SystemOneShape: ModelShape {
    let path = "/systemone"

    func problems(output: OutputForm, confidence: ConfidenceClause) -> [String] {
        Question(.systemone, output, confidence).problems(confidence)
    }

    func encode(_ request: ModelRequest, model: String) throws(ModelError) -> [UInt8] {
        let question = Question(.systemone, request.output, request.confidence)
        try request.check(self)
        let choices = request.output.choices(of: question.name) ?? []
        var asked: [JSONObject.Member] = [
            .init("type", Self.isBoolean(choices) ? "noul" : "choice"),
            .init("instructions", .string(try question.instructions(request.messages))),
        ]
        if !Self.isBoolean(choices) {
            let criteria = choices.map { choice in
                JSONObject.Member(
                    Self.label(choice.value),
                    choice.description.map(JSON.string) ?? .null
                )
            }
            asked.append(.init("criteria", .object(JSONObject(uniqueMembers: criteria))))
        }
        let questions = JSONObject(uniqueMembers: [
            .init(question.name, .object(JSONObject(uniqueMembers: asked)))
        ])
        let body: JSON = [
            "model": .string(model), "state": try question.subject(request.messages),
            "questions": .object(questions),
        ]
        return Array(body.compactText.utf8)
    }

    private static func isBoolean(_ choices: [OutputForm.Choice]) -> Bool {
        choices.count == 2 && choices.allSatisfy { $0.value.bool != nil }
    }

    /// Criteria are named by texts, whatever the choice is.
    private static func label(_ value: JSON) -> String { value.string ?? value.compactText }
}

extension SystemOneShape {
    func decode(_ reply: HTTPReply, to request: ModelRequest) -> ModelReply {
        let body: JSON
        do throws(ModelFailure) {
            body = try reply.document()
        } catch {
            return .failure(error)
        }
        guard let answers = body["answers"]?.object else {
            if let error = body["error"], !error.isNull {
                return .failure(ServiceError(body: body).failure(within: reply))
            }
            let reason = AnswerFailure(.unparsable, "the server's reply holds no answers")
            return .failure(ModelFailure(reason, usage: body.chatUsage, body: reply.body))
        }
        let question = Question(.systemone, request.output, request.confidence)
        let choice: Result<(choice: JSON, confidence: Confidence), AnswerFailure>
        do throws(AnswerFailure) {
            choice = .success(try read(answers, request))
        } catch {
            choice = .failure(error)
        }
        return question.reply(
            choice,
            body,
            signal: request.confidence.from,
            raw: reply.body
        )
    }

    private func read(
        _ answers: JSONObject,
        _ request: ModelRequest
    ) throws(AnswerFailure) -> (choice: JSON, confidence: Confidence) {
        let name = request.confidence.of
        guard let answer = answers[name] else {
            throw AnswerFailure(.unparsable, "the server answered no question named \(name)")
        }
        switch answer["type"]?.string {
        case "refusal":
            throw AnswerFailure(.refusal, "the model declined to answer \(name)")
        case "choice":
            return try choice(answer, request)
        case "noul":
            guard let likely = answer["noul"]?.number else {
                throw AnswerFailure(.unparsable, "\(name) was answered without a number")
            }
            let scores = JSONObject(uniqueMembers: [
                .init("true", .double(likely)), .init("false", .double(1 - likely)),
            ])
            return (.bool(likely >= 0.5), Confidence(max(likely, 1 - likely), scores: scores))
        case let type:
            throw AnswerFailure(.unparsable, "\(name) was answered by \(type ?? "nothing")")
        }
    }

    /// The choice and its probability; the answer's own `confidence` is another thing (how far
    /// above guessing the choice is) and is never read.
    private func choice(
        _ answer: JSON,
        _ request: ModelRequest
    ) throws(AnswerFailure) -> (choice: JSON, confidence: Confidence) {
        let name = request.confidence.of
        guard let label = answer["choice"].map(Self.label), label != "null" else {
            throw AnswerFailure(.unparsable, "\(name) was answered without a choice")
        }
        let choices = request.output.choices(of: name) ?? []
        guard let choice = choices.first(where: { Self.label($0.value) == label }) else {
            let said = excerpt(label)
            throw AnswerFailure(.offSchema, "the choice \(said) is none of those for \(name)")
        }
        let scores = JSONObject(
            uniqueMembers: (answer["probabilities"]?.object?.members ?? []).compactMap { member in
                member.value.number.map { .init(member.name, .double($0)) }
            }
        )
        guard let own = scores[label]?.number else {
            let note = "the answer gives no probability of its choice"
            return (choice.value, Confidence(nil, scores: scores, note: note))
        }
        return (choice.value, Confidence(own, scores: scores))
    }
}
