/// The tokens of one or more calls, as the server counted them.
package struct Usage: Sendable, Equatable {
    /// All input tokens, those from a cache included.
    package var input: Int64
    /// The part of `input` that came from a cache.
    package var cached: Int64
    /// All output tokens, those of reasoning included.
    package var output: Int64
    /// The part of `output` that the caller never saw.
    package var reasoning: Int64

    package init(input: Int64 = 0, cached: Int64 = 0, output: Int64 = 0, reasoning: Int64 = 0) {
        self.input = input
        self.cached = cached
        self.output = output
        self.reasoning = reasoning
    }

    package static func + (left: Usage, right: Usage) -> Usage {
        Usage(
            input: left.input &+ right.input,
            cached: left.cached &+ right.cached,
            output: left.output &+ right.output,
            reasoning: left.reasoning &+ right.reasoning
        )
    }

    package static func += (left: inout Usage, right: Usage) { left = left + right }
}

/// What an endpoint's tokens cost.
package struct Price: Sendable, Equatable {
    /// Of one token.
    package let input: Money
    package let cached: Money
    package let output: Money

    package static let free = Price(input: .zero, cached: .zero, output: .zero)

    private init(input: Money, cached: Money, output: Money) {
        self.input = input
        self.cached = cached
        self.output = output
    }

    /// Prices in US dollars a million tokens, kept to six decimal places.
    ///
    /// Cached input costs as much as other input unless said. Nothing for amounts that are negative
    /// or beyond a million dollars.
    package init?(input: Double, output: Double, cached: Double? = nil) {
        let prices = [input, cached ?? input, output]
        guard prices.allSatisfy({ $0 >= 0 && $0 <= 1e6 }) else { return nil }
        let each = prices.map { Money(picodollars: Int64(($0 * 1e6).rounded())) }
        self.init(input: each[0], cached: each[1], output: each[2])
    }

    /// What that usage costs; cached tokens at their own price.
    package func cost(of usage: Usage) -> Money {
        let cached = min(max(usage.cached, 0), max(usage.input, 0))
        return self.input * max(usage.input - cached, 0) + self.cached * cached
            + output * max(usage.output, 0)
    }
}
