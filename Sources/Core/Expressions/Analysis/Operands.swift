package import Values

/// A part of an expression and what it came to.
package struct Operand: Sendable {
    /// As it was written.
    package let text: String
    package let range: SourceRange
    /// How many other parts it is inside of.
    package let depth: Int
    package let result: Result<ExpressionValue, EvaluationError>
}

extension ExpressionEnvironment {
    /// What each part of a program comes to, outermost first, at most `Limits.operands` of them.
    ///
    /// Constants are left out, and so are the bodies of macros, which come to something else for each
    /// element. Every part is worked out on its own, also one that the whole has no need of; together
    /// they take at most `Limits.cost` steps.
    package func operands(of program: Program, _ bindings: Bindings) -> [Operand] {
        var operands: [Operand] = []
        var rest = [(node: program.checked.tree.root, depth: 0)]
        var limit = CostLimit()
        while let (node, depth) = rest.popLast(), operands.count < Limits.operands {
            if case .literal = node.form { continue }
            let part = part(node, of: program)
            if depth > 0, part?.constant != nil { continue }
            let inner = part == nil ? depth : depth + 1
            rest += node.operands.reversed().map { ($0, inner) }
            guard let part else { continue }
            let evaluation = part.evaluate(bindings, within: limit)
            limit.steps = max(0, limit.steps - evaluation.cost)
            operands.append(
                Operand(
                    text: node.text(in: program.fragment),
                    range: program.fragment.sourceRange(node.range),
                    depth: depth,
                    result: evaluation.result
                )
            )
        }
        return operands
    }

    /// Nothing for a name that means nothing alone, such as the `math` of `math.abs`.
    func part(_ node: SyntaxNode, of program: Program) -> Program? {
        var planner = Planner(environment: self, checked: program.checked)
        do throws(SyntaxProblem) {
            let plan = try planner.plan(node)
            return Program(checked: program.checked, plan: plan, locals: planner.places)
        } catch {
            return nil
        }
    }
}

extension SyntaxNode {
    /// The parts whose names mean the same outside of this.
    fileprivate var operands: [SyntaxNode] {
        switch form {
        case .literal, .name: []
        case .select(let of, _, _), .has(let of, _, _): path == nil ? [of] : []
        case .not(let of), .negate(let of): [of]
        case .index(let a, let b, _), .and(let a, let b), .or(let a, let b),
            .binary(_, let a, let b):
            [a, b]
        case .conditional(let a, let b, let c): [a, b, c]
        case .call(_, let arguments): arguments
        case .method(let target, _, let arguments): [target] + arguments
        case .list(let elements): elements.map(\.value)
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        case .message(_, let fields): fields.map(\.value)
        case .comprehension(let own): [own.range]
        case .optionalMap(let target, _, _, _): [target]
        case .bind(let values, _): values.prefix(1).map(\.value)
        }
    }
}
