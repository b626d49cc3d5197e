internal import Decisions
internal import Engine
internal import Values

/// What a job came to, by route: how many, their share, cost and time.
struct RouteTable {
    private struct Tally {
        var count = 0
        var cost: Int64 = 0
        var times: [Int64] = []
    }

    private var tallies: [String: Tally] = [:]
    private(set) var total = 0

    mutating func add(_ record: DecisionRecord) {
        total += 1
        let name = Self.name(of: record)
        tallies[name, default: Tally()].count += 1
        tallies[name, default: Tally()].cost += record.cost
        tallies[name, default: Tally()].times.append(
            (record.updatedAt - record.createdAt).wholeMicroseconds
        )
    }

    /// Routes in the order of who decides, then how else a step ended.
    private static func name(of record: DecisionRecord) -> String {
        switch record.state {
        case .decided: record.route?.rawValue ?? "decided"
        case .review: "review (waiting)"
        case .asking: "model (asking)"
        case .rejected, .failed, .withdrawn: record.state.rawValue
        }
    }

    private static let order = [
        "rules", "model", "fallback", "review", "review (waiting)", "model (asking)", "rejected",
        "failed", "withdrawn",
    ]

    private var names: [String] { Self.order.filter { tallies[$0] != nil } }

    var table: Table {
        var table = Table([
            .init("route"), .init("count", number: true), .init("share", number: true),
            .init("cost USD", number: true), .init("p50", number: true), .init("p95", number: true),
        ])
        for name in names {
            let tally = tallies[name] ?? Tally()
            table.add([
                name, "\(tally.count)", percent(tally.count), dollars(tally.cost),
                time(tally.times, 0.5), time(tally.times, 0.95),
            ])
        }
        table.add([
            "all", "\(total)", percent(total), dollars(tallies.values.reduce(0) { $0 + $1.cost }),
            "", "",
        ])
        return table
    }

    var json: JSON {
        .object(
            JSONObject(
                uniqueMembers: names.map { name in
                    let tally = tallies[name] ?? Tally()
                    return .init(
                        name,
                        [
                            "count": .int(Int64(tally.count)),
                            "share": .double(total > 0 ? Double(tally.count) / Double(total) : 0),
                            "cost_usd": .double(Double(tally.cost) / 1e12),
                            "p50_microseconds": .int(quantile(tally.times, 0.5)),
                            "p95_microseconds": .int(quantile(tally.times, 0.95)),
                        ]
                    )
                }
            )
        )
    }

    private func percent(_ count: Int) -> String {
        guard total > 0 else { return "-" }
        let tenths = Int((Double(count) / Double(total) * 1_000).rounded())
        return "\(tenths / 10).\(tenths % 10) %"
    }

    private func dollars(_ picodollars: Int64) -> String {
        let micro = picodollars / 1_000_000
        return "\(micro / 1_000_000).\(padded(micro % 1_000_000, 6))"
    }

    private func quantile(_ times: [Int64], _ share: Double) -> Int64 {
        guard !times.isEmpty else { return 0 }
        let sorted = times.sorted()
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    private func time(_ times: [Int64], _ share: Double) -> String {
        let microseconds = quantile(times, share)
        // A rule's decision is made at one instant; there is no time to tell.
        if microseconds == 0 { return "-" }
        if microseconds < 10_000 { return "\(microseconds) us" }
        if microseconds < 10_000_000 { return "\(microseconds / 1_000) ms" }
        return "\(microseconds / 1_000_000) s"
    }
}
