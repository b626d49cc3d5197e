package import Values

/// Where the confidence in a model's answer comes from (design, section 4).
package enum ConfidenceSignal: String, Sendable, CaseIterable {
    /// The decision endpoint's probability of the chosen value.
    case probability
    /// The probability of the label's bytes in the answer's tokens.
    case logprob
    /// The share of samples that agree.
    case vote
    /// A number the model states in its output.
    case stated
    /// The share of models that agree.
    case agreement
}

/// A policy's `confidence:` clause.
package struct ConfidenceClause: Sendable, Equatable {
    package let from: ConfidenceSignal
    /// The output property the confidence is about; for `stated`, the one that holds the number.
    package let of: String
    /// Divide by the mass of the alternatives that fit a member; only when all members are seen.
    package let normalize: Bool
    /// How many answers `vote` asks for; 1 for every other signal.
    package let samples: Int

    package init(
        from: ConfidenceSignal,
        of: String,
        normalize: Bool = false,
        samples: Int = 1
    ) {
        self.from = from
        self.of = of
        self.normalize = normalize
        self.samples = samples
    }
}

/// What a model said, reduced to what `judge` needs.
package struct Answer: Sendable, Equatable {
    /// The whole output as the model gave it, not yet checked against the output schema.
    package let output: JSON
    /// As the signal gave it: absent, NaN and values outside [0, 1] are kept, and are not
    /// confident.
    package let confidence: Double?
    package let signal: ConfidenceSignal
    /// The name of the model under `use:` whose threshold applies.
    package let model: String

    package init(output: JSON, confidence: Double?, signal: ConfidenceSignal, model: String) {
        self.output = output
        self.confidence = confidence
        self.signal = signal
        self.model = model
    }
}

/// Why there is no answer to judge.
package struct AnswerFailure: Error, Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The model declined.
        case refusal
        /// The answer was cut by a token limit.
        case truncated
        /// A filter of the provider stopped the answer.
        case filtered
        case empty
        /// Not JSON, or not the shape of the protocol.
        case unparsable
        /// JSON that the output schema does not allow.
        case offSchema = "off-schema"
        /// Rejected for good: key, quota, unknown model, malformed request.
        case rejected
        /// Not reachable, overloaded or too slow, after all attempts: worth asking again later.
        case unavailable
        /// The policy's budget has no room for the call, so it was not made.
        case overBudget = "over-budget"
    }

    package let kind: Kind
    /// One sentence for a person; never holds a secret.
    package let detail: String
    /// When asking again may help, where that is known.
    package let retryAt: Instant?

    package init(_ kind: Kind, _ detail: String, retryAt: Instant? = nil) {
        self.kind = kind
        self.detail = detail
        self.retryAt = retryAt
    }
}
