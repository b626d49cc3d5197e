internal import Autonomy
internal import Prompts
internal import Values

/// OpenAI's decision endpoint: one question with choices, answered by their probabilities.
///
/// A boolean is a choice of two.
struct DecisionsShape: ModelShape {
    let path = "/decisions"

    func problems(output: OutputForm, confidence: ConfidenceClause) -> [String] {
        Question(.decisions, output, confidence).problems(confidence)
    }

    func encode(_ request: ModelRequest, model: String) throws(ModelError) -> [UInt8] {
        let question = Question(.decisions, request.output, request.confidence)
        try request.check(self)
        let choices = (request.output.choices(of: question.name) ?? []).map { choice -> JSON in
            guard let description = choice.description else { return ["value": choice.value] }
            return ["value": choice.value, "description": .string(description)]
        }
        let body: JSON = [
            "model": .string(model),
            "input": try question.subject(request.messages),
            "questions": [
                [
                    "type": "choice",
                    "name": .string(question.name),
                    "instructions": .string(try question.instructions(request.messages)),
                    "choices": .array(choices),
                ]
            ],
        ]
        return Array(body.compactText.utf8)
    }
}
