internal import Values

/// Names, operators and functions.
extension Planner {
    mutating func reference(_ node: SyntaxNode) throws(SyntaxProblem) -> any PlanNode {
        if let path = node.path {
            if let local = locals.last(where: { $0.name == path[0] }) {
                return fields(of: local, node)
            }
            for count in stride(from: path.count, to: 0, by: -1) {
                let name = path[..<count].joined(separator: ".")
                for candidate in environment.candidates(name) {
                    if let slot = environment.slot(of: candidate) {
                        return variable(slot, candidate, Array(path[count...]), node)
                    }
                    if count == path.count, TypeNames.type(candidate) != nil {
                        return ConstantNode(.type(candidate))
                    }
                }
            }
            return try unknown("there is no '\(path[0])' here", node)
        }
        guard case .select(let operand, let field, let optional) = node.form else {
            preconditionFailure("a reference is a name or a field")
        }
        let planned = try plan(operand)
        return optional
            ? OptionalFieldNode(
                planned,
                ConstantNode(.string(field)),
                nullIsAbsent: nullIsAbsent,
                isField: true,
                numbers: numbers(node)
            )
            : FieldNode(planned, field, type: checked.type(of: node), numbers: numbers(node))
    }

    private mutating func variable(
        _ slot: Int,
        _ name: String,
        _ fields: [String],
        _ node: SyntaxNode
    ) -> any PlanNode {
        reach.usesVariable = true
        return fields.isEmpty
            ? VariableNode(
                slot: slot,
                name: name,
                type: environment.variables[slot].type,
                numbers: numbers(node)
            )
            : PathNode(
                slot: slot,
                name: name,
                fields: fields,
                type: checked.type(of: node) ?? .dyn,
                numbers: numbers(node)
            )
    }

    private mutating func fields(of local: Local, _ node: SyntaxNode) -> any PlanNode {
        guard case .select(let operand, let field, _) = node.form else {
            reach.place = min(reach.place, local.place)
            return local.bound.map(BoundNode.init)
                ?? LocalNode(place: local.place, numbers: numbers(node))
        }
        return FieldNode(
            fields(of: local, operand),
            field,
            type: checked.type(of: node),
            numbers: numbers(node)
        )
    }

    /// The standard has no types that say how numbers of JSON are read.
    func numbers(_ node: SyntaxNode) -> NumberReading {
        environment.rules == .admins ? NumberReading(checked.type(of: node)) : .asTheyAre
    }

    /// What was not checked fails only if it is evaluated.
    private mutating func unknown(
        _ message: String,
        _ node: SyntaxNode
    ) throws(SyntaxProblem) -> any PlanNode {
        if checked.isChecked { throw SyntaxProblem(message, node.range) }
        reach.usesVariable = true
        return FailureNode(EvaluationError(.unbound, message))
    }

    /// A function that is only declared can be checked, and fails when it is called.
    private mutating func missing(
        _ name: String,
        _ node: SyntaxNode
    ) throws(SyntaxProblem) -> any PlanNode {
        let isDeclared = environment.candidates(name).contains {
            environment.functions[$0] != nil
        }
        let message = "there is no function '\(name)'"
        guard isDeclared else { return try unknown(message, node) }
        reach.usesVariable = true
        return FailureNode(EvaluationError(.unbound, message))
    }

    // MARK: Operators and functions

    func binary(
        _ sign: BinaryOperator,
        _ left: any PlanNode,
        _ right: any PlanNode
    ) -> any PlanNode {
        switch sign {
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            if let path = left as? PathNode, case .double(let bound)? = right.known,
                !bound.isNaN
            {
                return PathOrderNode(sign, path, bound, constant: right)
            }
            return OrderNode(sign, left, right)
        case .equal, .notEqual:
            let general = EqualNode(left, right, negated: sign == .notEqual)
            if let path = left as? PathNode, case .string(let text)? = right.known {
                return PathTextNode(path, [text], negated: sign == .notEqual, general: general)
            }
            return general
        case .isIn: return membership(left, right)
        default:
            guard let function = Library.operators[sign.rawValue] else {
                preconditionFailure("every arithmetic operator is in the library")
            }
            return CallNode(function, [left, right])
        }
    }

    private func membership(_ element: any PlanNode, _ set: any PlanNode) -> any PlanNode {
        guard case .list(let constants)? = set.known else { return InNode(element, set) }
        if constants.count > Limits.walkedConstants, ValueIndex.canHold(constants) {
            return ConstantSetNode(element, constants)
        }
        let general = InNode(element, set)
        if let path = element as? PathNode, let texts = set.known?.texts {
            return PathTextNode(path, texts, negated: false, general: general)
        }
        return general
    }

