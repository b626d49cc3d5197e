internal import Values

/// Turns a checked tree into steps, folding what needs no variable.
struct Planner {
    let environment: ExpressionEnvironment
    let checked: CheckedExpression
    private var locals: [String] = []

    init(environment: ExpressionEnvironment, checked: CheckedExpression) {
        self.environment = environment
        self.checked = checked
    }

    private var nullIsAbsent: Bool { environment.rules == .admins }

    mutating func plan(_ node: SyntaxNode) throws(SyntaxProblem) -> any PlanNode {
        folded(try step(node))
    }

    /// A step all of whose parts are constants becomes one, unless it has no value.
    private func folded(_ step: any PlanNode) -> any PlanNode {
        guard step.needsNothing else { return step }
        var frame = Frame(bindings: [])
        do {
            return ConstantNode(try step.value(&frame))
        } catch {
            return step
        }
    }

    private mutating func step(_ node: SyntaxNode) throws(SyntaxProblem) -> any PlanNode {
        switch node.form {
        case .literal(let value): return literal(value, node)
        case .name, .select: return try reference(node)
        case .has(let operand, let field, _):
            return HasNode(try plan(operand), field, nullIsAbsent: nullIsAbsent)
        case .index(let operand, let key, let optional):
            let (operand, key) = (try plan(operand), try plan(key))
            return optional
                ? OptionalFieldNode(operand, key, nullIsAbsent: false, isField: false)
                : IndexNode(operand, key)
        case .call(let name, let arguments): return try call(name, arguments, node)
        case .method(let target, let name, let arguments):
            return try method(target, name, arguments, node)
        case .list(let elements):
            var planned: [(node: any PlanNode, isOptional: Bool)] = []
            for element in elements {
                planned.append((try plan(element.value), element.isOptional))
            }
            return ListNode(planned)
        case .map(let entries):
            var planned: [(key: any PlanNode, value: any PlanNode, isOptional: Bool)] = []
            for entry in entries {
                planned.append((try plan(entry.key), try plan(entry.value), entry.isOptional))
            }
            return MapNode(planned)
        case .message(let name, _):
            throw SyntaxProblem("messages such as '\(name)' are not used here", node.range)
        case .not(let operand): return NotNode(try plan(operand))
        case .negate(let operand): return CallNode(Library.negate, [try plan(operand)])
        case .and(let left, let right): return AndNode(try plan(left), try plan(right))
        case .or(let left, let right): return OrNode(try plan(left), try plan(right))
        case .conditional(let condition, let then, let otherwise):
            return ConditionalNode(try plan(condition), try plan(then), try plan(otherwise))
        case .binary(let sign, let left, let right):
            return binary(sign, try plan(left), try plan(right))
        case .comprehension(let comprehension): return try self.comprehension(comprehension)
        case .optionalMap(let target, let variable, let body, let flat):
            let target = try plan(target)
            locals.append(variable)
            defer { locals.removeLast() }
            return OptionalMapNode(target, body: try plan(body), flat: flat)
        }
    }

    private func literal(_ value: ExpressionValue, _ node: SyntaxNode) -> any PlanNode {
        if case .int(let whole) = value, checked.doubleLiterals.contains(ObjectIdentifier(node)) {
            return ConstantNode(.double(Double(whole)))
        }
        return ConstantNode(value)
    }

    private mutating func comprehension(
        _ comprehension: SyntaxNode.Comprehension
    ) throws(SyntaxProblem) -> any PlanNode {
        let range = try plan(comprehension.range)
        locals.append(comprehension.variable)
        defer { locals.removeLast() }
        var predicate: (any PlanNode)?
        var transform: (any PlanNode)?
        if let node = comprehension.predicate { predicate = try plan(node) }
        if let node = comprehension.transform { transform = try plan(node) }
        return ComprehensionNode(
            comprehension.kind,
            range,
            predicate: predicate,
            transform: transform
        )
    }

    // MARK: Names

