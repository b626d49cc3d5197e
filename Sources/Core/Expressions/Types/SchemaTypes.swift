package import Values

extension ExpressionType {
    /// The type of the values that a JSON Schema allows; `dyn` where it says too little.
    ///
    /// `number` is double and `integer` is int. A property that is not required, or may be null,
    /// is optional. Whatever the schema accepts has the type: keywords that are not read here only
    /// accept less.
    package init(schema: JSON) {
        var types = SchemaTypes(root: schema)
        let whole = types.shape(schema)
        self = whole.mayBeNull ? .dyn : whole.type
    }
}

/// Works out types, each definition once.
private struct SchemaTypes {
    /// What a schema allows, null apart.
    struct Shape {
        var type: ExpressionType
        var mayBeNull = false

        /// For a place that cannot say of a value that it is absent.
        var element: ExpressionType { mayBeNull ? .dyn : type }
    }

    let root: JSON
    private var known: [String: Shape] = [:]
    /// References being followed; one that comes back to itself is `dyn` there.
    private var open: Set<String> = []
    private var depth = 0

    init(root: JSON) { self.root = root }

    mutating func shape(_ schema: JSON) -> Shape {
        // References inside a schema with a name of its own are not the root's.
        if schema["$id"] != nil, schema != root { return Shape(type: .dyn) }
        depth += 1
        defer { depth -= 1 }
        if depth > Limits.schemaDepth { return Shape(type: .dyn) }
        if let reference = schema["$ref"]?.string { return definition(reference) }
        if let values = schema["enum"]?.array { return enumeration(values) }
        if let value = schema["const"] { return enumeration([value]) }
        let (name, mayBeNull) = name(of: schema)
        var shape = Shape(type: .dyn, mayBeNull: mayBeNull)
        switch name {
        case "null": shape.type = .null
        case "boolean": shape.type = .bool
        case "integer": shape.type = .int
        case "number": shape.type = .double
        case "string": shape.type = .string
        case "array": shape.type = .list(elements(schema))
        case "object": shape.type = object(schema)
        default: break
        }
        return shape
    }

    private mutating func definition(_ reference: String) -> Shape {
        if let known = known[reference] { return known }
        let none = Shape(type: .dyn)
        guard reference.hasPrefix("#"), !open.contains(reference),
            let target = target(String(reference.dropFirst()))
        else { return none }
        open.insert(reference)
        let shape = shape(target)
        open.remove(reference)
        known[reference] = shape
        return shape
    }

    private func target(_ pointer: String) -> JSON? {
        do {
            return root[try JSONPointer(pointer)]
        } catch {
            // An anchor, which is not followed.
            return nil
        }
    }

    private func enumeration(_ values: [JSON]) -> Shape {
        let members = values.compactMap(\.string)
        let mayBeNull = values.contains(.null)
        let others = values.count { $0.string == nil && !$0.isNull }
        return others == 0 && !members.isEmpty
            ? Shape(type: .enumeration(.init(members)), mayBeNull: mayBeNull)
            : Shape(type: .dyn, mayBeNull: mayBeNull)
    }

    /// The one type that values other than null have, and whether null is one.
    private func name(of schema: JSON) -> (name: String?, mayBeNull: Bool) {
        switch schema["type"] {
        case .string(let name)?: return (name, false)
        case .array(let names)?:
            let others = names.compactMap(\.string).filter { $0 != "null" }
            return (others.count == 1 ? others[0] : nil, others.count < names.count)
        default: return (nil, false)
        }
    }

    private mutating func elements(_ schema: JSON) -> ExpressionType {
        // The first elements may be of other types than the rest.
        guard schema["prefixItems"] == nil, let items = schema["items"] else { return .dyn }
        return shape(items).element
    }

    private mutating func object(_ schema: JSON) -> ExpressionType {
        let others = schema["additionalProperties"]
        let hasPatterns = schema["patternProperties"] != nil
        guard let properties = schema["properties"]?.object, !properties.isEmpty else {
            if hasPatterns { return .map(.string, .dyn) }
            guard let others, others.bool != false else {
                return others?.bool == false ? .object(ObjectType([])) : .map(.string, .dyn)
            }
            return .map(.string, shape(others).element)
        }
        // Where other members are asked for, any name is possible.
        let isOpen = others != nil && others?.bool != false
        return isOpen ? .map(.string, .dyn) : .object(ObjectType(fields(schema, properties)))
    }

    private mutating func fields(
        _ schema: JSON,
        _ properties: JSONObject
    ) -> [ObjectType.Field] {
        let required = Set(schema["required"]?.array?.compactMap(\.string) ?? [])
        return properties.members.map { member in
            let shape = shape(member.value)
            return .init(
                member.name,
                shape.type,
                isOptional: !required.contains(member.name) || shape.mayBeNull
            )
        }
    }
}
