internal import Values

/// Works out the type of every part of an expression and collects what does not fit.
struct Checker {
    let environment: ExpressionEnvironment
    let fragment: SourceFragment
    private(set) var diagnostics: [Diagnostic] = []
    var bindings = TypeBindings()
    private var doubleLiterals: Set<ObjectIdentifier> = []
    /// Names of comprehension variables, the innermost last.
    private var locals: [(name: String, type: ExpressionType)] = []
    /// Fields known to be there where the check stands.
    var present: Set<[String]> = []

    init(environment: ExpressionEnvironment, fragment: SourceFragment) {
        self.environment = environment
        self.fragment = fragment
    }

    var isForAdmins: Bool { environment.rules == .admins }

    mutating func check(_ tree: SyntaxTree, expecting: ExpressionType?) -> CheckedExpression {
        var type = check(tree.root)
        if let expecting, diagnostics.isEmpty {
            if isForAdmins, expecting == .double, asDouble(tree.root) { type = .double }
            let found = bindings.resolved(type)
            if !bindings.assign(type, to: expecting) {
                note("expected \(expecting); this is \(bindings.final(found))", tree.root)
            }
        }
        return CheckedExpression(
            tree: tree,
            type: bindings.final(type),
            doubleLiterals: doubleLiterals
        )
    }

    mutating func note(_ message: String, _ node: SyntaxNode, fix: String? = nil) {
        diagnostics.append(
            Diagnostic(message, at: fragment.sourceRange(node.range), fix: fix)
        )
    }

    func text(_ node: SyntaxNode) -> String { node.text(in: fragment) }

    // MARK: Forms

    mutating func check(_ node: SyntaxNode) -> ExpressionType {
        switch node.form {
        case .literal(let value): return Self.type(of: value)
        case .name, .select: return reference(node)
        case .has(let operand, let field, _): return has(operand, field, node)
        case .index(let operand, let key, let optional): return index(operand, key, optional)
        case .call(let name, let arguments): return function(name, arguments, node)
        case .method(let target, let name, let arguments):
            return method(target, name, arguments, node)
        case .list(let elements): return list(elements)
        case .map(let entries): return map(entries)
        case .message(let name, let fields):
            for field in fields { _ = check(field.value) }
            return .named(name)
        case .not(let operand):
            expectBool(operand, check(operand))
            return .bool
        case .negate(let operand): return call("-_", [operand], [check(operand)], node)
        case .and(let left, let right): return logical(left, right, rightIf: true)
        case .or(let left, let right): return logical(left, right, rightIf: false)
        case .conditional(let condition, let then, let otherwise):
            return conditional(condition, then, otherwise)
        case .binary(let sign, let left, let right): return binary(sign, left, right, node)
        case .comprehension(let comprehension): return self.comprehension(comprehension)
        case .optionalMap(let target, let variable, let body, let flat):
            return optionalMap(target, variable, body, flat)
        }
    }

    static func type(of value: ExpressionValue) -> ExpressionType {
        switch value {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        default: .dyn
        }
    }

    private mutating func expectBool(_ node: SyntaxNode, _ type: ExpressionType) {
        if !bindings.assign(type, to: .bool) {
            note("expected a condition; '\(text(node))' is \(bindings.final(type))", node)
        }
    }

    /// Checks with fields known to be there.
    private mutating func check(_ node: SyntaxNode, knowing fields: Set<[String]>) -> ExpressionType
    {
        let before = present
        present.formUnion(fields)
        defer { present = before }
        return check(node)
    }

    private mutating func logical(
        _ left: SyntaxNode,
        _ right: SyntaxNode,
        rightIf holds: Bool
    ) -> ExpressionType {
        expectBool(left, check(left))
        expectBool(right, check(right, knowing: left.fieldsPresent(when: holds)))
        return .bool
    }

    private mutating func conditional(
        _ condition: SyntaxNode,
        _ then: SyntaxNode,
        _ otherwise: SyntaxNode
    ) -> ExpressionType {
        expectBool(condition, check(condition))
        var first = check(then, knowing: condition.fieldsPresent(when: true))
        var second = check(otherwise, knowing: condition.fieldsPresent(when: false))
        if isForAdmins { widen(&first, then, &second, otherwise) }
        return bindings.join(first, second)
    }

