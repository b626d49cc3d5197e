package import Values

/// What the calls of one policy to one model came to in a quarter of an hour: a projection of the
/// log's entries that is kept by the transactions that write them, and never counted anew.
package struct CallTally: Sendable, Equatable {
    package struct Key: Sendable, Hashable {
        /// The first instant of the quarter, in UTC; every zone's days begin at one.
        package let quarter: Instant
        package let policy: String
        /// The name under `models:`.
        package let model: String

        package init(at instant: Instant, policy: String, model: String) {
            let length: Int64 = 900_000_000
            quarter = Instant(
                microseconds: floorDivide(instant.microseconds, length) * length
            )
            self.policy = policy
            self.model = model
        }
    }

    package let key: Key
    /// Questions put to the model, those answered from the cache included.
    package var calls: Int64 = 0
    /// Requests on the wire, retries included.
    package var attempts: Int64 = 0
    package var answered: Int64 = 0
    /// Answered without asking.
    package var cached: Int64 = 0
    package var inputTokens: Int64 = 0
    package var outputTokens: Int64 = 0
    /// In 10^-12 USD.
    package var cost: Int64 = 0
    /// Attempts that did not serve, by kind.
    package var failures: [String: Int64] = [:]
    package var latency = LatencyHistogram()

    package init(_ key: Key) { self.key = key }

    /// Adds what another tally counted, whatever its key.
    package mutating func add(_ other: CallTally) {
        calls += other.calls
        attempts += other.attempts
        answered += other.answered
        cached += other.cached
        inputTokens += other.inputTokens
        outputTokens += other.outputTokens
        cost += other.cost
        failures.merge(other.failures, uniquingKeysWith: +)
        latency.add(other.latency)
    }

    /// The stored form, without the key.
    package var json: JSON {
        [
            "calls": .int(calls), "attempts": .int(attempts), "answered": .int(answered),
            "cached": .int(cached), "input_tokens": .int(inputTokens),
            "output_tokens": .int(outputTokens), "cost_picodollars": .int(cost),
            "failures": .object(
                JSONObject(
                    uniqueMembers: failures.keys.sorted().map { .init($0, .int(failures[$0] ?? 0)) }
                )
            ),
            "latency": latency.json,
        ]
    }

    /// Reads the stored form; nothing when it is not that.
    package init?(_ key: Key, json: JSON) {
        self.init(key)
        guard let calls = json["calls"]?.integer, let attempts = json["attempts"]?.integer,
            let answered = json["answered"]?.integer, let cached = json["cached"]?.integer,
            let input = json["input_tokens"]?.integer,
            let output = json["output_tokens"]?.integer,
            let cost = json["cost_picodollars"]?.integer,
            let kinds = json["failures"]?.object,
            let latency = json["latency"].flatMap(LatencyHistogram.init)
        else { return nil }
        self.calls = calls
        self.attempts = attempts
        self.answered = answered
        self.cached = cached
        inputTokens = input
        outputTokens = output
        self.cost = cost
        self.latency = latency
        for kind in kinds.members { failures[kind.name] = kind.value.integer ?? 0 }
    }
}

/// How long calls took, counted in steps of a quarter of an octave: percentiles within 9 %.
package struct LatencyHistogram: Sendable, Equatable {
    /// By step; step `n` ends at 2^(n/4) microseconds.
    private var counts: [Int: Int64] = [:]

    package init() {}

    package var total: Int64 { counts.values.reduce(0, +) }

    /// Counts one call.
    package mutating func add(_ duration: Duration) {
        counts[Self.step(duration.wholeMicroseconds), default: 0] += 1
    }

    /// Counts the other's calls too.
    package mutating func add(_ other: LatencyHistogram) {
        counts.merge(other.counts, uniquingKeysWith: +)
    }

    /// The time that such a share of the calls took at most; nothing where there were none.
    package func percentile(_ share: Double) -> Duration? {
        let wanted = max(1, Int64((Double(total) * share).rounded(.up)))
        var seen: Int64 = 0
        for step in counts.keys.sorted() {
            seen += counts[step] ?? 0
            if seen >= wanted { return .microseconds(Self.end(of: step)) }
        }
        return nil
    }

    /// The steps that have any calls: the longest time of each, and how many.
    package var steps: [(longest: Duration, count: Int64)] {
        counts.keys.sorted().map { (.microseconds(Self.end(of: $0)), counts[$0] ?? 0) }
    }

    package var json: JSON {
        .object(
            JSONObject(
                uniqueMembers: counts.keys.sorted().map { .init("\($0)", .int(counts[$0] ?? 0)) }
            )
        )
    }

    package init?(json: JSON) {
        guard let object = json.object else { return nil }
        for member in object.members {
            guard let step = Int(member.name), let count = member.value.integer else { return nil }
            counts[step] = count
        }
    }

    /// The fourths of an octave, in parts of 2^16, so that no logarithm is needed.
    private static let quarters: [UInt64] = [65_536, 77_936, 92_682, 110_218]

    private static func step(_ microseconds: Int64) -> Int {
        let value = UInt64(max(1, min(microseconds, 1 << 46)))
        let octave = 63 - value.leadingZeroBitCount
        let scaled = octave >= 16 ? value >> (octave - 16) : value << (16 - octave)
        let quarter = quarters.lastIndex { $0 <= scaled } ?? 0
        return octave * 4 + quarter + 1
    }

    private static func end(of step: Int) -> Int64 {
        let (octave, quarter) = (step / 4, step % 4)
        return Int64((quarters[quarter] << octave) >> 16)
    }
}
