internal import Decisions
internal import Values

/// What calls cost, by policy and model or by day.
struct SpendReport {
    enum Grouping: String {
        case policy
        /// Of UTC; a budget's own zone is the budget's.
        case day
    }

    private struct Group: Hashable {
        let first: String
        let second: String
    }

    private let grouping: Grouping
    private let sums: [(group: Group, sum: CallTally)]

    init(_ tallies: [CallTally], by grouping: Grouping) {
        self.grouping = grouping
        var sums: [Group: CallTally] = [:]
        for tally in tallies {
            let group =
                switch grouping {
                case .policy: Group(first: tally.key.policy, second: tally.key.model)
                case .day:
                    Group(first: String(tally.key.quarter.rfc3339.prefix(10)), second: "")
                }
            sums[group, default: CallTally(tally.key)].add(tally)
        }
        self.sums = sums.map { ($0.key, $0.value) }.sorted {
            ($0.group.first, $0.group.second) < ($1.group.first, $1.group.second)
        }
    }

    /// Prints a table, or JSON.
    func show(_ call: Invocation) {
        let terminal = Terminal.standard
        if call.wantsJSON { return terminal.print(json) }
        let isByPolicy = grouping == .policy
        var table = Table(
            [.init(grouping.rawValue)] + (isByPolicy ? [.init("model")] : []) + [
                .init("calls", number: true), .init("tokens in", number: true),
                .init("out", number: true), .init("spend USD", number: true),
            ]
        )
        for (group, sum) in sums {
            let micro = sum.cost / 1_000_000
            table.add(
                [group.first] + (isByPolicy ? [group.second] : []) + [
                    "\(sum.calls)", "\(sum.inputTokens)", "\(sum.outputTokens)",
                    "\(micro / 1_000_000).\(padded(micro % 1_000_000, 6))",
                ]
            )
        }
        for line in table.lines(width: terminal.width) { terminal.print(line) }
    }

    private var json: JSON {
        .array(
            sums.map { group, sum in
                var members: [JSONObject.Member] = [
                    .init(grouping.rawValue, .string(group.first))
                ]
                if grouping == .policy { members.append(.init("model", .string(group.second))) }
                members += [
                    .init("calls", .int(sum.calls)), .init("input_tokens", .int(sum.inputTokens)),
                    .init("output_tokens", .int(sum.outputTokens)),
                    .init("cost_usd", .double(Double(sum.cost) / 1e12)),
                ]
                return .object(JSONObject(uniqueMembers: members))
            }
        )
    }
}
