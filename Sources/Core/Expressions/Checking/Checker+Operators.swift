internal import Values

/// Operators.
extension Checker {
    mutating func binary(
        _ sign: BinaryOperator,
        _ left: SyntaxNode,
        _ right: SyntaxNode,
        _ node: SyntaxNode
    ) -> ExpressionType {
        var first = check(left, comparedBy: sign, with: right)
        var second = check(right, comparedBy: sign, with: left)
        if isForAdmins {
            widen(&first, left, &second, right)
            checkMembers(sign, left, first, right, second)
        }
        switch sign {
        case .equal, .notEqual: return equality(first, second, node)
        case .isIn: return membership(first, second, left, right, node)
        default: return call(sign.rawValue, [left, right], [first, second], node)
        }
    }

    private mutating func check(
        _ node: SyntaxNode,
        comparedBy sign: BinaryOperator,
        with other: SyntaxNode
    ) -> ExpressionType {
        guard sign == .equal || sign == .notEqual, case .literal(.null) = other.form,
            case .select = node.form
        else { return check(node) }
        nullComparison = sign
        defer { nullComparison = nil }
        return check(node)
    }

    private mutating func equality(
        _ left: ExpressionType,
        _ right: ExpressionType,
        _ node: SyntaxNode
    ) -> ExpressionType {
        if isForAdmins {
            if left == .null || right == .null { return .bool }
            checkMembers(shared: left, right, node)
        }
        let before = bindings.mark
        if bindings.assign(left, to: right) { return .bool }
        bindings.forget(since: before)
        if bindings.assign(right, to: left) { return .bool }
        if isForAdmins, isNumber(left), isNumber(right) { return .bool }
        bindings.forget(since: before)
        let types = [bindings.final(left), bindings.final(right)]
        note(
            "\(types[0]) and \(types[1]) are never equal",
            node,
            fix: Self.remedy(for: types)
        )
        return .bool
    }

    private func isNumber(_ type: ExpressionType) -> Bool {
        switch bindings.resolved(type) {
        case .int, .uint, .double: true
        default: false
        }
    }

    private mutating func membership(
        _ element: ExpressionType,
        _ set: ExpressionType,
        _ left: SyntaxNode,
        _ right: SyntaxNode,
        _ node: SyntaxNode
    ) -> ExpressionType {
        if isForAdmins, case .list(let elements) = right.form, bindings.resolved(element) == .double
        {
            for each in elements { _ = asDouble(each.value) }
            return .bool
        }
        if isForAdmins, case .object = bindings.resolved(set) { return .bool }
        let isText: Bool
        switch bindings.resolved(set) {
        case .string, .enumeration: isText = true
        default: isText = false
        }
        if isForAdmins, isText {
            note(
                "'in' looks into a list or a map; '\(text(right))' is a text",
                right,
                fix: "write '\(text(right)).contains(\(text(left)))'"
            )
            return .bool
        }
        return call("in", [left, right], [element, set], node)
    }

    /// A text beside an enumeration must be one of its members.
    private mutating func checkMembers(
        _ sign: BinaryOperator,
        _ left: SyntaxNode,
        _ first: ExpressionType,
        _ right: SyntaxNode,
        _ second: ExpressionType
    ) {
        switch sign {
        case .equal, .notEqual:
            checkMember(left, of: second)
            checkMember(right, of: first)
        case .isIn:
            if case .list(let elements) = right.form {
                for element in elements { checkMember(element.value, of: first) }
            }
            if case .list(let element) = bindings.resolved(second) {
                checkMember(left, of: element)
            }
        default: break
        }
    }

    /// Two enumerations without a member in common are never equal.
    private mutating func checkMembers(
        shared left: ExpressionType,
        _ right: ExpressionType,
        _ node: SyntaxNode
    ) {
        guard case .enumeration(let a) = bindings.resolved(left),
            case .enumeration(let b) = bindings.resolved(right),
            Set(a.members).isDisjoint(with: b.members)
        else { return }
        note("these are never equal: one is \(left), the other \(right)", node)
    }

    mutating func checkMember(_ node: SyntaxNode, of type: ExpressionType) {
        guard isForAdmins, case .enumeration(let members) = bindings.resolved(type),
            case .literal(.string(let text)) = node.form, !members.members.contains(text)
        else { return }
        note(
            "'\(text)' is no member; expected \(type)",
            node,
            fix: nearest(text, in: members.members).map { "write '\($0)'" }
        )
    }
}
