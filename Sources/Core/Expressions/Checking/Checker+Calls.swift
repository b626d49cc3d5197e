internal import Values

/// Operators and functions.
extension Checker {
    mutating func binary(
        _ sign: BinaryOperator,
        _ left: SyntaxNode,
        _ right: SyntaxNode,
        _ node: SyntaxNode
    ) -> ExpressionType {
        var first = check(left)
        var second = check(right)
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

    private mutating func equality(
        _ left: ExpressionType,
        _ right: ExpressionType,
        _ node: SyntaxNode
    ) -> ExpressionType {
        if isForAdmins, left == .null || right == .null { return .bool }
        let before = bindings
        if bindings.assign(left, to: right) { return .bool }
        bindings = before
        if bindings.assign(right, to: left) { return .bool }
        if isForAdmins, isNumber(left), isNumber(right) { return .bool }
        bindings = before
        note(
            "\(bindings.final(left)) and \(bindings.final(right)) are never equal",
            node
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

    private mutating func checkMember(_ node: SyntaxNode, of type: ExpressionType) {
        guard case .enumeration(let members) = bindings.resolved(type),
            case .literal(.string(let text)) = node.form, !members.members.contains(text)
        else { return }
        note(
            "'\(text)' is no member; expected \(type)",
            node,
            fix: nearest(text, in: members.members).map { "write '\($0)'" }
        )
    }

    mutating func function(
        _ name: String,
        _ arguments: [SyntaxNode],
        _ node: SyntaxNode
    ) -> ExpressionType {
        let types = arguments.map { check($0) }
        for candidate in environment.candidates(name)
        where environment.functions[candidate]?.contains(where: { !$0.isMethod }) == true {
            return call(candidate, arguments, types, node)
        }
        unknownFunction(name, isMethod: false, node)
        return .dyn
    }

    mutating func method(
        _ target: SyntaxNode,
        _ name: String,
        _ arguments: [SyntaxNode],
        _ node: SyntaxNode
    ) -> ExpressionType {
        if let path = target.path, !isVariable(path[0]) {
            let full = (path + [name]).joined(separator: ".")
            for candidate in environment.candidates(full)
            where environment.functions[candidate]?.contains(where: { !$0.isMethod }) == true {
                return call(candidate, arguments, arguments.map { check($0) }, node)
            }
        }
        var types = [check(target)]
        for argument in arguments { types.append(check(argument)) }
        guard environment.functions[name]?.contains(where: \.isMethod) == true else {
            unknownFunction(name, isMethod: true, node)
            return .dyn
        }
        if isForAdmins, name == "orValue", types.count == 2,
            case .optional(.double) = bindings.resolved(types[0]), asDouble(arguments[0])
        {
            types[1] = .double
        }
        return call(name, [target] + arguments, types, node, isMethod: true)
    }

    private func isVariable(_ name: String) -> Bool { environment.slot(of: name) != nil }

    /// The result of the first overloads that fit; of several, `dyn` unless they agree.
    mutating func call(
        _ name: String,
        _ arguments: [SyntaxNode],
        _ types: [ExpressionType],
        _ node: SyntaxNode,
        isMethod: Bool = false
    ) -> ExpressionType {
        let overloads = (environment.functions[name] ?? []).filter { $0.isMethod == isMethod }
        var result: ExpressionType?
        var chosen: TypeBindings?
        let before = bindings
        for overload in overloads where overload.parameters.count == types.count {
            bindings = before
            let instance = bindings.instance(of: overload)
            var fits = true
            for (type, parameter) in zip(types, instance.parameters) where fits {
                fits = bindings.assign(type, to: parameter)
            }
            guard fits else { continue }
            let found = bindings.resolved(instance.result)
            if let earlier = result {
                result = earlier == found ? earlier : .dyn
            } else {
                result = found
                chosen = bindings
            }
        }
        bindings = chosen ?? before
        if let result { return result }
        noOverload(name, types, overloads, node)
        return overloads.first?.result == .bool ? .bool : .dyn
    }

    private mutating func noOverload(
        _ name: String,
        _ types: [ExpressionType],
        _ overloads: [Overload],
        _ node: SyntaxNode
    ) {
        let given = types.map { "\(bindings.final($0))" }
        if name == "-_" {
            note("'-' does not take \(given[0])", node)
        } else if name.first?.isLetter == true {
            note("\(name)() does not take \(given.joined(separator: ", "))", node)
        } else {
            let fix: String? =
                given.contains("string")
                    && given.contains(where: { ["int", "double"].contains($0) })
                ? "convert one side with string(), int() or double()" : nil
            note(
                "'\(name)' does not take \(given.joined(separator: " and "))",
                node,
                fix: fix
            )
        }
    }

    private mutating func unknownFunction(_ name: String, isMethod: Bool, _ node: SyntaxNode) {
        let macros = [
            "has", "all", "exists", "exists_one", "map", "filter", "optMap", "optFlatMap",
        ]
        let known =
            environment.functions.filter { $0.value.contains { $0.isMethod == isMethod } }.map(
                \.key
            )
            + macros
        let hint = nearest(name, in: known.filter { $0.first?.isLetter == true }.sorted())
        note(
            "there is no function '\(name)'",
            node,
            fix: hint.map { "write '\($0)'" }
        )
    }
}
