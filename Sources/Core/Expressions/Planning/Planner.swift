internal import Values

/// Turns a checked tree into steps, folding what needs no variable.
struct Planner {
    let environment: ExpressionEnvironment
    let checked: CheckedExpression
    /// Names in scope, the innermost last.
    var locals: [Local] = []
    /// How many places the locals of the whole expression need; none is used twice.
    private(set) var places = 0
    /// What the node being planned depends on.
    var reach = Reach()
    private var foldingLeft = Limits.foldingSteps

    struct Local {
        let name: String
        let place: Int
        /// Set for a name that stands for a value.
        let bound: BoundValue?
    }

    struct Reach {
        var usesVariable = false
        /// The outermost local that is used.
        var place = Int.max

        mutating func formUnion(_ other: Reach) {
            usesVariable = usesVariable || other.usesVariable
            place = min(place, other.place)
        }
    }

    init(environment: ExpressionEnvironment, checked: CheckedExpression) {
        self.environment = environment
        self.checked = checked
    }

    var nullIsAbsent: Bool { environment.rules == .admins }

    mutating func plan(_ node: SyntaxNode) throws(SyntaxProblem) -> any PlanNode {
        let outer = reach
        let before = places
        reach = Reach()
        var planned = try step(node)
        if !reach.usesVariable, reach.place >= before { planned = folded(planned) }
        if planned is ConstantNode { reach = Reach() }
        reach.formUnion(outer)
        return planned
    }

    /// A step whose value is known now becomes that value, unless it has none.
    private mutating func folded(_ step: any PlanNode) -> any PlanNode {
        if step is ConstantNode || foldingLeft <= 0 { return step }
        var frame = Frame(bindings: [], locals: places, limit: CostLimit(steps: foldingLeft))
        defer { foldingLeft -= frame.cost }
        do throws(EvaluationError) {
            let value = try step.value(&frame)
            // What shares its parts may be too much to be walked ever again.
            try value.walk(&frame)
            return ConstantNode(value)
        } catch {
            return step
        }
    }

    /// A place for a name while `body` is planned.
    mutating func place(
        _ name: String,
        bound initial: (any PlanNode)? = nil
    ) -> Int {
        let place = places
        places += 1
        locals.append(
            Local(
                name: name,
                place: place,
                bound: initial.map { BoundValue(place: place, initial: $0) }
            )
        )
        return place
    }

    private mutating func step(_ node: SyntaxNode) throws(SyntaxProblem) -> any PlanNode {
        switch node.form {
        case .literal(let value): return literal(value, node)
        case .name, .select: return try reference(node)
        case .has(let operand, let field, _):
            return HasNode(try plan(operand), field, nullIsAbsent: nullIsAbsent)
        case .index(let operand, let key, let optional):
            return try index(operand, key, optional, node)
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
        case .message(let name, let fields): return try message(name, fields, node)
        case .not(let operand): return NotNode(try plan(operand))
        case .negate(let operand): return CallNode(Arithmetic.negation, [try plan(operand)])
        case .and(let left, let right): return both(try plan(left), try plan(right))
        case .or(let left, let right): return either(try plan(left), try plan(right))
        case .conditional(let condition, let then, let otherwise):
            return choice(try plan(condition), try plan(then), try plan(otherwise))
        case .binary(let sign, let left, let right):
            return binary(sign, try plan(left), try plan(right))
        case .comprehension(let comprehension): return try self.comprehension(comprehension)
        case .optionalMap(let target, let variable, let body, let flat):
            let target = try plan(target)
            let place = place(variable)
            defer { locals.removeLast() }
            return OptionalMapNode(target, place: place, body: try plan(body), flat: flat)
        case .bind(let values, let body): return try bind(values, body)
        }
    }

    private func literal(_ value: ExpressionValue, _ node: SyntaxNode) -> any PlanNode {
        if case .int(let whole) = value, checked.doubleLiterals.contains(ObjectIdentifier(node)) {
            return ConstantNode(.double(Double(whole)))
        }
        return ConstantNode(value)
    }

    private mutating func index(
        _ operand: SyntaxNode,
        _ key: SyntaxNode,
        _ optional: Bool,
        _ node: SyntaxNode
    ) throws(SyntaxProblem) -> any PlanNode {
        let (operand, key) = (try plan(operand), try plan(key))
        return optional
            ? OptionalFieldNode(
                operand,
                key,
                nullIsAbsent: nullIsAbsent,
                isField: false,
                numbers: numbers(node)
            )
            : IndexNode(operand, key, type: checked.type(of: node), numbers: numbers(node))
    }

    private mutating func message(
        _ name: String,
        _ fields: [SyntaxNode.Field],
        _ node: SyntaxNode
    ) throws(SyntaxProblem) -> any PlanNode {
        let known = environment.candidates(name).lazy.compactMap(Moments.type).first
        guard let known, fields.count <= 2, Set(fields.map(\.name)).count == fields.count,
            fields.allSatisfy({ Moments.fields.contains($0.name) && !$0.isOptional })
        else {
            throw SyntaxProblem("messages such as '\(name)' are not used here", node.range)
        }
        var arguments: [any PlanNode] = []
        for name in Moments.fields {
            if let field = fields.first(where: { $0.name == name }) {
                arguments.append(try plan(field.value))
            } else {
                arguments.append(ConstantNode(.int(0)))
            }
        }
        return CallNode(Moments.function(known), arguments)
    }

    private mutating func comprehension(
        _ own: SyntaxNode.Comprehension
    ) throws(SyntaxProblem) -> any PlanNode {
        let range = try plan(own.range)
        let known = locals.count
        defer { locals.removeSubrange(known...) }
        let first = place(own.variable)
        let second = own.second.map { place($0) }
        var predicate: (any PlanNode)?
        var transform: (any PlanNode)?
        if let node = own.predicate { predicate = try plan(node) }
        if let node = own.transform { transform = try plan(node) }
        return ComprehensionNode(
            own.kind,
            range,
            places: (first, second),
            predicate: predicate,
            transform: transform
        )
    }

    private mutating func bind(
        _ values: [SyntaxNode.Binding],
        _ body: SyntaxNode
    ) throws(SyntaxProblem) -> any PlanNode {
        let known = locals.count
        defer { locals.removeSubrange(known...) }
        var bound: [BoundValue] = []
        for value in values {
            let initial = try plan(value.value)
            _ = place(value.name, bound: initial)
            if let last = locals.last?.bound { bound.append(last) }
        }
        return BindNode(bound, body: try plan(body))
    }

    // MARK: Logic

    /// Either side alone makes it false, so a side that is needs no other.
    private func both(_ left: any PlanNode, _ right: any PlanNode) -> any PlanNode {
        for side in [left, right] {
            if case .bool(false)? = side.known { return ConstantNode(.bool(false)) }
        }
        return AndNode(left, right)
    }

    private func either(_ left: any PlanNode, _ right: any PlanNode) -> any PlanNode {
        for side in [left, right] {
            if case .bool(true)? = side.known { return ConstantNode(.bool(true)) }
        }
        return OrNode(left, right)
    }

    private func choice(
        _ condition: any PlanNode,
        _ then: any PlanNode,
        _ otherwise: any PlanNode
    ) -> any PlanNode {
        guard case .bool(let holds)? = condition.known else {
            return ConditionalNode(condition, then, otherwise)
        }
        return holds ? then : otherwise
    }
}

extension PlanNode {
    /// The value, when it is a constant.
    var known: ExpressionValue? { (self as? ConstantNode)?.constant }
}
