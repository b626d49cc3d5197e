package import Autonomy
internal import Values

extension Flow {
    /// The questions this flow puts to people, as policies by the name `FLOW/STEP`.
    package var questions: [Policy] {
        steps.compactMap { step in
            guard case .review(let review) = step.work else { return nil }
            do {
                return try Policy.question(
                    name: "\(name)/\(step.id)",
                    title: review.because,
                    owner: owner,
                    output: review.output ?? Schema(Self.approval),
                    terms: review.terms,
                    digest: digest
                )
            } catch {
                preconditionFailure("the schemas of a question are checked: \(error)")
            }
        }
    }

    /// What a person says who is asked for approval alone.
    private static let approval: JSON = [
        "type": "object", "properties": ["approved": ["type": "boolean"]],
        "required": ["approved"], "additionalProperties": false,
    ]
}