    private mutating func list(_ elements: [SyntaxNode.Element]) -> ExpressionType {
        var type: ExpressionType?
        for element in elements {
            var next = check(element.value)
            if element.isOptional, case .optional(let value) = bindings.resolved(next) {
                next = value
            }
            type = type.map { bindings.join($0, next) } ?? next
        }
        return .list(type ?? bindings.unknown())
    }

    private mutating func map(_ entries: [SyntaxNode.Entry]) -> ExpressionType {
        var key: ExpressionType?
        var value: ExpressionType?
        for entry in entries {
            let keyType = check(entry.key)
            var valueType = check(entry.value)
            if entry.isOptional, case .optional(let inner) = bindings.resolved(valueType) {
                valueType = inner
            }
            key = key.map { bindings.join($0, keyType) } ?? keyType
            value = value.map { bindings.join($0, valueType) } ?? valueType
        }
        return .map(key ?? bindings.unknown(), value ?? bindings.unknown())
    }

    private mutating func comprehension(
        _ comprehension: SyntaxNode.Comprehension
    ) -> ExpressionType {
        let element = elementType(comprehension.range, check(comprehension.range))
        locals.append((comprehension.variable, element))
        defer { locals.removeLast() }
        let before = present
        present = present.filter { $0.first != comprehension.variable }
        defer { present = before }
        if let predicate = comprehension.predicate { expectBool(predicate, check(predicate)) }
        switch comprehension.kind {
        case .all, .exists, .existsOne: return .bool
        case .filter: return .list(element)
        case .map:
            guard let transform = comprehension.transform else { return .list(.dyn) }
            let known = comprehension.predicate?.fieldsPresent(when: true) ?? []
            return .list(check(transform, knowing: known))
        }
    }

    private mutating func elementType(_ node: SyntaxNode, _ type: ExpressionType) -> ExpressionType
    {
        switch bindings.resolved(type) {
        case .list(let element): return element
        case .map(let key, _): return key
        case .object: return .string
        case .dyn: return .dyn
        case .parameter:
            let element = bindings.unknown()
            _ = bindings.assign(type, to: .list(element))
            return element
        case let other:
            note("expected a list or a map; '\(text(node))' is \(other)", node)
            return .dyn
        }
    }

    private mutating func optionalMap(
        _ target: SyntaxNode,
        _ variable: String,
        _ body: SyntaxNode,
        _ flat: Bool
    ) -> ExpressionType {
        var inner = ExpressionType.dyn
        if case .optional(let value) = bindings.resolved(check(target)) { inner = value }
        locals.append((variable, inner))
        defer { locals.removeLast() }
        let result = check(body)
        return flat ? result : .optional(result)
    }

    // MARK: Names and fields

    private mutating func reference(_ node: SyntaxNode) -> ExpressionType {
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
        let known = environment.variables.map(\.name) + locals.map(\.name)
        let hint = nearest(path[0], in: known)
        note(
            "there is no '\(path[0])' here; known are \(known.joined(separator: ", "))",
            root(of: node),
            fix: hint.map { "write '\($0)'" }
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
            let inner = select(value, field, optional: true, operand, node)
            return inner
        }
        let result: ExpressionType
        switch type {
        case .object(let object):
            guard let known = object[field] else {
                unknownField(field, object, operand, node)
                return .dyn
            }
            if known.isOptional, !optional, isForAdmins { checkGuard(node, known) }
            result = known.type
        case .map(_, let value): result = value
        case .dyn, .parameter, .named: result = .dyn
        default:
            note("'\(text(operand))' is \(type), which has no fields", node)
            return .dyn
        }
        return optional ? .optional(result) : result
    }

    private mutating func unknownField(
        _ field: String,
        _ object: ObjectType,
        _ operand: SyntaxNode,
        _ node: SyntaxNode
    ) {
        let names = object.fields.map(\.name)
        let shown = names.prefix(Limits.namesShown).joined(separator: ", ")
        note(
            "'\(text(operand))' has no field '\(field)'; it has \(shown.isEmpty ? "none" : shown)",
            node,
            fix: nearest(field, in: names).map { "write '\(text(operand)).\($0)'" }
        )
    }

