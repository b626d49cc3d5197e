internal import Runs
internal import Storage
internal import Values

/// One list of runs, read along the index that leads to its order.
///
/// Where a query leaves open what the index begins with, such as the flow, the list is put together
/// from one short list for each that the counters know; so no list costs more with every run that
/// is not in it.
struct RunListing {
    private let query: RunQuery
    private let connection: SQLiteConnection
    private let conditions: [String]
    private let values: [SQLiteValue]

    /// The runs of a tree from the outermost on, whose identifier is the one value.
    static let tree =
        "WITH RECURSIVE tree(id, live, depth) AS (SELECT id, live, 0 FROM runs WHERE id=? "
        + "UNION ALL SELECT r.id, r.live, depth+1 FROM tree CROSS JOIN runs r "
        + "INDEXED BY runs_children ON r.parent=tree.id)"

    /// The runs that an owner has a step of.
    private static let owned =
        "SELECT run FROM steps INDEXED BY steps_leased WHERE state='leased' AND work<>'' "
        + "AND json_extract(CAST(body AS TEXT), '$.by')=? UNION SELECT s.run FROM review_people p "
        + "INDEXED BY review_people_person CROSS JOIN steps s INDEXED BY steps_wait "
        + "ON s.wait_kind='decision' AND s.wait_key=p.decision WHERE p.person=? AND p.until>?"

    private static func values(of owner: RunQuery.Owner) -> [SQLiteValue] {
        [.text(owner.name), .text(owner.name), .integer(owner.at.microseconds)]
    }

    init(_ query: RunQuery, _ connection: SQLiteConnection) {
        self.query = query
        self.connection = connection
        var conditions: [String] = []
        var values: [SQLiteValue] = []
        func add(_ condition: String, _ value: SQLiteValue?) {
            guard let value else { return }
            conditions.append(condition)
            values.append(value)
        }
        func among(_ column: String, _ some: [SQLiteValue]) {
            if some.isEmpty { return }
            conditions.append("\(column) IN (\(some.map { _ in "?" }.joined(separator: ",")))")
            values += some
        }
        add("r.flow=?", query.flow.map(SQLiteValue.text))
        among("r.state", query.states.map(\.rawValue).sorted().map(SQLiteValue.text))
        among("r.kind", query.kinds.map(\.rawValue).sorted().map { .integer(Int64($0)) })
        add("r.stage=?", query.stage.map(SQLiteValue.text))
        add("r.stage_since<?", query.stageBefore.map { .integer($0.microseconds) })
        add("r.key=?", query.key.map(SQLiteValue.text))
        add("r.caller=?", query.caller.map(SQLiteValue.text))
        add("r.parent=?", query.parent.map { .blob($0.bytes) })
        for condition in query.conditions {
            let value = SQLiteValue(field: condition.value)
            conditions.append("json_extract(r.fields, ?)\(condition.relation.rawValue)?")
            values += [Self.path(condition.field), value ?? .null]
        }
        self.conditions = conditions
        self.values = values
    }

    static func counts(
        _ flow: String?,
        _ connection: SQLiteConnection
    ) throws -> [StageCount] {
        try connection.rows(
            "SELECT flow, kind, stage, state, count FROM stage_counts WHERE count<>0"
                + (flow == nil ? "" : " AND flow=?") + " ORDER BY flow, kind, stage, state",
            flow.map { [.text($0)] } ?? []
        ).map { try Rows.stageCount($0) }
    }

    /// The runs, in their order.
    func rows() throws -> [RunSummary] {
        let found = try parts().flatMap { part in
            let limit = SQLiteValue.integer(Int64(min(query.limit, Limits.rows)))
            return try connection.rows(part.sql, part.values + [limit]).map {
                try Rows.summary($0)
            }
        }
        return Array(query.sorted(found).prefix(query.limit))
    }

    // MARK: Parts

    struct Part {
        let sql: String
        let values: [SQLiteValue]
    }

    /// The statements whose rows together hold the list.
    func parts() throws -> [Part] {
        if let root = query.root {
            return [treePart(root)]
        }
        if let owner = query.owner {
            let tables = "(\(Self.owned)) o CROSS JOIN runs r ON r.id=o.run"
            return [part(tables, [], Self.values(of: owner))]
        }
        if query.parent != nil { return [part("runs r INDEXED BY runs_children")] }
        let isLive = !query.states.isEmpty && query.states.allSatisfy { !$0.isFinal }
        if query.key != nil, isLive || query.sort == .longestInStage {
            return [part("runs r INDEXED BY runs_key", ["r.live=1"])]
        }
        let counts = try Self.counts(query.flow, connection).map(\.place).filter(isWanted)
        switch query.sort {
        case .longestInStage:
            let stages = Set(counts.map { [$0.flow, $0.stage ?? ""] }).sorted(by: precedes)
            return stages.map { place in
                part(
                    "runs r INDEXED BY runs_stage",
                    ["r.flow=?", "r.stage=?"],
                    place.map(SQLiteValue.text)
                )
            }
        case .field: return Set(counts.map(\.flow)).sorted().map { fieldPart($0) }
        case .newest, .oldest:
            if let equal = query.conditions.first(where: { $0.relation == .equal }) {
                return Set(counts.map(\.flow)).sorted().map { fieldPart($0, equal) }
            }
            let lists = Set(counts.map { [$0.flow, $0.state.rawValue, "\($0.kind.rawValue)"] })
            return lists.sorted(by: precedes).map { place in
                part(
                    "runs r INDEXED BY runs_list",
                    ["r.flow=?", "r.state=?", "r.kind=CAST(? AS INTEGER)"],
                    place.map(SQLiteValue.text)
                )
            }
        }
    }

