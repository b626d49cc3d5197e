internal import Values

/// What a reply's headers say of how much may still be asked.
///
/// OpenAI: `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, resets as `6m0s` or `41ms`.
/// Anthropic: `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,
/// reset}`, resets as RFC 3339. Limits of zero or less and remainders below zero, which Azure
/// sends, mean unknown.
struct RateHeaders {
    private let reply: HTTPReply

    init(_ reply: HTTPReply) { self.reply = reply }

    /// How long to wait before a call of that many tokens; nothing when there is room or no word.
    func pause(tokens: Int64, now: Instant) -> Duration? {
        var waits: [Duration] = []
        for kind in ["requests", "tokens"] {
            let need: Int64 = kind == "requests" ? 1 : tokens
            waits.append(
                wait(
                    limit: number("x-ratelimit-limit-\(kind)"),
                    remaining: number("x-ratelimit-remaining-\(kind)"),
                    reset: reply.header("x-ratelimit-reset-\(kind)").flatMap(Self.duration),
                    need: need
                )
            )
        }
        for kind in ["requests", "tokens", "input-tokens", "output-tokens"] {
            let name = "anthropic-ratelimit-\(kind)"
            let reset = reply.header("\(name)-reset").flatMap { Instant(rfc3339: $0) }
            waits.append(
                wait(
                    limit: number("\(name)-limit"),
                    remaining: number("\(name)-remaining"),
                    reset: reset.map { $0 - now },
                    need: kind == "requests" ? 1 : tokens
                )
            )
        }
        guard let longest = waits.max(), longest > .zero else { return nil }
        return min(longest, Limits.serverWait)
    }

    /// Until there is enough, taken to come back evenly until the reset.
    private func wait(
        limit: Int64?,
        remaining: Int64?,
        reset: Duration?,
        need: Int64
    ) -> Duration {
        guard let remaining, remaining >= 0, (limit ?? 1) > 0, let reset, reset > .zero,
            remaining < need
        else { return .zero }
        guard let limit, limit > remaining else { return reset }
        let missing = Double(min(need, limit) - remaining) / Double(limit - remaining)
        return reset * max(missing, 0)
    }

    private func number(_ name: String) -> Int64? { reply.header(name).flatMap { Int64($0) } }

    /// `1h2m3.5s`, `41ms` or plain seconds.
    static func duration(_ text: String) -> Duration? {
        if let seconds = Double(text) {
            return seconds.isFinite && (0...1e9).contains(seconds) ? .seconds(seconds) : nil
        }
        var total = 0.0
        var rest = text[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let value = Double(digits), value.isFinite else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            guard let seconds = ["ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400][unit]
            else { return nil }
            total += value * seconds
            rest = rest.dropFirst(unit.count)
        }
        return text.isEmpty || total > 1e9 ? nil : .seconds(total)
    }
}
