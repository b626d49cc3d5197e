package import Values

/// Whether a failed attempt is worth another, and when.
package enum RetryAdvice: Sendable, Equatable {
    case never
    /// After the machine's own back-off.
    case backOff
    /// After the time the server named.
    case after(Duration)
    /// At the date the server named.
    case until(Instant)

    /// What the waiting headers ask for, in the order the providers' own clients look at them;
    /// `backOff` when none can be read.
    package init(waiting reply: HTTPReply) {
        if let milliseconds = Self.number(reply.header("retry-after-ms")) {
            self = .after(Self.duration(seconds: milliseconds / 1_000))
        } else if let seconds = Self.number(reply.header("retry-after")) {
            self = .after(Self.duration(seconds: seconds))
        } else if let date = reply.header("retry-after").flatMap(instant(httpDate:)) {
            self = .until(date)
        } else {
            self = .backOff
        }
    }

    private static func number(_ text: String?) -> Double? {
        guard let text, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// Far beyond any wait that is honoured, amounts need not stay apart.
    private static func duration(seconds: Double) -> Duration {
        .seconds(min(max(seconds, -1), 1e9))
    }
}
