internal import Values

/// The first record of a CSV file, and what it makes of the others: each cell gets the type that
/// the policy's input declares for its place, an empty one is left out.
struct CSVHeader: Sendable {
    private struct Column: Sendable {
        let name: String
        /// What JSON Schema says of the place it goes to: `string` where it says nothing.
        let type: String
    }

    private let columns: [Column]

    init(_ bytes: [UInt8], map: FieldMap?, schema: JSON) throws(BadLine.Reason) {
        var names = try CSVHeader.cells(bytes)
        if let first = names.first, first.hasPrefix("\u{FEFF}") {
            names[0] = String(first.unicodeScalars.dropFirst())
        }
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted {
            throw BadLine.Reason("names the column '\(name)' twice")
        }
        columns = names.map { name in
            let targets = map?.pairs.filter { $0.source == FieldMap.path(name[...]) }.map(\.target)
            let target = targets?.first ?? FieldMap.path(name[...])
            return Column(name: name, type: CSVHeader.type(at: target, in: schema))
        }
    }

    func fields(of bytes: [UInt8]) throws(BadLine.Reason) -> JSON {
        let cells = try CSVHeader.cells(bytes)
        guard cells.count == columns.count else {
            throw BadLine.Reason("has \(cells.count) cells; the header has \(columns.count)")
        }
        var object = JSONObject()
        for (column, cell) in zip(columns, cells) where !cell.isEmpty {
            object = FieldMap.setting(
                try value(of: cell, in: column),
                at: FieldMap.path(column.name[...])[...],
                in: object
            )
        }
        return .object(object)
    }

    private func value(of cell: String, in column: Column) throws(BadLine.Reason) -> JSON {
        switch column.type {
        case "number", "integer", "boolean":
            let value = try? JSON.read(Array(cell.utf8))
            if let value, value.number != nil || value.bool != nil { return value }
            throw BadLine.Reason("column '\(column.name)' needs a \(column.type); got '\(cell)'")
        default: return .string(cell)
        }
    }

    private static func type(at path: [String], in schema: JSON) -> String {
        var place: JSON? = schema
        for name in path { place = place?["properties"]?[name] }
        switch place?["type"] {
        case .string(let type)?: return type
        case .array(let types)?:
            return types.compactMap(\.string).first { $0 != "null" } ?? "string"
        default: return "string"
        }
    }

    /// One record's cells; the record may span lines inside quotes.
    private static func cells(_ bytes: [UInt8]) throws(BadLine.Reason) -> [String] {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw BadLine.Reason("is not valid UTF-8")
        }
        do {
            return try CSV.record(text)
        } catch {
            throw BadLine.Reason(error.message)
        }
    }
}