    private mutating func reference(_ node: SyntaxNode) throws(SyntaxProblem) -> any PlanNode {
        if let path = node.path {
            if let depth = locals.lastIndex(of: path[0]) {
                return path.dropFirst().reduce(LocalNode(depth: depth)) { FieldNode($0, $1) }
            }
            for count in stride(from: path.count, to: 0, by: -1) {
                let name = path[..<count].joined(separator: ".")
                for candidate in environment.candidates(name) {
                    if let slot = environment.slot(of: candidate) {
                        let fields = Array(path[count...])
                        return fields.isEmpty
                            ? VariableNode(slot: slot, name: candidate)
                            : PathNode(slot: slot, name: candidate, fields: fields)
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
                isField: true
            )
            : FieldNode(planned, field)
    }

    /// What was not checked fails only if it is evaluated.
    private func unknown(
        _ message: String,
        _ node: SyntaxNode
    ) throws(SyntaxProblem) -> any PlanNode {
        if checked.isChecked { throw SyntaxProblem(message, node.range) }
        return FailureNode(EvaluationError(.unbound, message))
    }

    // MARK: Operators and functions

    private func binary(
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
        case .isIn:
            let general = InNode(left, right)
            if let path = left as? PathNode, let texts = right.known?.texts {
                return PathTextNode(path, texts, negated: false, general: general)
            }
            return general
        default:
            guard let function = Library.operators[sign.rawValue] else {
                preconditionFailure("every arithmetic operator is in the library")
            }
            return CallNode(function, [left, right])
        }
    }

    private mutating func call(
        _ name: String,
        _ arguments: [SyntaxNode],
        _ node: SyntaxNode
    ) throws(SyntaxProblem) -> any PlanNode {
        for candidate in environment.candidates(name) {
            if candidate == "matches", arguments.count == 2 {
                return try matches(arguments[0], arguments[1])
            }
            if let function = Library.functions[candidate] {
                return CallNode(function, try plans(arguments))
            }
        }
        return try unknown("there is no function '\(name)'", node)
    }

    private mutating func method(
        _ target: SyntaxNode,
        _ name: String,
        _ arguments: [SyntaxNode],
        _ node: SyntaxNode
    ) throws(SyntaxProblem) -> any PlanNode {
        if let path = target.path, environment.slot(of: path[0]) == nil, !locals.contains(path[0]) {
            let full = (path + [name]).joined(separator: ".")
            for candidate in environment.candidates(full) {
                if let function = Library.functions[candidate] {
                    return CallNode(function, try plans(arguments))
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
        guard let function = Library.methods[name] else {
            return try unknown("there is no function '\(name)'", node)
        }
        return CallNode(function, try plans([target] + arguments))
    }

    private mutating func plans(_ nodes: [SyntaxNode]) throws(SyntaxProblem) -> [any PlanNode] {
        var plans: [any PlanNode] = []
        for node in nodes { plans.append(try plan(node)) }
        return plans
    }

    /// A pattern that is known now is compiled now, and a wrong one told now.
    private mutating func matches(
        _ text: SyntaxNode,
        _ pattern: SyntaxNode
    ) throws(SyntaxProblem) -> any PlanNode {
        let planned = try plan(pattern)
        guard case .string(let constant)? = planned.known else {
            return CallNode(Library.matches, [try plan(text), planned])
        }
        do {
            return MatchesNode(try RegularExpression(constant), try plan(text))
        } catch let error as RegularExpression.SyntaxError {
            throw SyntaxProblem("the pattern does not compile: \(error.message)", pattern.range)
        } catch let error as SyntaxProblem {
            throw error
        } catch {
            preconditionFailure("planning throws syntax problems")
        }
    }
}

extension PlanNode {
    fileprivate var known: ExpressionValue? { (self as? ConstantNode)?.constant }

    /// Whether its parts are all constants, so that its value is known now.
    fileprivate var needsNothing: Bool {
        switch self {
        case let node as CallNode: node.arguments.allSatisfy { $0 is ConstantNode }
        case let node as ListNode: node.elements.allSatisfy { $0.node is ConstantNode }
        case let node as MapNode:
            node.entries.allSatisfy { $0.key is ConstantNode && $0.value is ConstantNode }
        case let node as NotNode: node.operand is ConstantNode
        case let node as AndNode: node.left is ConstantNode && node.right is ConstantNode
        case let node as OrNode: node.left is ConstantNode && node.right is ConstantNode
        case let node as EqualNode: node.left is ConstantNode && node.right is ConstantNode
        case let node as OrderNode: node.left is ConstantNode && node.right is ConstantNode
        case let node as InNode: node.element is ConstantNode && node.set is ConstantNode
        default: false
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
