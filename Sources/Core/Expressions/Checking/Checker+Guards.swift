internal import Values

/// "CEL for admins": fields that may be absent, and integers beside doubles.
extension Checker {
    /// Checks with fields known to be there.
    mutating func check(
        _ node: SyntaxNode,
        knowing fields: Set<[String]>
    ) -> ExpressionType {
        if fields.isEmpty { return check(node) }
        let before = present
        present.formUnion(fields)
        defer { present = before }
        return check(node)
    }

    mutating func checkGuard(_ node: SyntaxNode, _ field: ObjectType.Field) {
        if let place = node.place, present.contains(place) { return }
        let written = text(node)
        if let sign = nullComparison {
            note(
                "'\(written)' may be absent, and null counts as absent",
                node,
                fix: "write '\(sign == .equal ? "!" : "")has(\(written))'"
            )
            return
        }
        var fix = "write 'has(\(written)) && …'"
        if let sample = Self.sample(field.type), case .select(let operand, let name, _) = node.form
        {
            fix += ", or '\(text(operand)).?\(name).orValue(\(sample))'"
        }
        note("'\(written)' may be absent, and then this has no value", node, fix: fix)
    }

    /// Something of that type, where it can be written out.
    static func sample(_ type: ExpressionType) -> String? {
        switch type {
        case .bool: "false"
        case .int: "0"
        case .uint: "0u"
        case .double: "0.0"
        case .string, .dyn: "''"
        case .bytes: "b''"
        case .timestamp: "timestamp(0)"
        case .duration: "duration('0s')"
        case .list: "[]"
        case .map: "{}"
        case .enumeration(let members): members.members.first.map { "'\($0)'" }
        default: nil
        }
    }

    // MARK: Integers beside doubles

    /// Reads an integer literal as a double, when this is one or is made of such.
    mutating func asDouble(_ node: SyntaxNode) -> Bool {
        guard node.isMadeOfIntegers else { return false }
        markDoubles(node)
        return true
    }

    private mutating func markDoubles(_ node: SyntaxNode) {
        switch node.form {
        case .literal: doubleLiterals.insert(ObjectIdentifier(node))
        case .negate(let inner): markDoubles(inner)
        case .conditional(_, let a, let b), .binary(_, let a, let b):
            markDoubles(a)
            markDoubles(b)
        default: break
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
    /// Whether it is written with integer literals alone, so that its type is theirs to say.
    ///
    /// Not a division, whose outcome would be another.
    fileprivate var isMadeOfIntegers: Bool {
        switch form {
        case .literal(.int): true
        case .negate(let inner): inner.isMadeOfIntegers
        case .conditional(_, let a, let b): a.isMadeOfIntegers && b.isMadeOfIntegers
        case .binary(.add, let a, let b), .binary(.subtract, let a, let b),
            .binary(.multiply, let a, let b):
            a.isMadeOfIntegers && b.isMadeOfIntegers
        default: false
        }
    }

    /// Where in the variables this is, when that is written out: names, fields and constant
    /// indexes.
    var place: [String]? {
        switch form {
        case .name(let name, let absolute): return [absolute ? "." + name : name]
        case .select(let operand, let field, optional: false):
            return operand.place.map { $0 + ["." + field] }
        case .index(let operand, let key, optional: false):
            guard case .literal(let value) = key.form, let text = value.text else { return nil }
            if case .string(let name) = value { return operand.place.map { $0 + ["." + name] } }
            return operand.place.map { $0 + ["[\(text)]"] }
        default: return nil
        }
    }

    /// The fields that must be there for this to have that outcome.
    func fieldsPresent(when holds: Bool) -> Set<[String]> {
        switch form {
        case .has(let operand, let field, optional: false):
            return holds ? Set([operand.place.map { $0 + ["." + field] }].compactMap { $0 }) : []
        case .not(let operand): return operand.fieldsPresent(when: !holds)
        case .and(let left, let right):
            let (a, b) = (left.fieldsPresent(when: holds), right.fieldsPresent(when: holds))
            return holds ? a.union(b) : a.intersection(b)
        case .or(let left, let right):
            let (a, b) = (left.fieldsPresent(when: holds), right.fieldsPresent(when: holds))
            return holds ? a.intersection(b) : a.union(b)
        default: return []
        }
    }
}
