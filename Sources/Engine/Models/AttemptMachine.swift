package import Values

/// How often a call is tried, and how long the waits between are; a policy's `retry:` clause.
package struct RetryRule: Sendable, Equatable {
    /// The first one included.
    package let attempts: Int
    package let backoff: ClosedRange<Duration>

    /// As OpenAI's and Anthropic's clients do: three attempts, half a second to eight.
    package static let standard = RetryRule(
        attempts: 3,
        backoff: .milliseconds(500)...(.seconds(8))
    )

    package init(attempts: Int, backoff: ClosedRange<Duration>) {
        self.attempts = min(max(attempts, 1), Limits.attempts)
        self.backoff = backoff
    }
}

/// Decides what happens after each attempt of one call.
///
/// Times are the driver's uptime; the machine owns no clock and no chance. The deadline bounds the
/// whole call, waits included: a wait that would end after it is not begun.
package struct AttemptMachine: Sendable, Equatable {
    package enum Effect: Sendable, Equatable {
        /// Send, with at most this long to answer.
        case send(attempt: Int, timeout: Duration)
        case sleep(Duration)
        case giveUp(GivenUp)
    }

    /// Why there is no further attempt.
    package enum GivenUp: Sendable, Equatable {
        /// Another attempt would end the same way.
        case hopeless
        /// The server asked for a longer wait than `Limits.serverWait`.
        case waitTooLong(Duration)
        case attemptsSpent
        case deadline
    }

    private enum State: Sendable, Equatable {
        case waiting
        case sent
        case ended
    }

    private let rule: RetryRule
    private var deadline: Duration
    private var attempt = 0
    private var state = State.waiting

    package init(rule: RetryRule, deadline: Duration) {
        self.rule = rule
        self.deadline = deadline
    }

    /// Records that the next attempt is due, at first or after a sleep.
    package mutating func due(at now: Duration) -> Effect {
        precondition(state == .waiting, "an attempt is due only after a wait")
        guard now < deadline else { return end(.deadline) }
        attempt += 1
        state = .sent
        return .send(attempt: attempt, timeout: deadline - now)
    }

    /// Records a wait for the model's turn, which is not the call's own time.
    package mutating func waited(_ time: Duration) { deadline += time }

    /// Records that the attempt failed; `chance` is uniform in [0, 1).
    package mutating func failed(
        at now: Duration,
        wall: Instant,
        advice: RetryAdvice,
        chance: Double
    ) -> Effect {
        precondition(state == .sent, "only an attempt that was sent can fail")
        let wait: Duration
        switch delay(advice, at: wall, chance: chance) {
        case .success(let delay): wait = delay
        case .failure(let reason): return end(reason)
        }
        guard attempt < rule.attempts else { return end(.attemptsSpent) }
        guard now + wait < deadline else { return end(.deadline) }
        state = .waiting
        return .sleep(wait)
    }

    private mutating func end(_ reason: GivenUp) -> Effect {
        state = .ended
        return .giveUp(reason)
    }

    private func delay(
        _ advice: RetryAdvice,
        at wall: Instant,
        chance: Double
    ) -> Result<Duration, GivenUp> {
        let asked: Duration
        switch advice {
        case .never: return .failure(.hopeless)
        case .backOff: return .success(backOff(chance: chance))
        case .after(let wait): asked = wait
        case .until(let date): asked = date - wall
        }
        if asked > Limits.serverWait { return .failure(.waitTooLong(asked)) }
        return .success(asked > .zero ? asked : backOff(chance: chance))
    }

    /// Half a second, doubled each time up to eight, less up to a quarter by chance,
    /// within the rule.
    private func backOff(chance: Double) -> Duration {
        let doubled = min(0.5 * Double(1 << min(attempt - 1, 10)), 8)
        let jittered = Duration.seconds(doubled * (1 - 0.25 * min(max(chance, 0), 1)))
        return min(max(jittered, rule.backoff.lowerBound), rule.backoff.upperBound)
    }
}

extension AttemptMachine.GivenUp: Error {}
