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

    /// Why a field is not there, for whoever asks for it, and what to do.
    package struct Absence: Sendable, Equatable {
        package let message: String
        package let fix: String?

        package init(_ message: String, fix: String?) {
            self.message = message
            self.fix = fix
        }
    }

    package let fields: [Field]
    /// What is known of a field that is not there; types are the same whatever this says.
    let absence: @Sendable (String) -> Absence?

    package init(
        _ fields: [Field],
        absence: @escaping @Sendable (String) -> Absence? = { _ in nil }
    ) {
        self.fields = fields
        self.absence = absence
    }

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
}

extension ExpressionType {
    /// What its values are as JSON: moments and lengths of time are texts.
    package var asJSON: ExpressionType {
        switch self {
        case .timestamp, .duration: .string
        case .list(let element): .list(element.asJSON)
        case .map(let key, let value): .map(key, value.asJSON)
        default: self
        }
    }
}
