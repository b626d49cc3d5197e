package import Values

/// Lets requests through at a rate: the generic cell rate algorithm.
///
/// It keeps one instant, when the whole burst is there again. In any stretch of time no more go
/// through than the burst and what the rate allows in it. A clock set back costs at most the wait
/// for one burst.
package struct RateMachine: Sendable, Equatable {
    package enum Answer: Sendable, Equatable {
        /// Let through; so many more may come at once, and all of the burst after `full`.
        case taken(remaining: Int, full: Duration)
        /// Not now; the same would go through after that long.
        case refused(after: Duration)
        /// More at once than the burst: waiting does not help.
        case never
    }

    package let rate: Rate
    /// In nanoseconds since 1970.
    private var fullAt: Int64 = 0

    package init(_ rate: Rate) { self.rate = rate }

    private var capacity: Int64 { Int64(rate.burst) * rate.interval }

    /// Asks for so many at once: all go through, or none.
    package mutating func take(_ count: Int = 1, at now: Instant) -> Answer {
        precondition(count >= 0, "a request costs nothing or more")
        guard count <= rate.burst else { return .never }
        let now = now.microseconds * 1_000
        let next = filled(at: now) + Int64(count) * rate.interval
        let excess = next - now - capacity
        guard excess <= 0 else { return .refused(after: .nanoseconds(excess)) }
        fullAt = next
        return .taken(
            remaining: Int((capacity - (next - now)) / rate.interval),
            full: .nanoseconds(next - now)
        )
    }

    /// Gives back what was taken and turned out not to be due.
    package mutating func giveBack(_ count: Int = 1) { fullAt -= Int64(count) * rate.interval }

    /// When the burst is whole again, within what a clock that goes forward could have led to.
    private func filled(at now: Int64) -> Int64 { min(max(fullAt, now), now + capacity) }
}

/// One machine for each token that was seen lately.
package struct RateTable: Sendable, Equatable {
    private var machines = Recent<Identifier, RateMachine>(limit: Limits.rememberedTokens)

    package init() {}

    /// Asks for so many of a token's requests; one whose rate has changed begins anew.
    package mutating func take(
        _ count: Int,
        of token: Identifier,
        _ rate: Rate,
        at now: Instant
    ) -> RateMachine.Answer {
        var machine = machines[token] ?? RateMachine(rate)
        if machine.rate != rate { machine = RateMachine(rate) }
        let answer = machine.take(count, at: now)
        machines[token] = machine
        return answer
    }
}
