/// A model of `stepgate.yaml`: where it is, what it speaks, what it costs and what it may be asked.
package struct ModelDefinition: Sendable, Equatable {
    /// The wire formats.
    package enum Shape: String, Sendable, CaseIterable {
        case chat, responses, decisions, systemone, messages

        /// The confidence that its answers can carry.
        package var signals: Set<ConfidenceSignal> {
            switch self {
            case .chat, .responses: [.logprob, .vote, .stated, .agreement]
            case .messages: [.vote, .stated, .agreement]
            case .decisions, .systemone: [.probability, .agreement]
            }
        }

        /// Whether it takes pictures.
        package var takesPictures: Bool {
            switch self {
            case .chat, .responses, .messages: true
            case .decisions, .systemone: false
            }
        }
    }

    /// How a shape that can do either is held to the output's schema.
    package enum Structured: String, Sendable, CaseIterable {
        /// The API's own structured output.
        case format
        /// A tool that must be called.
        case tool
    }

    package let name: String
    package let shape: Shape
    package let url: String
    package let model: String
    package let key: SecretReference?
    package let price: ModelPrice
    package let limits: ModelLimits
    package let times: ModelTimes
    package let structured: Structured
    /// Whether a vote's samples come in one call, where the shape can ask so.
    package let votesInOneCall: Bool
    /// How long an answer may be given again to the very same request; nothing means never.
    package let cache: Duration?
}

/// US dollars a million tokens, as written.
package struct ModelPrice: Sendable, Equatable {
    package let input: Double
    /// Of input that the server had in its cache; as other input where nothing is written.
    package let cached: Double?
    package let output: Double

    package init(input: Double, cached: Double?, output: Double) {
        self.input = input
        self.cached = cached
        self.output = output
    }
}

/// How much one model is asked at once and in a minute, and when it is left alone.
package struct ModelLimits: Sendable, Hashable {
    /// Calls in flight.
    package let concurrency: Int
    package let requestsPerMinute: Int?
    package let tokensPerMinute: Int?
    /// Failures one after another that open the circuit breaker.
    package let breakerFailures: Int
    /// How long it stays open at first; twice as long after each probe that fails.
    package let breakerOpen: Duration

    package init(
        concurrency: Int = 16,
        requestsPerMinute: Int? = nil,
        tokensPerMinute: Int? = nil,
        breakerFailures: Int = 5,
        breakerOpen: Duration = .seconds(10)
    ) {
        self.concurrency = concurrency
        self.requestsPerMinute = requestsPerMinute
        self.tokensPerMinute = tokensPerMinute
        self.breakerFailures = breakerFailures
        self.breakerOpen = breakerOpen
    }
}

/// How long the parts of one call may take.
package struct ModelTimes: Sendable, Equatable {
    package let connect: Duration
    /// Until the first byte of the answer; nothing means that only the total bounds it.
    package let firstByte: Duration?
    /// For one attempt; the policy's own time-out bounds all of them together.
    package let total: Duration?
    /// A second call is made when the first has not answered by then; nothing means never.
    package let hedge: Duration?

    package init(
        connect: Duration = .seconds(5),
        firstByte: Duration? = nil,
        total: Duration? = nil,
        hedge: Duration? = nil
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.total = total
        self.hedge = hedge
    }
}
