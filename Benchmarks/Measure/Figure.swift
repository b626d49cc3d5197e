internal import Values

/// What a figure has to reach, and how it is compared with its floor.
enum Goal: Sendable {
    /// Subject over floor.
    case ratioAtLeast(Double)
    case ratioAtMost(Double)
    /// What the subject takes beyond its floor, in the figure's unit.
    case addedUnder(Double)
    /// The subject alone, in the figure's unit.
    case under(Double)
    case atLeast(Double)

    var text: String {
        switch self {
        case .ratioAtLeast(let value): "ratio >= \(Figure.shown(value))"
        case .ratioAtMost(let value): "ratio <= \(Figure.shown(value))"
        case .addedUnder(let value): "added < \(Figure.shown(value))"
        case .under(let value): "< \(Figure.shown(value))"
        case .atLeast(let value): ">= \(Figure.shown(value))"
        }
    }
}

/// One figure beside its floor.
struct Figure: Sendable {
    let name: String
    let unit: String
    /// 0 where there is none to compare with.
    let floor: Double
    let subject: Double
    /// Subject over floor: the median of the rounds' own ratios where there were rounds.
    var ratio: Double
    /// From the heap, each time the subject runs; nothing where that was not counted.
    var allocations: Double?
    var goal: Goal?
    /// Where reaching another figure's goal is enough, whether that one is reached.
    var isExcused = false

    init(
        _ name: String,
        unit: String,
        floor: Double = 0,
        subject: Double,
        ratio: Double? = nil,
        goal: Goal? = nil
    ) {
        self.name = name
        self.unit = unit
        self.floor = floor
        self.subject = subject
        self.ratio = ratio ?? subject / floor
        self.goal = goal
    }

    var isMet: Bool? {
        if isExcused { return true }
        return switch goal {
        case .ratioAtLeast(let value)?: ratio >= value
        case .ratioAtMost(let value)?: ratio <= value
        case .addedUnder(let value)?: subject - floor < value
        case .under(let value)?: subject < value
        case .atLeast(let value)?: subject >= value
        case nil: nil
        }
    }

    var json: JSON {
        [
            "name": .string(name), "unit": .string(unit),
            "floor": floor > 0 ? .double(floor) : .null,
            "subject": .double(subject), "ratio": floor > 0 ? .double(ratio) : .null,
            "goal": (goal?.text).map(JSON.string) ?? .null,
            "met": isMet.map(JSON.bool) ?? .null,
            "allocations": allocations.map(JSON.double) ?? .null,
        ]
    }

    /// Columns of the table of figures, under `heads`.
    var cells: [String] {
        [
            name, unit, floor > 0 ? Self.shown(floor) : "", Self.shown(subject),
            floor > 0 ? Self.shown(ratio) : "", goal?.text ?? "",
            isMet.map { $0 ? "yes" : "NO" } ?? "", allocations.map(Self.shown) ?? "",
        ]
    }

    static let heads = ["figure", "unit", "floor", "subject", "ratio", "goal", "met", "allocs"]

    static func shown(_ value: Double) -> String {
        JSON.ecmaScript(value.magnitude < 100 ? (value * 100).rounded() / 100 : value.rounded())
    }
}

/// The middle one; of an even count the upper.
func median(_ values: [Double]) -> Double {
    precondition(!values.isEmpty, "there is no middle of nothing")
    return values.sorted()[values.count / 2]
}

/// The one that so large a share of them does not exceed.
func value(_ values: [Double], at share: Double) -> Double {
    precondition(!values.isEmpty, "there is no share of nothing")
    let place = Int((Double(values.count) * share).rounded(.up)) - 1
    return values.sorted()[min(values.count - 1, max(0, place))]
}

/// Rows under heads, the first column to the left and the others to the right.
func table(_ heads: [String], _ rows: [[String]]) -> String {
    let widths = heads.indices.map { column in
        ([heads] + rows).map { $0[column].count }.max() ?? 0
    }
    return ([heads] + rows).map { row in
        row.indices.map { column in
            let space = String(repeating: " ", count: widths[column] - row[column].count)
            return column == 0 ? row[column] + space : space + row[column]
        }.joined(separator: "  ") + "\n"
    }.joined()
}
