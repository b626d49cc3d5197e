package import Autonomy
package import Prompts
package import Values

/// One question to a model, in no provider's words.
package struct ModelRequest: Sendable {
    package let messages: [Message]
    package let output: OutputForm
    package let confidence: ConfidenceClause
    package let sampling: Sampling
    /// Whether the shape was asked before for problems with this output and clause, as it is when a
    /// workspace is loaded.
    let isChecked: Bool

    package init(
        messages: [Message],
        output: OutputForm,
        confidence: ConfidenceClause,
        sampling: Sampling = Sampling(),
        isChecked: Bool = false
    ) {
        self.isChecked = isChecked
        self.messages = messages
        self.output = output
        self.confidence = confidence
        self.sampling = sampling
    }
}

extension ModelRequest {
    /// Throws what the shape cannot give of it, unless that was asked before.
    func check(_ shape: some ModelShape) throws(ModelError) {
        if isChecked { return }
        let problems = shape.problems(output: output, confidence: confidence)
        guard problems.isEmpty else { throw .request(problems) }
    }

    /// The temperature to send; nothing where the server's own is wanted.
    ///
    /// Throws where a vote's samples could not differ.
    func temperature() throws(ModelError) -> JSON? {
        let votes = confidence.from == .vote
        switch sampling.temperature {
        case .standard: return votes ? 1 : 0
        case .exactly(let value) where votes && value <= 0:
            throw .request(["vote needs samples that can differ: a temperature above 0"])
        case .exactly(let value): return .double(value)
        case .server: return nil
        }
    }

    /// The same for one sample of a vote, where each is a call of its own.
    var single: ModelRequest {
        ModelRequest(
            messages: messages,
            output: output,
            confidence: ConfidenceClause(from: confidence.from, of: confidence.of),
            sampling: sampling,
            isChecked: isChecked
        )
    }
}

/// How a model draws its answer, from a prompt's `config`.
package struct Sampling: Sendable, Equatable {
    package enum Temperature: Sendable, Equatable {
        /// 0, or 1 where `vote` needs answers that can differ; `messages` sends none.
        case standard
        case exactly(Double)
        /// Not sent, for models that take none; written `temperature: null`.
        case server
    }

    package var temperature: Temperature
    package var topP: Double?
    package var maximumOutputTokens: Int64?
    package var stop: [String]

    package init(
        temperature: Temperature = .standard,
        topP: Double? = nil,
        maximumOutputTokens: Int64? = nil,
        stop: [String] = []
    ) {
        self.temperature = temperature
        self.topP = topP
        self.maximumOutputTokens = maximumOutputTokens
        self.stop = stop
    }

    /// Reads Dotprompt's names (`temperature`, `maxOutputTokens`, `topP`, `stopSequences`); others
    /// and values of another type are left to the prompt's check.
    package init(config: JSON) {
        self.init(
            topP: config["topP"]?.number,
            maximumOutputTokens: config["maxOutputTokens"]?.integer,
            stop: config["stopSequences"]?.array?.compactMap(\.string) ?? []
        )
        if let given = config["temperature"] {
            temperature = given.number.map(Temperature.exactly) ?? .server
        }
    }
}
