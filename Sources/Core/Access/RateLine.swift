package import Values

/// Lets through at a rate whoever comes, each now or at a moment of its own: the generic cell rate
/// algorithm (ITU-T I.371, virtual scheduling), in which who is too early is told when to come instead
/// of being refused.
///
/// Two theoretical arrival times are kept. That of what has begun is the bound: in any stretch of time
/// no more begin than the burst, what the rate allows in it, and what it allows in
/// `Limits.rateSlack`, since who was promised a moment may come a little late without loss. That of
/// what was promised only says when, so that moments are a rate apart and nobody who comes later goes
/// first; a promise that nobody keeps costs its place at most.
package struct RateLine: Sendable, Equatable {
    package enum Turn: Sendable, Equatable {
        case atOnce
        /// Not before then: who comes at that moment asks with it.
        case at(Instant)
    }

    /// In nanoseconds since 1970, as the next.
    private var begun: Int64 = 0
    private var promised: Int64 = 0

    package init() {}

    /// Asks for one; `moment` is what the same was told before.
    package mutating func ask(
        _ rate: Rate,
        promised moment: Instant? = nil,
        at instant: Instant
    ) -> Turn {
        let now = instant.microseconds * 1_000
        // What has begun conformed, so that more than that is a clock set back.
        begun = min(begun, now + rate.tolerance + rate.interval)
        guard let moment, begun - rate.tolerance <= now else { return arrive(rate, now) }
        let due = min(now, max(moment.microseconds * 1_000, now - Limits.rateSlackNanoseconds))
        begun = max(begun, due) + rate.interval
        return .atOnce
    }

    private mutating func arrive(_ rate: Rate, _ now: Int64) -> Turn {
        let last = now + rate.tolerance + Limits.rateHorizonNanoseconds
        let arrival = min(max(promised, begun, now), last)
        promised = arrival + rate.interval
        let moment = arrival - rate.tolerance
        guard moment > now else {
            begun = max(begun, now) + rate.interval
            return .atOnce
        }
        // Rounded up, so that the moment is not before its time.
        return .at(Instant(microseconds: (moment + 999) / 1_000))
    }

    /// Takes back what was asked for and did not come about.
    package mutating func giveBack(_ turn: Turn, _ rate: Rate) {
        if turn == .atOnce { begun -= rate.interval }
        promised -= rate.interval
    }

    /// Takes in the last moment that anybody still waits for.
    ///
    /// Promises that nobody waits for any more are forgotten where `forgetting` says that no other was
    /// made since that was looked up.
    package mutating func learn(last: Instant?, _ rate: Rate, forgetting: Bool) {
        let known = last.map { $0.microseconds * 1_000 + rate.tolerance + rate.interval } ?? 0
        promised = max(known, forgetting ? begun : promised)
    }

    /// How far ahead of its time the next would be told to come.
    package func ahead(_ rate: Rate, at now: Instant) -> Duration {
        .nanoseconds(max(0, promised - rate.tolerance - now.microseconds * 1_000))
    }
}

extension Rate {
    /// By how much those of a burst come before their time, in nanoseconds.
    fileprivate var tolerance: Int64 { Int64(burst - 1) * interval }
}
