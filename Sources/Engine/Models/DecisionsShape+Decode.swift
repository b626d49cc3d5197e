internal import Autonomy
internal import Values

extension DecisionsShape {
    func decode(_ reply: HTTPReply, to request: ModelRequest) -> ModelReply {
        let body: JSON
        do throws(ModelFailure) {
            body = try reply.document()
        } catch {
            return .failure(error)
        }
        guard let answers = body["answers"]?.array else {
            if let error = body["error"], !error.isNull {
                return .failure(ServiceError(body: body).failure(within: reply))
            }
            let reason = AnswerFailure(.unparsable, "the server's reply holds no answers")
            return .failure(ModelFailure(reason, usage: body.chatUsage, body: reply.body))
        }
        let question = Question(.decisions, request.output, request.confidence)
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
        _ answers: [JSON],
        _ request: ModelRequest
    ) throws(AnswerFailure) -> (choice: JSON, confidence: Confidence) {
        let name = request.confidence.of
        guard let answer = answers.first(where: { $0["name"]?.string == name }) else {
            throw AnswerFailure(.unparsable, "the server answered no question named \(name)")
        }
        let type = answer["type"]?.string ?? "nothing"
        guard type != "refusal" else {
            throw AnswerFailure(.refusal, "the model declined to answer \(name)")
        }
        guard type == "choice", let choice = answer["choice"], !choice.isNull else {
            throw AnswerFailure(.unparsable, "\(name) was answered by \(type), not by a choice")
        }
        guard request.output.admits(choice, under: name) else {
            let said = excerpt(choice.compactText)
            throw AnswerFailure(.offSchema, "the choice \(said) is none of those for \(name)")
        }
        return (choice, confidence(in: answer, of: choice))
    }

    /// The probability of the choice.
    ///
    /// The answer's own `confidence` is another thing (how far above guessing the choice is) and is
    /// never read.
    private func confidence(in answer: JSON, of choice: JSON) -> Confidence {
        let listed = (answer["probabilities"]?.array ?? []).compactMap { entry in
            entry["value"].flatMap { value in
                entry["probability"]?.number.map { (value: value, probability: $0) }
            }
        }
        let scores = JSONObject(
            listed.map { entry in
                .init(entry.value.string ?? entry.value.compactText, .double(entry.probability))
            }
        )
        guard let own = listed.first(where: { $0.value == choice }) else {
            let note = "the answer gives no probability of its choice"
            return Confidence(nil, scores: scores ?? JSONObject(), note: note)
        }
        return Confidence(own.probability, scores: scores ?? JSONObject())
    }
}
