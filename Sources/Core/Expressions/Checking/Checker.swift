internal import Values

/// Works out the type of every part of an expression and collects what does not fit.
struct Checker {
    let environment: ExpressionEnvironment
    let fragment: SourceFragment
    private(set) var diagnostics: [Diagnostic] = []
    var bindings = TypeBindings()
    var doubleLiterals: Set<ObjectIdentifier> = []
    /// Names of comprehension variables, the innermost last.
    var locals: [(name: String, type: ExpressionType)] = []
    /// Fields known to be there where the check stands.
    var present: Set<[String]> = []
    /// The comparison with null that is being checked, for its own remedy.
    var nullComparison: BinaryOperator?
    private var types: [ObjectIdentifier: ExpressionType] = [:]

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
            checkMember(tree.root, of: expecting)
            if diagnostics.isEmpty, !bindings.assign(type, to: expecting) {
                note(
                    "expected \(expecting); this is \(bindings.final(found))",
                    tree.root,
                    fix: conversion(of: tree.root, bindings.final(found), to: expecting)
                )
            }
        }
        return CheckedExpression(
            tree: tree,
            type: bindings.final(type),
            doubleLiterals: doubleLiterals,
            types: types.mapValues(bindings.final)
        )
    }

    /// Whether more need not be looked for: nobody reads so much.
    var isFull: Bool { diagnostics.count >= Limits.problems }

    mutating func note(_ message: String, _ node: SyntaxNode, fix: String? = nil) {
        if isFull { return }
        diagnostics.append(
            Diagnostic(message, at: fragment.sourceRange(node.range), fix: fix)
        )
    }

    func text(_ node: SyntaxNode) -> String { node.text(in: fragment) }

    /// How to write a value of another type, where there is a way.
    private func conversion(
        of node: SyntaxNode,
        _ found: ExpressionType,
        to expected: ExpressionType
    ) -> String? {
        switch (found, expected) {
        case (.optional(let inner), _) where inner == expected:
            Self.sample(expected).map { "write '\(text(node)).orValue(\($0))'" }
        case (.int, .double), (.uint, .double): "write 'double(\(text(node)))'"
        case (.double, .int): "write 'int(\(text(node)))'"
        case (.int, .string), (.uint, .string), (.double, .string), (.bool, .string):
            "write 'string(\(text(node)))'"
        case (.string, .bool): "compare it, such as '\(text(node)) == …'"
        default: nil
        }
    }

    // MARK: Forms

    mutating func check(_ node: SyntaxNode) -> ExpressionType {
        let type = typeOf(node)
        switch node.form {
        case .name, .select, .index: types[ObjectIdentifier(node)] = type
        default: break
        }
        return type
    }

    private mutating func typeOf(_ node: SyntaxNode) -> ExpressionType {
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
        case .message(let name, let fields): return message(name, fields)
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
        case .bind(let values, let body): return bind(values, body)
        }
    }

    private mutating func message(
        _ name: String,
        _ fields: [SyntaxNode.Field]
    ) -> ExpressionType {
        let known = environment.candidates(name).lazy.compactMap(Moments.type).first
        for field in fields {
            let type = check(field.value)
            guard known != nil else { continue }
            if !Moments.fields.contains(field.name) {
                note(
                    "'\(name)' has no field '\(field.name)'; it has seconds, nanos",
                    field.value,
                    fix: nearest(field.name, in: Moments.fields).map { "write '\($0)'" }
                )
            } else if !bindings.assign(type, to: .int) {
                note("expected int; this is \(bindings.final(type))", field.value)
            }
        }
        return known ?? .named(name)
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

    mutating func expectBool(_ node: SyntaxNode, _ type: ExpressionType) {
        if bindings.assign(type, to: .bool) { return }
        let found = bindings.final(type)
        var fix: String?
        if case .optional(.bool) = found { fix = "write '\(text(node)).orValue(false)'" }
        note("expected a condition; '\(text(node))' is \(found)", node, fix: fix)
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
        var types = elements.map { element in
            let type = check(element.value)
            return element.isOptional ? given(type, element.value) : type
        }
        // Among doubles an integer literal is one.
        if isForAdmins, types.contains(where: { bindings.resolved($0) == .double }) {
            for (place, element) in elements.enumerated() where types[place] == .int {
                if asDouble(element.value) { types[place] = .double }
            }
        }
        return .list(joined(types))
    }

    private mutating func map(_ entries: [SyntaxNode.Entry]) -> ExpressionType {
        var keys: [ExpressionType] = []
        var values: [ExpressionType] = []
        for entry in entries {
            keys.append(checkKey(entry.key))
            let type = check(entry.value)
            values.append(entry.isOptional ? given(type, entry.value) : type)
        }
        return .map(joined(keys), joined(values))
    }

    private mutating func checkKey(_ node: SyntaxNode) -> ExpressionType {
        let type = check(node)
        switch bindings.resolved(type) {
        case .bool, .int, .uint, .string, .enumeration, .dyn, .parameter: break
        case let other where isForAdmins:
            note("a key of a map is a text, a whole number or a bool; this is \(other)", node)
        default: break
        }
        return type
    }

    private mutating func joined(_ types: [ExpressionType]) -> ExpressionType {
        guard var joined = types.first else { return bindings.unknown() }
        for type in types.dropFirst() { joined = bindings.join(joined, type) }
        return joined
    }

    /// The type of the value of an optional after `?`.
    private mutating func given(_ type: ExpressionType, _ node: SyntaxNode) -> ExpressionType {
        switch bindings.resolved(type) {
        case .optional(let value): return value
        case .dyn, .parameter: return .dyn
        case let other:
            note("'?' needs an optional; '\(text(node))' is \(other)", node)
            return .dyn
        }
    }

    private mutating func bind(
        _ values: [SyntaxNode.Binding],
        _ body: SyntaxNode
    ) -> ExpressionType {
        let (known, before) = (locals.count, present)
        defer {
            locals.removeSubrange(known...)
            present = before
        }
        for value in values {
            let type = check(value.value)
            locals.append((value.name, type))
            present = present.filter { $0.first != value.name }
        }
        return check(body)
    }
}
