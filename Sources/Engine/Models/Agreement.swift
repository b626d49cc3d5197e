package import Autonomy
package import Values

/// What several models that were asked the same say together.
package struct Agreement: Sendable {
    /// The first answer of the largest group.
    package let output: JSON
    package let confidence: Confidence
    /// The model that gave that answer.
    package let model: String

    /// The share of all models asked that agree on the property, or why none counts.
    ///
    /// A model that failed, or whose answer the schema does not allow, agrees with nobody.
    package static func of(
        _ records: [ModelCallRecord],
        _ form: OutputForm,
        of name: String
    ) -> Result<Agreement, AnswerFailure> {
        let samples = records.map { record -> Result<JSON, AnswerFailure> in
            switch record.reply {
            case .answer(let answer): .success(answer.output)
            case .failure(let failure): .failure(failure.reason)
            }
        }
        guard let vote = Vote(samples, asked: records.count, of: name, in: form) else {
            for case .failure(let reason) in samples { return .failure(reason) }
            let said = "no model's answer holds a value for \(name) that the output allows"
            return .failure(AnswerFailure(.offSchema, said))
        }
        let place = samples.firstIndex { $0 == .success(vote.winner) } ?? 0
        return .success(
            Agreement(
                output: vote.winner,
                confidence: vote.confidence,
                model: records[place].endpoint
            )
        )
    }
}
