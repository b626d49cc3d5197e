package import Values

/// The type of an expression, as far as it is known when it is checked.
package indirect enum ExpressionType: Sendable, Equatable {
    /// Known only when evaluated.
    case dyn
    case null
    case bool
    case int
    case uint
    case double
    case string
    case bytes
    case timestamp
    case duration
    case list(ExpressionType)
    case map(ExpressionType, ExpressionType)
    case optional(ExpressionType)
    /// A type as a value.
    case type(ExpressionType)
    /// Texts of which only the members occur.
    case enumeration(Enumeration)
    case object(ObjectType)
    /// A name of some type that a container gives, such as a message.
    case named(String)
    /// A type that only its functions know, with the types it is made of, such as `net.IP`.
    case opaque(String, [ExpressionType])
    /// A type parameter of a function, or one still to be found out.
    case parameter(String)

    package struct Enumeration: Sendable, Equatable {
        package let members: [String]

        package init(_ members: [String]) { self.members = members }
    }
}

/// The type of an object whose fields are known.
package final class ObjectType: Sendable, Equatable {
    package struct Field: Sendable, Equatable {
        package let name: String
        package let type: ExpressionType
        /// It may be absent or null.
        package let isOptional: Bool

        package init(_ name: String, _ type: ExpressionType, isOptional: Bool = false) {
            self.name = name
            self.type = type
            self.isOptional = isOptional
        }
    }

    package let fields: [Field]

    package init(_ fields: [Field]) { self.fields = fields }

    package subscript(name: String) -> Field? { fields.first { $0.name == name } }

    package static func == (left: ObjectType, right: ObjectType) -> Bool {
        left === right || left.fields == right.fields
    }
}

extension ExpressionType: CustomStringConvertible {
    package var description: String {
        switch self {
        case .dyn: "any value"
        case .null: "null"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "timestamp"
        case .duration: "duration"
        case .list(let element): "list of \(element)"
        case .map(let key, let value): "map from \(key) to \(value)"
        case .optional(let value): "optional \(value)"
        case .type: "type"
        case .enumeration(let members):
            "one of " + members.members.prefix(Limits.namesShown).joined(separator: ", ")
        case .object: "object"
        case .named(let name): name
        case .opaque(let name, let parameters):
            parameters.isEmpty
                ? name : name + " of " + parameters.map(\.description).joined(separator: ", ")
        case .parameter(let name): name
        }
    }
}

extension ExpressionType {
    static let address = ExpressionType.opaque("net.IP", [])
    static let network = ExpressionType.opaque("net.CIDR", [])

    /// The type of the values that a JSON Schema allows; `dyn` where it says too little.
    ///
    /// `number` is double and `integer` is int. A property that is not required, or may be null,
    /// is optional.
    package init(schema: JSON) {
        self = SchemaTypes(root: schema).type(schema, depth: 0)
    }
}

private struct SchemaTypes {
    let root: JSON

    func type(_ schema: JSON, depth: Int) -> ExpressionType {
        guard depth < 32 else { return .dyn }
        if let reference = schema["$ref"]?.string {
            guard reference.hasPrefix("#"),
                let pointer = try? JSONPointer(String(reference.dropFirst())),
                let target = root[pointer]
            else { return .dyn }
            return type(target, depth: depth + 1)
        }
        if let values = schema["enum"]?.array {
            let members = values.compactMap(\.string)
            let others = values.filter { $0.string == nil && !$0.isNull }
            return others.isEmpty && !members.isEmpty ? .enumeration(.init(members)) : .dyn
        }
        switch name(of: schema) {
        case "null": return .null
        case "boolean": return .bool
        case "integer": return .int
        case "number": return .double
        case "string": return .string
        case "array": return .list(schema["items"].map { type($0, depth: depth + 1) } ?? .dyn)
        case "object": return object(schema, depth: depth)
        default: return .dyn
        }
    }

    /// The one type that values other than null have.
    private func name(of schema: JSON) -> String? {
        switch schema["type"] {
        case .string(let name)?: return name
        case .array(let names)?:
            let others = names.compactMap(\.string).filter { $0 != "null" }
            return others.count == 1 ? others[0] : nil
        default: return schema["properties"] != nil ? "object" : nil
        }
    }

    private func object(_ schema: JSON, depth: Int) -> ExpressionType {
        let others = schema["additionalProperties"]
        guard let properties = schema["properties"]?.object, !properties.isEmpty else {
            guard let others, others.bool != false else {
                return others?.bool == false ? .object(ObjectType([])) : .map(.string, .dyn)
            }
            return .map(.string, type(others, depth: depth + 1))
        }
        guard others?.bool == false else { return openObject(schema, properties, depth: depth) }
        return .object(ObjectType(fields(schema, properties, depth: depth)))
    }

    /// Unknown members make any name possible, so only declared ones would be checked wrongly.
    private func openObject(
        _ schema: JSON,
        _ properties: JSONObject,
        depth: Int
    ) -> ExpressionType {
        schema["additionalProperties"] == nil
            ? .object(ObjectType(fields(schema, properties, depth: depth)))
            : .map(.string, .dyn)
    }

    private func fields(
        _ schema: JSON,
        _ properties: JSONObject,
        depth: Int
    ) -> [ObjectType.Field] {
        let required = Set(schema["required"]?.array?.compactMap(\.string) ?? [])
        return properties.members.map { member in
            let nullable =
                member.value["type"]?.array?.contains("null") ?? false
                || member.value["enum"]?.array?.contains(.null) ?? false
            return .init(
                member.name,
                type(member.value, depth: depth + 1),
                isOptional: !required.contains(member.name) || nullable
            )
        }
    }
}
