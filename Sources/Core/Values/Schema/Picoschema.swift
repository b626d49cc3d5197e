/// Picoschema, the short form of JSON Schema that Dotprompt files and policies use.
///
/// `name?: type, description`, `name(array|object|enum, description): …`, `(*): type` for any other
/// name. What already is JSON Schema passes through. Optional fields may be null.
package enum Picoschema {
    private static let scalars = ["string", "number", "integer", "boolean", "null", "any"]
    private static let jsonTypes: Set<String> = [
        "string", "boolean", "null", "number", "integer", "object", "array",
    ]

    /// The JSON Schema that a node stands for; `named` are schemas it may use by name.
    package static func schema(
        from node: Node,
        named: [String: JSON] = [:]
    ) throws(Diagnostics) -> JSON {
        var reader = Reader(named: named)
        let schema = reader.schema(node)
        if !reader.diagnostics.isEmpty { throw Diagnostics(reader.diagnostics) }
        return schema
    }

    private struct Reader {
        let named: [String: JSON]
        var diagnostics: [Diagnostic] = []

        mutating func schema(_ node: Node) -> JSON {
            if let passed = Picoschema.passedThrough(node) { return passed }
            return type(node, what: "a schema")
        }

        private mutating func type(_ node: Node, what: String) -> JSON {
            switch node.content {
            case .scalar(.string(let text)): return scalar(text, node)
            case .mapping(let entries): return object(entries)
            default:
                diagnostics.append(
                    Diagnostic(
                        "expected \(what): a type such as 'string', or names with a type each",
                        at: node.range
                    )
                )
                return [:]
            }
        }

        private mutating func scalar(_ text: String, _ node: Node) -> JSON {
            let (name, description) = Picoschema.split(text)
            var schema: JSONObject
            if name == "any" {
                schema = JSONObject()
            } else if let known = named[name]?.object {
                schema = known
            } else {
                if !Picoschema.scalars.contains(name) {
                    let known = Picoschema.scalars + named.keys.sorted()
                    diagnostics.append(
                        Diagnostic(
                            "'\(name)' is no type; expected one of "
                                + known.joined(separator: ", "),
                            at: node.range,
                            fix: nearest(name, in: known).map { "write '\($0)'" }
                                ?? "a list of values is written name(enum): [a, b]"
                        )
                    )
                }
                schema = JSONObject(uniqueMembers: [.init("type", .string(name))])
            }
            if let description { schema = schema.setting("description", to: .string(description)) }
            return .object(schema)
        }

        private mutating func object(_ entries: [Node.Entry]) -> JSON {
            var properties = JSONObject()
            var required: [JSON] = []
            var others: JSON = false
            for entry in entries {
                let head = Head(entry.name)
                guard head.name != "" || head.kind == "*" else {
                    note("a field needs a name", entry.nameRange)
                    continue
                }
                if head.kind == "*" {
                    others = schema(entry.value)
                    continue
                }
                if properties[head.name] != nil {
                    note("the field '\(head.name)' is there twice", entry.nameRange)
                    continue
                }
                let schema = field(head, entry)
                properties = properties.setting(
                    head.name,
                    to: head.isOptional ? Picoschema.nullable(schema) : schema
                )
                if !head.isOptional { required.append(.string(head.name)) }
            }
            var members: [JSONObject.Member] = [
                .init("type", "object"), .init("properties", .object(properties)),
                .init("additionalProperties", others),
            ]
            if !required.isEmpty { members.append(.init("required", .array(required))) }
            return .object(JSONObject(uniqueMembers: members))
        }

        private mutating func field(_ head: Head, _ entry: Node.Entry) -> JSON {
            var schema: JSONObject
            switch head.kind {
            case nil: return self.schema(entry.value)
            case "array":
                schema = JSONObject(uniqueMembers: [
                    .init("type", "array"), .init("items", self.schema(entry.value)),
                ])
            case "object":
                schema = type(entry.value, what: "the object's fields").object ?? JSONObject()
            case "enum":
                guard let values = entry.value.elements, !values.isEmpty else {
                    note("an enum needs a list of values, such as [yes, no]", entry.value.range)
                    return [:]
                }
                schema = JSONObject(uniqueMembers: [
                    .init("enum", .array(values.map(\.json)))
                ])
            case .some(let kind):
                let known = ["array", "object", "enum"]
                note(
                    "'(\(kind))' is no kind of field; expected one of "
                        + known.joined(separator: ", "),
                    entry.nameRange,
                    nearest(kind, in: known).map { "write '(\($0))'" }
                )
                return [:]
            }
            if let description = head.description {
                schema = schema.setting("description", to: .string(description))
            }
            return .object(schema)
        }

        private mutating func note(_ message: String, _ range: SourceRange, _ fix: String? = nil) {
            diagnostics.append(Diagnostic(message, at: range, fix: fix))
        }
    }

    /// A field's name with what stands around it: `name?(kind, description)`.
    private struct Head {
        let name: String
        let isOptional: Bool
        let kind: String?
        let description: String?

        init(_ text: String) {
            var name = text
            var kind: String?
            var description: String?
            if let open = text.firstIndex(of: "("), text.hasSuffix(")") {
                name = String(text[..<open])
                let inside = text[text.index(after: open)..<text.index(before: text.endIndex)]
                (kind, description) = Picoschema.split(String(inside))
            }
            isOptional = name.hasSuffix("?")
            if isOptional { name.removeLast() }
            self.name = trimmed(name)
            self.kind = kind
            self.description = description
        }
    }

    /// A type and its description: only the first comma parts them.
    fileprivate static func split(_ text: String) -> (String, String?) {
        guard let comma = text.firstIndex(of: ",") else { return (trimmed(text), nil) }
        return (
            trimmed(String(text[..<comma])), trimmed(String(text[text.index(after: comma)...]))
        )
    }

    /// JSON Schema is known by a `type` that is one of its own, or by `properties`.
    fileprivate static func passedThrough(_ node: Node) -> JSON? {
        guard let entries = node.entries else { return nil }
        if let type = node["type"] {
            if let name = type.scalar?.string, jsonTypes.contains(name) { return node.json }
            if type.elements != nil { return node.json }
        }
        if entries.contains(where: { $0.name.hasPrefix("$") }) { return node.json }
        if let properties = node["properties"], properties.entries != nil, node["type"] == nil {
            return node.json.object.map { .object($0.setting("type", to: "object")) }
        }
        return nil
    }

    private static func nullable(_ schema: JSON) -> JSON {
        guard case .object(let object) = schema else { return schema }
        if let type = object["type"]?.string {
            return .object(object.setting("type", to: [.string(type), "null"]))
        }
        if let values = object["enum"]?.array, !values.contains(.null) {
            return .object(object.setting("enum", to: .array(values + [.null])))
        }
        return schema
    }
}

/// The text without the spaces around it.
package func trimmed(_ text: String) -> String {
    var rest = text[...]
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
}

extension Schema {
    /// The schema of a policy's `input:` or `output:`: Picoschema, or `{schema: JSON Schema}`.
    package static func reading(policyNode node: Node) throws(Diagnostics) -> Schema {
        if let entries = node.entries, entries.count == 1, let written = node["schema"],
            written.entries != nil
        {
            return try Schema(written)
        }
        return try Schema(try Picoschema.schema(from: node))
    }

    /// The schema of a file of its own, where JSON Schema may also begin with lists such as `anyOf`.
    package static func reading(fileNode node: Node) throws(Diagnostics) -> Schema {
        // Properties without a type are an object's, which the policy's form sees to.
        if node["properties"] != nil, node["type"] == nil {
            return try reading(policyNode: node)
        }
        // In Picoschema only `name(enum)` has a list for its value.
        let hasList = node.entries?.contains { entry in
            entry.value.elements != nil && !entry.name.hasSuffix(")")
        }
        if hasList == true || Picoschema.passedThrough(node) != nil { return try Schema(node) }
        return try reading(policyNode: node)
    }
}