    private mutating func checkGuard(_ node: SyntaxNode, _ field: ObjectType.Field) {
        if let path = node.path, present.contains(path) { return }
        let written = text(node)
        var dotted = written
        if case .select(let operand, let name, _) = node.form {
            dotted = "\(text(operand)).?\(name).orValue(\(Self.sample(field.type)))"
        }
        note(
            "'\(written)' may be absent, and then this has no value",
            node,
            fix: "write 'has(\(written)) && …', or '\(dotted)'"
        )
    }

    private static func sample(_ type: ExpressionType) -> String {
        switch type {
        case .bool: "false"
        case .int: "0"
        case .uint: "0u"
        case .double: "0.0"
        case .list: "[]"
        case .map, .object: "{}"
        case .enumeration(let members): "'\(members.members.first ?? "")'"
        default: "''"
        }
    }

    private mutating func has(
        _ operand: SyntaxNode,
        _ field: String,
        _ node: SyntaxNode
    ) -> ExpressionType {
        switch bindings.resolved(check(operand)) {
        case .object(let object) where object[field] == nil:
            unknownField(field, object, operand, node)
        case .object, .map, .dyn, .named, .optional, .parameter: break
        case let other: note("'\(text(operand))' is \(other), which has no fields", node)
        }
        return .bool
    }

    private mutating func index(
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
            if !numbers.contains(bindings.resolved(keyType)) {
                note("a list is indexed by a whole number; this is \(bindings.final(keyType))", key)
            }
            result = element
        case .map(let expected, let value):
            if !bindings.assign(keyType, to: expected) {
                note("expected a key that is \(expected); this is \(bindings.final(keyType))", key)
            }
            result = value
        case .object, .dyn, .parameter, .named: result = .dyn
        default:
            note("'\(text(operand))' is \(type), which cannot be indexed", operand)
            result = .dyn
        }
        return isOptional ? .optional(result) : result
    }

    /// Reads an integer literal as a double, when this is one.
    mutating func asDouble(_ node: SyntaxNode) -> Bool {
        switch node.form {
        case .literal(.int):
            doubleLiterals.insert(ObjectIdentifier(node))
            return true
        case .negate(let inner): return asDouble(inner)
        default: return false
        }
    }

    /// Reads an integer literal beside a double as a double.
    mutating func widen(
        _ left: inout ExpressionType,
        _ leftNode: SyntaxNode,
        _ right: inout ExpressionType,
        _ rightNode: SyntaxNode
    ) {
        if bindings.resolved(left) == .double, bindings.resolved(right) == .int,
            asDouble(rightNode)
        {
            right = .double
        } else if bindings.resolved(right) == .double, bindings.resolved(left) == .int,
            asDouble(leftNode)
        {
            left = .double
        }
    }
}

extension SyntaxNode {
    /// The fields that must be there for this to have that outcome.
    func fieldsPresent(when holds: Bool) -> Set<[String]> {
        switch form {
        case .has(let operand, let field, _):
            return holds ? Set([operand.path.map { $0 + [field] }].compactMap { $0 }) : []
        case .not(let operand): return operand.fieldsPresent(when: !holds)
        case .and(let left, let right):
            return holds
                ? left.fieldsPresent(when: true).union(right.fieldsPresent(when: true)) : []
        case .or(let left, let right):
            return holds
                ? [] : left.fieldsPresent(when: false).union(right.fieldsPresent(when: false))
        default: return []
        }
    }
}

/// Names that stand for types.
enum TypeNames {
    static func type(_ name: String) -> ExpressionType? {
        switch name {
        case "bool": .bool
        case "int": .int
        case "uint": .uint
        case "double": .double
        case "string": .string
        case "bytes": .bytes
        case "list": .list(.dyn)
        case "map": .map(.dyn, .dyn)
        case "null_type": .null
        case "type": .type(.dyn)
        case "google.protobuf.Timestamp": .timestamp
        case "google.protobuf.Duration": .duration
        case "optional_type": .optional(.dyn)
        default: nil
        }
    }
}
