internal import Values

/// Names, fields and indexes.
extension Checker {
    mutating func reference(_ node: SyntaxNode) -> ExpressionType {
        if let path = node.path {
            if let local = locals.last(where: { $0.name == path[0] }) {
                return fields(of: local.type, path: path, from: 1, node)
            }
            for count in stride(from: path.count, to: 0, by: -1) {
                let name = path[..<count].joined(separator: ".")
                for candidate in environment.candidates(name) {
                    if let slot = environment.slot(of: candidate) {
                        let type = environment.variables[slot].type
                        return fields(of: type, path: path, from: count, node)
                    }
                    if count == path.count, let type = TypeNames.type(candidate) {
                        return .type(type)
                    }
                }
            }
            unknownName(path, node)
            return .dyn
        }
        guard case .select(let operand, let field, let optional) = node.form else { return .dyn }
        return select(check(operand), field, optional: optional, operand, node)
    }

    private mutating func unknownName(_ path: [String], _ node: SyntaxNode) {
        if isFull { return }
        let known =
            (environment.variables.map(\.name) + locals.map(\.name)).filter { $0.first != "@" }
        let name = path[0].first == "@" ? text(root(of: node)) : path[0]
        let shown = known.prefix(Limits.namesShown).joined(separator: ", ")
        note(
            "there is no '\(name)' here; known are \(shown)",
            root(of: node),
            fix: nearest(name, in: known).map { "write '\($0)'" }
        )
    }

    private func root(of node: SyntaxNode) -> SyntaxNode {
        if case .select(let operand, _, _) = node.form { return root(of: operand) }
        return node
    }

    private mutating func fields(
        of type: ExpressionType,
        path: [String],
        from count: Int,
        _ node: SyntaxNode
    ) -> ExpressionType {
        guard count < path.count else { return type }
        guard case .select(let operand, let field, _) = node.form else { return type }
        let outer = fields(of: type, path: Array(path.dropLast()), from: count, operand)
        return select(outer, field, optional: false, operand, node)
    }

    /// The type of a field, with what an optional or unknown one has to say.
    private mutating func select(
        _ type: ExpressionType,
        _ field: String,
        optional: Bool,
        _ operand: SyntaxNode,
        _ node: SyntaxNode
    ) -> ExpressionType {
        let type = bindings.resolved(type)
        if case .optional(let value) = type {
            return select(value, field, optional: true, operand, node)
        }
        let result = fieldType(type, field, optional: optional, operand, node)
        guard optional else { return result }
        if case .optional = result { return result }
        return .optional(result)
    }

    private mutating func fieldType(
        _ type: ExpressionType,
        _ field: String,
        optional: Bool,
        _ operand: SyntaxNode,
        _ node: SyntaxNode
    ) -> ExpressionType {
        switch type {
        case .object(let object):
            guard let found = object[field] else {
                unknownField(field, object, operand, node)
                return .dyn
            }
            if isForAdmins, found.isOptional, !optional { checkGuard(node, found) }
            return found.type
        case .map(let key, let value):
            if !bindings.assign(.string, to: key) {
                note("'\(text(operand))' has keys that are \(bindings.final(key))", node)
            }
            return value
        case .dyn, .parameter, .named: return .dyn
        default:
            note("'\(text(operand))' is \(type), which has no fields", node)
            return .dyn
        }
    }

    private mutating func unknownField(
        _ field: String,
        _ object: ObjectType,
        _ operand: SyntaxNode,
        _ node: SyntaxNode
    ) {
        if isFull { return }
        if let absence = object.absence(field) {
            note(absence.message, node, fix: absence.fix)
            return
        }
        let names = object.fields.map(\.name)
        let shown = names.prefix(Limits.namesShown).joined(separator: ", ")
        note(
            "'\(text(operand))' has no field '\(field)'; it has \(shown.isEmpty ? "none" : shown)",
            node,
            fix: nearest(field, in: names).map { "write '\(text(operand)).\($0)'" }
        )
    }

    mutating func has(
        _ operand: SyntaxNode,
        _ field: String,
        _ node: SyntaxNode
    ) -> ExpressionType {
        var type = bindings.resolved(check(operand))
        if case .optional(let inner) = type { type = inner }
        switch type {
        case .object(let object) where object[field] == nil:
            unknownField(field, object, operand, node)
        case .object, .map, .dyn, .named, .optional, .parameter: break
        case let other: note("'\(text(operand))' is \(other), which has no fields", node)
        }
        return .bool
    }

    mutating func index(
        _ operand: SyntaxNode,
        _ key: SyntaxNode,
        _ optional: Bool
    ) -> ExpressionType {
        var type = bindings.resolved(check(operand))
        let keyType = check(key)
        var isOptional = optional
        if case .optional(let inner) = type {
            type = bindings.resolved(inner)
            isOptional = true
        }
        let result: ExpressionType
        switch type {
        case .list(let element):
            let numbers: [ExpressionType] = [.int, .uint, .double, .dyn]
            if !numbers.contains(bindings.final(keyType)) {
                note("a list is indexed by a whole number; this is \(bindings.final(keyType))", key)
            }
            result = element
        case .map(let expected, let value):
            if !bindings.assign(keyType, to: expected) {
                note("expected a key that is \(expected); this is \(bindings.final(keyType))", key)
            }
            result = value
        case .object(let object):
            result = member(of: object, key, isOptional: isOptional, operand)
        case .dyn, .parameter, .named: result = .dyn
        default:
            note("'\(text(operand))' is \(type), which cannot be indexed", operand)
            result = .dyn
        }
        return isOptional ? .optional(result) : result
    }

    /// `input['field']`, as `input.field`.
    private mutating func member(
        of object: ObjectType,
        _ key: SyntaxNode,
        isOptional: Bool,
        _ operand: SyntaxNode
    ) -> ExpressionType {
        guard isForAdmins, case .literal(.string(let name)) = key.form else { return .dyn }
        guard let field = object[name] else {
            unknownField(name, object, operand, key)
            return .dyn
        }
        guard field.isOptional, !isOptional else { return field.type }
        if let place = operand.place, present.contains(place + ["." + name]) { return field.type }
        note(
            "'\(text(operand))' may have no '\(name)', and then this has no value",
            key,
            fix: Self.sample(field.type).map {
                "write '\(text(operand)).?\(name).orValue(\($0))'"
            } ?? "write 'has(\(text(operand)).\(name)) && …'"
        )
        return field.type
    }
}