    mutating func call(
        _ name: String,
        _ arguments: [SyntaxNode],
        _ node: SyntaxNode
    ) throws(SyntaxProblem) -> any PlanNode {
        for candidate in environment.candidates(name) {
            if candidate == "matches", arguments.count == 2 {
                return try matches(arguments[0], arguments[1])
            }
            if let function = Library.functions[candidate] {
                return try called(candidate, function, arguments)
            }
        }
        return try missing(name, node)
    }

    mutating func method(
        _ target: SyntaxNode,
        _ name: String,
        _ arguments: [SyntaxNode],
        _ node: SyntaxNode
    ) throws(SyntaxProblem) -> any PlanNode {
        if let path = target.path, environment.slot(of: path[0]) == nil,
            !locals.contains(where: { $0.name == path[0] })
        {
            let full = (path + [name]).joined(separator: ".")
            for candidate in environment.candidates(full) {
                if let function = Library.functions[candidate] {
                    return try called(candidate, function, arguments)
                }
            }
        }
        if arguments.count == 1 {
            let tests: [String: TextTestNode.Test] = [
                "startsWith": .startsWith, "endsWith": .endsWith, "contains": .contains,
            ]
            if let test = tests[name] {
                return TextTestNode(test, try plan(target), try plan(arguments[0]))
            }
            if name == "matches" { return try matches(target, arguments[0]) }
        }
        if let function = try timePart(name, arguments) {
            return CallNode(function, try plans([target] + arguments))
        }
        guard let function = Library.methods[name] else {
            return try missing(name, node)
        }
        return CallNode(function, try plans([target] + arguments))
    }

    private mutating func plans(_ nodes: [SyntaxNode]) throws(SyntaxProblem) -> [any PlanNode] {
        var plans: [any PlanNode] = []
        for node in nodes { plans.append(try plan(node)) }
        return plans
    }

    /// The rules of a zone that is written out are looked up now; others can only be fixed offsets,
    /// unless the environment has the rules of the standard.
    private func timePart(
        _ name: String,
        _ arguments: [SyntaxNode]
    ) throws(SyntaxProblem) -> LibraryFunction? {
        let zones = environment.zones
        guard environment.rules == .admins else {
            return TimeParts.function(name, zones: zones)
        }
        guard arguments.count == 1, case .literal(.string(let zone)) = arguments[0].form,
            TimeParts.function(name, zones: zones) != nil
        else { return TimeParts.function(name) { _ in nil } }
        guard TimeParts.isZone(zone, zones) else {
            throw SyntaxProblem(
                "there is no time zone '\(zone)' here",
                arguments[0].range,
                fix: "write a name such as 'Europe/Berlin', or an offset such as '+02:00'"
            )
        }
        let rules = zones(zone)
        return TimeParts.function(name) { $0 == zone ? rules : nil }
    }

    // MARK: Patterns

    /// A call whose pattern, where it has one that is known now, is compiled now.
    private mutating func called(
        _ name: String,
        _ function: LibraryFunction,
        _ arguments: [SyntaxNode]
    ) throws(SyntaxProblem) -> any PlanNode {
        let planned = try plans(arguments)
        guard name.hasPrefix("regex."), planned.count > 1,
            case .string(let pattern)? = planned[1].known,
            let compiled = Patterns.function(name, with: try compile(pattern, arguments[1]))
        else { return CallNode(function, planned) }
        return CallNode(compiled, planned)
    }

    private mutating func matches(
        _ text: SyntaxNode,
        _ pattern: SyntaxNode
    ) throws(SyntaxProblem) -> any PlanNode {
        let planned = try plan(pattern)
        guard case .string(let constant)? = planned.known else {
            return CallNode(Patterns.matches, [try plan(text), planned])
        }
        return MatchesNode(try compile(constant, pattern), try plan(text))
    }

    private func compile(
        _ pattern: String,
        _ node: SyntaxNode
    ) throws(SyntaxProblem) -> RegularExpression {
        do {
            return try RegularExpression(pattern)
        } catch {
            throw SyntaxProblem("the pattern does not compile: \(error.message)", node.range)
        }
    }
}

extension ExpressionValue {
    /// The texts of a list of nothing else.
    fileprivate var texts: [String]? {
        guard case .list(let elements) = self else { return nil }
        var texts: [String] = []
        for element in elements {
            guard case .string(let text) = element else { return nil }
            texts.append(text)
        }
        return texts
    }
}
