internal import Values

/// What an answer must look like, and which of its values the classifier chooses.
struct AnswerForm {
    /// An answer's text in three parts; the middle one is the label as it is written.
    struct Text {
        let before: String
        let label: String
        let after: String
    }

    let labels: [String]
    private let schema: JSON?
    private let field: String?

    /// The label alone.
    init(bare labels: [String]) {
        self.labels = labels
        schema = nil
        field = nil
    }

    /// An object of this schema; nothing when none of its properties is an enum of strings.
    init?(schema: JSON) {
        for property in schema["properties"]?.object?.members ?? [] {
            let labels = property.value["enum"]?.array?.compactMap(\.string) ?? []
            guard !labels.isEmpty else { continue }
            self.labels = labels
            self.schema = schema
            field = property.name
            return
        }
        return nil
    }

    func text(choosing chosen: Int, _ p: Double) -> Text {
        let label = labels[chosen]
        guard let schema, let field else { return Text(before: "", label: label, after: "") }
        var before = "{"
        var after = ""
        var isBefore = true
        for property in schema["properties"]?.object?.members ?? [] {
            let isChosen = property.name == field
            guard isChosen || Self.isAnswered(property.name, schema) else { continue }
            let separator = isBefore ? (before == "{" ? "" : ",") : ","
            let name = separator + JSON.string(property.name).compactText + ":"
            if isChosen {
                before += name + "\""
                after = "\""
                isBefore = false
                continue
            }
            let value = Self.value(property, choosing: label, p).compactText
            if isBefore { before += name + value } else { after += name + value }
        }
        let quoted = JSON.string(label).compactText
        return Text(
            before: before,
            label: String(quoted.dropFirst().dropLast()),
            after: after + "}"
        )
    }

    private static func isAnswered(_ name: String, _ schema: JSON) -> Bool {
        let isRequired = schema["required"]?.array?.contains(.string(name)) ?? false
        return isRequired || name == "reason" || name == "confidence"
    }

    private static func value(
        _ property: JSONObject.Member,
        choosing label: String,
        _ p: Double
    ) -> JSON {
        switch property.name {
        case "reason":
            let words = label.split(separator: "_").joined(separator: " ")
            return .string("The message reads like \(words).")
        case "confidence": return .double(p)
        default: return empty(property.value, depth: 0)
        }
    }

    /// The plainest value of a schema; an object has its required members.
    private static func empty(_ schema: JSON, depth: Int) -> JSON {
        if let constant = schema["const"] { return constant }
        if let first = schema["enum"]?.array?.first { return first }
        let branches = schema["anyOf"]?.array ?? []
        let types = schema["type"]?.array ?? [schema["type"] ?? branches.first?["type"] ?? nil]
        if types.contains("null") || branches.contains(where: { $0["type"] == "null" }) {
            return .null
        }
        switch types.first?.string {
        case "string": return ""
        case "number", "integer": return 0
        case "boolean": return false
        case "array": return []
        default: return emptyObject(schema, depth: depth)
        }
    }

    private static func emptyObject(_ schema: JSON, depth: Int) -> JSON {
        var object = JSONObject()
        guard depth < Limits.schemaDepth else { return .object(object) }
        for name in schema["required"]?.array?.compactMap(\.string) ?? [] {
            let member = empty(schema["properties"]?[name] ?? [:], depth: depth + 1)
            object = object.setting(name, to: member)
        }
        return .object(object)
    }
}
