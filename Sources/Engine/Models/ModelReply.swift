package import Autonomy
package import Values

/// What one exchange with a model came to.
package enum ModelReply: Sendable, Equatable {
    case answer(ModelAnswer)
    case failure(ModelFailure)

    /// Why there is no answer; nothing where there is one.
    package var failure: AnswerFailure? {
        if case .failure(let failure) = self { failure.reason } else { nil }
    }

    /// The tokens spent, also by an answer that is of no use.
    package var usage: Usage {
        switch self {
        case .answer(let answer): answer.usage
        case .failure(let failure): failure.usage
        }
    }
}

/// A confidence with what it rests on, kept in the log.
package struct Confidence: Sendable, Equatable {
    /// Nothing when the signal was not there; kept as given when outside [0, 1].
    package let value: Double?
    /// Probability by label, where the signal tells; names are the labels' text.
    package let scores: JSONObject
    /// What the value was divided by, where the clause normalises and all members were seen.
    package let mass: Double?
    /// Why there is no value, or how it differs from what the clause says; one sentence.
    package let note: String?

    package init(
        _ value: Double?,
        scores: JSONObject = JSONObject(),
        mass: Double? = nil,
        note: String? = nil
    ) {
        self.value = value
        self.scores = scores
        self.mass = mass
        self.note = note
    }
}

/// A model's answer: the output, how sure it is, and what it was made with.
package struct ModelAnswer: Sendable, Equatable {
    /// What the policy judges: of several samples, the first of the largest group.
    package let output: JSON
    package let confidence: Confidence
    package let signal: ConfidenceSignal
    /// Every sample in order; more than one only for `vote`.
    package let samples: [Result<JSON, AnswerFailure>]
    /// The model as the server resolved it, with its fingerprint where given: `name@fingerprint`.
    package let version: String
    package let usage: Usage
    /// The server's word for why it stopped.
    package let finish: String?
    /// The raw body, for the log's salted digest and payload.
    package let body: [UInt8]

    package init(
        output: JSON,
        confidence: Confidence,
        signal: ConfidenceSignal,
        samples: [Result<JSON, AnswerFailure>],
        version: String,
        usage: Usage,
        finish: String?,
        body: [UInt8]
    ) {
        self.output = output
        self.confidence = confidence
        self.signal = signal
        self.samples = samples
        self.version = version
        self.usage = usage
        self.finish = finish
        self.body = body
    }

    /// What `judge` takes, for the model of that name.
    package func answer(of model: String) -> Answer {
        Answer(output: output, confidence: confidence.value, signal: signal, model: model)
    }

    /// The same for an answer that is given again: nothing was spent.
    var withoutUsage: ModelAnswer {
        ModelAnswer(
            output: output,
            confidence: confidence,
            signal: signal,
            samples: samples,
            version: version,
            usage: Usage(),
            finish: finish,
            body: body
        )
    }
}

/// An exchange without an answer that can be judged.
package struct ModelFailure: Error, Sendable, Equatable {
    package let reason: AnswerFailure
    package let advice: RetryAdvice
    package let usage: Usage
    package let version: String?
    /// The raw body, empty when there was no reply.
    package let body: [UInt8]

    package init(
        _ reason: AnswerFailure,
        advice: RetryAdvice = .never,
        usage: Usage = Usage(),
        version: String? = nil,
        body: [UInt8] = []
    ) {
        self.reason = reason
        self.advice = advice
        self.usage = usage
        self.version = version
        self.body = body
    }
}
