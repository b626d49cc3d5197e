internal import Runs
internal import Values

/// What a query means, row by row.
extension RunQuery {
    /// Whether a run is of the list, but for the tree it is to be in.
    func matches(_ run: Run) -> Bool {
        let summary = RunSummary(run)
        return (flow.map { $0 == run.plan.flow } ?? true)
            && (states.isEmpty || states.contains(run.state))
            && (kinds.isEmpty || kinds.contains(run.kind))
            && (stage.map { $0 == run.stage } ?? true)
            && (stageBefore.map { run.stageSince < $0 } ?? true)
            && (key.map { $0 == run.key } ?? true)
            && (caller.map { $0 == run.caller } ?? true)
            && (parent.map { $0 == run.parent?.run } ?? true)
            && conditions.allSatisfy { $0.holds(run.fields) }
            && isSortable(run)
            && (after.map { precedes($0, cursor(summary)) } ?? true)
    }

    private func isSortable(_ run: Run) -> Bool {
        switch sort {
        case .newest, .oldest: true
        case .longestInStage: run.stage != nil && !run.state.isFinal
        case .field(let name, _): run.fields[name].flatMap { FieldValue($0) } != nil
        }
    }

    /// The runs in the order of the query.
    package func sorted(_ runs: [RunSummary]) -> [RunSummary] {
        runs.sorted { precedes(cursor($0), cursor($1)) }
    }

    private func precedes(_ left: Cursor, _ right: Cursor) -> Bool {
        let a = left.value.flatMap { FieldValue($0) }
        let b = right.value.flatMap { FieldValue($0) }
        switch sort {
        case .newest: return right.run < left.run
        case .field(_, descending: true):
            if let a, let b, a != b { return b < a }
            return right.run < left.run
        case .oldest, .longestInStage, .field:
            if let a, let b, a != b { return a < b }
            return left.run < right.run
        }
    }
}

extension RunQuery.Condition {
    fileprivate func holds(_ fields: [String: JSON]) -> Bool {
        guard let mine = fields[field].flatMap({ FieldValue($0) }), let other = FieldValue(value)
        else { return false }
        switch relation {
        case .equal: return mine == other
        case .less: return mine < other
        case .greater: return other < mine
        }
    }
}

/// A field's value as it is ordered: numbers, with booleans as 0 and 1, before texts by their bytes.
private enum FieldValue: Comparable {
    case number(JSON)
    case text(String)

    init?(_ json: JSON) {
        switch json {
        case .int, .uint, .double: self = .number(json)
        case .bool(let value): self = .number(value ? 1 : 0)
        case .string(let text): self = .text(text)
        case .null, .array, .object: return nil
        }
    }

    static func == (left: FieldValue, right: FieldValue) -> Bool {
        switch (left, right) {
        case (.number(let a), .number(let b)): a == b
        case (.text(let a), .text(let b)): identical(a, b)
        default: false
        }
    }

    static func < (left: FieldValue, right: FieldValue) -> Bool {
        switch (left, right) {
        case (.number(let a), .number(let b)): NumberOrder.compare(a, b) == .less
        case (.number, .text): true
        case (.text, .number): false
        case (.text(let a), .text(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
        }
    }
}

extension StageCount.Place: Comparable {
    package static func < (left: StageCount.Place, right: StageCount.Place) -> Bool {
        let a = (left.flow, left.kind.rawValue, left.stage ?? "", left.state.rawValue)
        return a < (right.flow, right.kind.rawValue, right.stage ?? "", right.state.rawValue)
    }
}
