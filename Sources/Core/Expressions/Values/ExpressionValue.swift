package import Values

/// A value of CEL.
///
/// JSON is wrapped as it is, never copied over.
package enum ExpressionValue: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case timestamp(Timestamp)
    case duration(Span)
    case list([ExpressionValue])
    case map(ExpressionMap)
    case type(String)
    case optional(OptionalValue)
    case network(NetworkValue)
    /// A JSON array, its elements read when asked for.
    case array([JSON])
    /// A JSON object, its members read when asked for.
    case object(JSONObject)

    package init(_ json: JSON) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .uint(let value): self = .uint(value)
        case .double(let value): self = .double(value)
        case .string(let value): self = .string(value)
        case .array(let elements): self = .array(elements)
        case .object(let object): self = .object(object)
        }
    }

    /// The value as JSON; nothing for what JSON does not have, such as NaN or a type.
    ///
    /// Timestamps and durations are their texts.
    package var json: JSON? {
        switch self {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .uint(let value): return Int64(exactly: value).map(JSON.int) ?? .uint(value)
        case .double(let value): return value.isFinite ? .double(value) : nil
        case .string(let value): return .string(value)
        case .timestamp(let value): return .string(value.text)
        case .duration(let value): return .string(value.text)
        case .array(let elements): return .array(elements)
        case .object(let object): return .object(object)
        case .list(let elements):
            let values = elements.compactMap(\.json)
            return values.count == elements.count ? .array(values) : nil
        case .map(let map):
            var members: [JSONObject.Member] = []
            for (key, value) in map.entries {
                guard case .string(let name) = key, let value = value.json else { return nil }
                members.append(.init(name, value))
            }
            return JSONObject(members).map(JSON.object)
        case .network(let value): return .string(value.text)
        case .bytes, .type, .optional: return nil
        }
    }
}

/// A value that may be missing.
package final class OptionalValue: Sendable {
    package let value: ExpressionValue?

    package init(_ value: ExpressionValue?) { self.value = value }

    static let none = OptionalValue(nil)
}

extension ExpressionValue: Equatable {
    /// CEL's equality: numbers on one line, NaN equal to nothing, other kinds never equal.
    package static func == (left: ExpressionValue, right: ExpressionValue) -> Bool {
        switch (left, right) {
        case (.string(let a), .string(let b)): identical(a, b)
        case (.int(let a), .int(let b)): a == b
        case (.double(let a), .double(let b)): a == b
        case (.bool(let a), .bool(let b)): a == b
        case (.uint(let a), .uint(let b)): a == b
        case (.null, .null): true
        case (.int, .uint), (.int, .double), (.uint, .int), (.uint, .double), (.double, .int),
            (.double, .uint):
            Numbers.order(left, right) == .equal
        case (.bytes(let a), .bytes(let b)): a == b
        case (.timestamp(let a), .timestamp(let b)): a == b
        case (.duration(let a), .duration(let b)): a == b
        case (.type(let a), .type(let b)): a == b
        case (.optional(let a), .optional(let b)): a.value == b.value
        case (.network(let a), .network(let b)): a == b
        default: left.equalContainers(right)
        }
    }

    private func equalContainers(_ other: ExpressionValue) -> Bool {
        if let a = elementCount, let b = other.elementCount {
            return a == b && (0..<a).allSatisfy { element($0) == other.element($0) }
        }
        guard let a = memberCount, let b = other.memberCount, a == b else { return false }
        return keys.allSatisfy { key in
            guard let mine = member(key), let others = other.member(key) else { return false }
            return mine == others
        }
    }
}

extension ExpressionValue {
    /// How many elements a list has; nothing for anything else.
    var elementCount: Int? {
        switch self {
        case .list(let elements): elements.count
        case .array(let elements): elements.count
        default: nil
        }
    }

    /// The element at an index within the list.
    func element(_ index: Int) -> ExpressionValue {
        switch self {
        case .list(let elements): elements[index]
        case .array(let elements): ExpressionValue(elements[index])
        default: preconditionFailure("only lists have elements")
        }
    }

    /// How many members a map has; nothing for anything else.
    var memberCount: Int? {
        switch self {
        case .map(let map): map.entries.count
        case .object(let object): object.count
        default: nil
        }
    }

    /// The member at a place, in the order they were written.
    func entry(_ index: Int) -> ExpressionMap.Entry {
        switch self {
        case .map(let map): return map.entries[index]
        case .object(let object):
            let member = object.members[index]
            return (.string(member.name), ExpressionValue(member.value))
        default: preconditionFailure("only maps have entries")
        }
    }

    var keys: [ExpressionValue] {
        switch self {
        case .map(let map): map.entries.map(\.key)
        case .object(let object): object.members.map { .string($0.name) }
        default: []
        }
    }

    /// The member of a map with that key.
    func member(_ key: ExpressionValue) -> ExpressionValue? {
        switch self {
        case .map(let map): return map[key]
        case .object(let object):
            guard case .string(let name) = key, let value = object[name] else { return nil }
            return ExpressionValue(value)
        default: return nil
        }
    }

    /// CEL's name of the kind of value.
    package var typeName: String {
        switch self {
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .list, .array: "list"
        case .map, .object: "map"
        case .type: "type"
        case .optional: "optional_type"
        case .network(let value): value.typeName
        }
    }
}
