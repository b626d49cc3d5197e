internal import Values

/// An output schema as strict structured output takes it, and the way back for the answers.
///
/// Strict mode wants every object closed and every property required, so an optional property
/// becomes one that may be null, and a null in its place becomes an absent property again.
/// Keywords that strict mode refuses are left out: the policy judges the answer by its own schema.
struct StrictSchema: Sendable {
    /// What is sent.
    let schema: JSON
    /// What the schema says that strict mode cannot, one sentence each.
    let problems: [String]
    private let source: JSON

    init(_ source: JSON) {
        self.source = source
        var writer = StrictSchemaWriter()
        schema = writer.strict(source, at: "", depth: 0)
        if source["type"] != "object" {
            writer.problems.append("the output schema must be an object")
        }
        problems = writer.problems
    }

    /// The answer with each null that stands for an absent property left out.
    func restored(_ answer: JSON) -> JSON { restored(answer, by: source, depth: 0) }

    private func restored(_ value: JSON, by schema: JSON, depth: Int) -> JSON {
        guard depth < Limits.schemaDepth else { return value }
        let schema = branch(for: value, of: resolved(schema), depth: depth)
        switch value {
        case .array(let elements):
            guard let items = schema["items"] else { return value }
            return .array(elements.map { restored($0, by: items, depth: depth + 1) })
        case .object(let object):
            guard let properties = schema["properties"]?.object else { return value }
            let required = Set(schema["required"]?.array?.compactMap(\.string) ?? [])
            return .object(
                JSONObject(
                    uniqueMembers: object.members.compactMap { member in
                        guard let own = properties[member.name] else { return member }
                        if member.value.isNull, !required.contains(member.name) { return nil }
                        let value = restored(member.value, by: own, depth: depth + 1)
                        return JSONObject.Member(member.name, value)
                    }
                )
            )
        default:
            return value
        }
    }

    private func resolved(_ schema: JSON) -> JSON {
        guard let reference = schema["$ref"]?.string else { return schema }
        let path = reference.split(separator: "/").map(String.init)
        guard path.count == 3, path[0] == "#" else { return schema }
        return source[path[1]]?[path[2]] ?? schema
    }

    /// Of alternatives, the first that speaks of this kind of value.
    private func branch(for value: JSON, of schema: JSON, depth: Int) -> JSON {
        guard let branches = (schema["anyOf"] ?? schema["oneOf"])?.array else { return schema }
        let candidates = branches.map(resolved)
        switch value {
        case .object(let object):
            let fitting = candidates.first { candidate in
                guard let properties = candidate["properties"]?.object else { return false }
                return object.members.allSatisfy { properties[$0.name] != nil }
            }
            return fitting ?? schema
        case .array:
            return candidates.first { $0["items"] != nil } ?? schema
        default:
            return schema
        }
    }
}

private struct StrictSchemaWriter {
    var problems: [String] = []

    private static let kept: Set<String> = [
        "type", "enum", "const", "title", "description", "$ref", "pattern", "minimum", "maximum",
        "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems",
    ]
    private static let formats: Set<String> = [
        "date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid",
    ]

