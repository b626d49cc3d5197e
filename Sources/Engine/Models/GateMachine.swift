package import Autonomy

/// Decides when a call to one model may go: rates, pauses that the server asks for, and the circuit
/// breaker.
///
/// How many are in flight is the driver's `ModelGate` to bound.
///
/// Times are the driver's uptime. A turn is given at once or for a moment to come, in the order
/// asked, so that nobody who waits is overtaken.
package struct GateMachine: Sendable, Equatable {
    package enum Turn: Sendable, Equatable {
        /// Go then; the moment may be now.
        case go(at: Duration)
        /// The breaker is open; asking again before then is of no use.
        case closed(until: Duration)
    }

    /// How a call ended, as far as the gate cares.
    package enum End: Sendable, Equatable {
        /// The server answered, whatever it said.
        case answered
        /// It did not, or said that it cannot.
        case unavailable
        /// It asked for fewer calls, and for a pause where it named one.
        case limited(pause: Duration?)
        /// The caller gave up; nothing is known.
        case abandoned
    }

    /// The circuit breaker: `closed` lets calls through, `open` none, `halfOpen` one probe.
    package enum Breaker: Sendable, Equatable {
        case closed(failures: Int)
        case open(until: Duration, since: Duration, length: Duration)
        case halfOpen(probing: Bool, length: Duration)
    }

    private let limits: ModelLimits
    package private(set) var breaker = Breaker.closed(failures: 0)
    private var requests: Pace?
    private var tokens: Pace?
    private var pausedUntil = Duration.zero

    package init(_ limits: ModelLimits) {
        self.limits = limits
        requests = limits.requestsPerMinute.map { Pace(perMinute: Double($0)) }
        tokens = limits.tokensPerMinute.map { Pace(perMinute: Double($0)) }
    }

    /// Whether a call would be turned away now; until when.
    package func isClosed(at now: Duration) -> Duration? {
        switch breaker {
        case .closed: nil
        case .open(let until, _, _): now < until ? until : nil
        case .halfOpen(let probing, _): probing ? now + Limits.probePause : nil
        }
    }

    /// Asks for a turn; `estimate` is how many tokens the call may take.
    package mutating func turn(at now: Duration, estimate: Int64) -> Turn {
        if let until = isClosed(at: now) { return .closed(until: until) }
        if case .open(_, _, let length) = breaker {
            breaker = .halfOpen(probing: true, length: length)
        } else if case .halfOpen(_, let length) = breaker {
            breaker = .halfOpen(probing: true, length: length)
        }
        var at = max(now, pausedUntil)
        if requests != nil { at = max(at, requests?.take(1, at: now) ?? at) }
        if tokens != nil { at = max(at, tokens?.take(Double(estimate), at: now) ?? at) }
        return .go(at: at)
    }

    /// Records how a call ended; `spent` are its tokens where the server told.
    package mutating func ended(
        _ end: End,
        at now: Duration,
        estimate: Int64,
        spent: Int64?
    ) {
        if let spent { tokens?.give(back: Double(estimate - spent)) }
        switch end {
        case .answered: breaker = .closed(failures: 0)
        case .unavailable: failed(at: now)
        case .limited(let pause):
            let wait = min(pause ?? Limits.limitedPause, Limits.serverWait)
            pausedUntil = max(pausedUntil, now + wait)
            // The server is there: a probe that hears so has found what it was for.
            if case .halfOpen = breaker { breaker = .closed(failures: 0) }
        case .abandoned:
            if case .halfOpen(_, let length) = breaker {
                breaker = .halfOpen(probing: false, length: length)
            }
        }
    }

    /// What a reply's headers say of what is left: no call before then.
    package mutating func pause(until: Duration) { pausedUntil = max(pausedUntil, until) }

    private mutating func failed(at now: Duration) {
        switch breaker {
        case .closed(let failures) where failures + 1 < limits.breakerFailures:
            breaker = .closed(failures: failures + 1)
        case .closed: open(for: limits.breakerOpen, at: now)
        case .halfOpen(_, let length): open(for: min(length * 2, longestOpen), at: now)
        // A call that began before it opened tells nothing new.
        case .open: break
        }
    }

    private var longestOpen: Duration { max(Limits.longestOpen, limits.breakerOpen) }

    private mutating func open(for length: Duration, at now: Duration) {
        breaker = .open(until: now + length, since: now, length: length)
    }
}

/// So much a minute, with bursts: an amount taken beyond what there is comes due later.
///
/// In no minute more is let through than the rate, as the burst is taken off the flow.
private struct Pace: Sendable, Equatable {
    private let burst: Double
    /// A second.
    private let flow: Double
    /// What is there; below zero for turns given ahead of time.
    private var level: Double
    private var last = Duration.zero

    init(perMinute: Double) {
        burst = max(1, perMinute / 12)
        flow = max(perMinute - burst, perMinute / 2) / 60
        level = burst
    }

    /// When the amount is there; a call larger than the burst goes when the burst is full.
    mutating func take(_ amount: Double, at now: Duration) -> Duration {
        level = min(burst, level + (now - last).seconds * flow)
        last = now
        level -= amount
        let missing = max(-level, 0)
        return now + .seconds(min(missing / flow, 86_400))
    }

    mutating func give(back amount: Double) { level = min(burst, level + amount) }
}

extension Duration {
    /// Nearest double.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
