internal import Autonomy
internal import Decisions
internal import Values

/// How the models of a workspace do, from the tallies of a while and their last known states.
struct ModelReport {
    private struct Row {
        let name: String
        let shape: String
        let state: ModelState?
        let sum: CallTally
        /// Requests a minute in the last quarters of an hour.
        let rate: Double
    }

    private let rows: [Row]
    private let now: Instant

    init(
        models: [String: ModelDefinition],
        tallies: [CallTally],
        states: [ModelState],
        now: Instant
    ) {
        self.now = now
        // Models of earlier releases have tallies too.
        let names = Set(models.keys).union(tallies.map(\.key.model))
        rows = names.sorted().map { name in
            var sum = CallTally(CallTally.Key(at: now, policy: "", model: name))
            for tally in tallies where tally.key.model == name { sum.add(tally) }
            return Row(
                name: name,
                shape: models[name]?.shape.rawValue ?? "-",
                state: states.first { $0.model == name },
                sum: sum,
                rate: Self.rate(tallies.filter { $0.key.model == name }, now)
            )
        }
    }

    private static func rate(_ tallies: [CallTally], _ now: Instant) -> Double {
        let recent = tallies.filter { $0.key.quarter >= now - .seconds(1_800) }
        guard let first = recent.map(\.key.quarter).min(), now > first else { return 0 }
        let attempts = recent.reduce(0) { $0 + $1.attempts }
        let minutes = Double((now - first).wholeMicroseconds) / 60_000_000
        return Double(attempts) / max(minutes, 1)
    }

    var table: Table {
        var table = Table([
            .init("model"), .init("shape"), .init("state"), .init("calls", number: true),
            .init("answered", number: true), .init("requests", number: true),
            .init("a minute", number: true),
            .init("p50", number: true), .init("p95", number: true), .init("p99", number: true),
            .init("tokens in", number: true), .init("out", number: true),
            .init("spend USD", number: true),
        ])
        for row in rows {
            let sum = row.sum
            table.add([
                row.name, row.shape, state(row.state), "\(sum.calls)", share(sum),
                "\(sum.attempts)", JSON.ecmaScript((row.rate * 10).rounded() / 10),
                time(sum.latency.percentile(0.5)), time(sum.latency.percentile(0.95)),
                time(sum.latency.percentile(0.99)), "\(sum.inputTokens)", "\(sum.outputTokens)",
                dollars(sum.cost),
            ])
        }
        return table
    }

    /// A line for each model that failed at something: what, and how often.
    var errors: [String] {
        rows.compactMap { row in
            let kinds = row.sum.failures.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            guard !kinds.isEmpty else { return nil }
            let told = kinds.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            return "\(row.name): \(told)"
        }
    }

    var json: JSON {
        .array(
            rows.map { row in
                let sum = row.sum
                func time(_ share: Double) -> JSON {
                    sum.latency.percentile(share).map { .int($0.wholeMicroseconds) } ?? .null
                }
                return [
                    "model": .string(row.name), "shape": .string(row.shape),
                    "breaker": .string(row.state?.breaker.rawValue ?? "closed"),
                    "since": row.state.map { .string($0.since.rfc3339) } ?? .null,
                    "until": (row.state?.until?.rfc3339).map(JSON.string) ?? .null,
                    "calls": .int(sum.calls), "attempts": .int(sum.attempts),
                    "requests_a_minute": .double(row.rate),
                    "answered": .int(sum.answered), "cached": .int(sum.cached),
                    "failures": sum.json["failures"] ?? [:],
                    "p50_microseconds": time(0.5), "p95_microseconds": time(0.95),
                    "p99_microseconds": time(0.99), "input_tokens": .int(sum.inputTokens),
                    "output_tokens": .int(sum.outputTokens),
                    "cost_usd": .double(Double(sum.cost) / 1e12),
                ]
            }
        )
    }

    /// As the engine last wrote it; one that was open and is past its time has not been tried yet.
    private func state(_ state: ModelState?) -> String {
        guard let state, state.breaker != .closed else { return "closed" }
        guard let until = state.until, now < until else { return state.breaker.rawValue }
        return "open, \((until - now).components.seconds + 1) s"
    }

    private func share(_ sum: CallTally) -> String {
        guard sum.calls > 0 else { return "-" }
        let tenths = Int((Double(sum.answered) / Double(sum.calls) * 1_000).rounded())
        return "\(tenths / 10).\(tenths % 10) %"
    }

    private func time(_ duration: Duration?) -> String {
        guard let microseconds = duration?.wholeMicroseconds else { return "-" }
        if microseconds < 10_000 { return "\(microseconds) us" }
        if microseconds < 10_000_000 { return "\(microseconds / 1_000) ms" }
        return "\(microseconds / 1_000_000) s"
    }

    private func dollars(_ picodollars: Int64) -> String {
        let micro = picodollars / 1_000_000
        return "\(micro / 1_000_000).\(padded(micro % 1_000_000, 6))"
    }
}