    mutating func strict(_ schema: JSON, at place: String, depth: Int) -> JSON {
        guard depth < Limits.schemaDepth else {
            problems.append("\(place) is nested deeper than \(Limits.schemaDepth) levels")
            return [:]
        }
        guard case .object(let object) = schema else { return schema == true ? [:] : schema }
        var written = JSONObject()
        for member in object.members {
            switch member.name {
            case "items":
                let items = strict(member.value, at: place + "/items", depth: depth + 1)
                written = written.setting("items", to: items)
            case "anyOf", "oneOf":
                let branches = (member.value.array ?? []).enumerated().map { index, branch in
                    strict(branch, at: "\(place)/\(member.name)/\(index)", depth: depth + 1)
                }
                written = written.setting("anyOf", to: .array(branches))
            case "$defs", "definitions":
                let definitions = (member.value.object ?? JSONObject()).members.map { own in
                    let below = "\(place)/\(member.name)/\(own.name)"
                    return JSONObject.Member(
                        own.name,
                        strict(own.value, at: below, depth: depth + 1)
                    )
                }
                written = written.setting(
                    member.name,
                    to: .object(JSONObject(uniqueMembers: definitions))
                )
            case "format" where Self.formats.contains(member.value.string ?? ""):
                written = written.setting("format", to: member.value)
            case "allOf", "patternProperties", "not", "if":
                problems.append(
                    "\(named(place)) uses \(member.name), which structured output cannot say"
                )
            default:
                guard Self.kept.contains(member.name) else { continue }
                written = written.setting(member.name, to: member.value)
            }
        }
        return .object(closed(typed(written), object, at: place, depth: depth))
    }

    /// Says the type where only members say it, as strict mode wants one.
    private func typed(_ written: JSONObject) -> JSONObject {
        guard written["type"] == nil else { return written }
        let members = written["enum"]?.array ?? written["const"].map { [$0] } ?? []
        let types = members.map(typeName).reduce(into: [String]()) { names, name in
            if !names.contains(name) { names.append(name) }
        }
        switch types.count {
        case 0: return written
        case 1: return written.setting("type", to: .string(types[0]))
        default: return written.setting("type", to: .array(types.map(JSON.string)))
        }
    }

    private func typeName(_ value: JSON) -> String {
        switch value {
        case .null: "null"
        case .bool: "boolean"
        case .int, .uint: "integer"
        case .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    private mutating func closed(
        _ written: JSONObject,
        _ source: JSONObject,
        at place: String,
        depth: Int
    ) -> JSONObject {
        guard source["properties"] != nil || allowsObjects(source) else { return written }
        if let additional = source["additionalProperties"], additional != false {
            problems.append("\(named(place)) is an open object, which structured output cannot say")
        }
        let properties = source["properties"]?.object ?? JSONObject()
        if properties.isEmpty, source["additionalProperties"] == nil {
            problems.append("\(named(place)) is an object without properties")
        }
        let required = Set(source["required"]?.array?.compactMap(\.string) ?? [])
        let members = properties.members.map { own in
            let below = "\(place)/\(own.name)"
            let inner = strict(own.value, at: below, depth: depth + 1)
            return JSONObject.Member(
                own.name,
                required.contains(own.name) ? inner : nullable(inner)
            )
        }
        return
            written
            .setting("properties", to: .object(JSONObject(uniqueMembers: members)))
            .setting("required", to: .array(properties.names.map(JSON.string)))
            .setting("additionalProperties", to: false)
    }

    private func allowsObjects(_ schema: JSONObject) -> Bool {
        schema["type"] == "object" || schema["type"]?.array?.contains("object") == true
    }

    private func nullable(_ schema: JSON) -> JSON {
        guard case .object(var object) = schema, !object.isEmpty else { return schema }
        if let branches = object["anyOf"]?.array {
            let null: JSON = ["type": "null"]
            return branches.contains(null)
                ? schema : .object(object.setting("anyOf", to: .array(branches + [null])))
        }
        if object["$ref"] != nil { return ["anyOf": [schema, ["type": "null"]]] }
        if let constant = object["const"], !constant.isNull {
            object = object.removing("const").setting("enum", to: [constant, nil])
        }
        if let members = object["enum"]?.array, !members.contains(nil) {
            object = object.setting("enum", to: .array(members + [nil]))
        }
        if let types = object["type"]?.array, !types.contains("null") {
            object = object.setting("type", to: .array(types + ["null"]))
        } else if let type = object["type"]?.string, type != "null" {
            object = object.setting("type", to: [.string(type), "null"])
        }
        return .object(object)
    }

    private func named(_ place: String) -> String {
        place.isEmpty ? "the output schema" : "the output's \(place)"
    }
}