    private func precedes(_ left: [String], _ right: [String]) -> Bool {
        left.lexicographicallyPrecedes(right)
    }

    private func isWanted(_ place: StageCount.Place) -> Bool {
        (query.states.isEmpty || query.states.contains(place.state))
            && (query.kinds.isEmpty || query.kinds.contains(place.kind))
            && (query.stage.map { $0 == place.stage } ?? true)
            && (query.sort != .longestInStage || place.stage != nil && !place.state.isFinal)
    }

    /// Runs of a flow that have a field, or have it with that value.
    private func fieldPart(_ flow: String, _ equal: RunQuery.Condition? = nil) -> Part {
        var name = equal?.field ?? ""
        if case .field(let field, _) = query.sort { name = field }
        var more = ["f.flow=?", "f.field=?"]
        var bound: [SQLiteValue] = [.text(flow), .text(name)]
        for condition in query.conditions where condition.field == name {
            more.append("f.value\(condition.relation.rawValue)?")
            bound.append(SQLiteValue(field: condition.value) ?? .null)
        }
        return part("run_fields f CROSS JOIN runs r ON r.id=f.run", more, bound)
    }

    /// The runs of a tree.
    private func treePart(_ root: Identifier) -> Part {
        let rest = part(
            "tree CROSS JOIN runs r ON r.id=tree.id",
            query.owner.map { _ in ["r.id IN (\(Self.owned))"] } ?? [],
            query.owner.map(Self.values) ?? []
        )
        return Part(sql: "\(Self.tree) \(rest.sql)", values: [.blob(root.bytes)] + rest.values)
    }

    private func part(
        _ tables: String,
        _ more: [String] = [],
        _ bound: [SQLiteValue] = []
    ) -> Part {
        let order = Order(query.sort, hasFields: tables.contains("run_fields"))
        var all = more + conditions
        var values = bound + self.values
        if let after = query.after {
            let value = after.value.flatMap { SQLiteValue(field: $0) } ?? .null
            all.append(order.behind)
            values += order.path
            if order.hasValue { values.append(value) }
            values.append(.blob(after.run.bytes))
        }
        if query.sort == .longestInStage { all += ["r.live=1", "r.stage IS NOT NULL"] }
        if !order.path.isEmpty {
            all.append("\(order.value) IS NOT NULL")
            values += order.path
        }
        let filter = all.isEmpty ? "" : " WHERE " + all.joined(separator: " AND ")
        return Part(
            sql:
                "SELECT \(Rows.summaryColumns) FROM \(tables)\(filter) ORDER BY \(order.by) LIMIT ?",
            values: values + order.path
        )
    }

    /// The order of a list in SQL.
    private struct Order {
        /// What comes before the identifier in the order; empty where nothing does.
        var value = ""
        var id = "r.id"
        var isDescending = false
        /// Bound wherever `value` stands.
        var path: [SQLiteValue] = []

        init(_ sort: RunQuery.Sort, hasFields: Bool) {
            if hasFields { id = "f.run" }
            switch sort {
            case .newest: isDescending = true
            case .oldest: return
            case .longestInStage: value = "r.stage_since"
            case .field(let name, let descending):
                isDescending = descending
                value = hasFields ? "f.value" : "json_extract(r.fields, ?)"
                if !hasFields { path = [RunListing.path(name)] }
            }
        }

        var hasValue: Bool { !value.isEmpty }

        var by: String {
            let turn = isDescending ? " DESC" : ""
            return (hasValue ? "\(value)\(turn), " : "") + id + turn
        }

        /// Values: those of `path`, the value where there is one, the identifier.
        var behind: String {
            let sign = isDescending ? "<" : ">"
            return hasValue ? "(\(value), \(id))\(sign)(?,?)" : "\(id)\(sign)?"
        }
    }

    /// A field's place in the column `fields`; a name that cannot be one leads nowhere.
    private static func path(_ name: String) -> SQLiteValue {
        let isName = name.utf8.allSatisfy { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        return isName ? .text("$.\"\(name)\"") : .null
    }
}
