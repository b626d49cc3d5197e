internal import Values

extension Parser {
    /// `has(a.b)`.
    func has(_ argument: SyntaxNode, _ range: Range<Int>) throws(SyntaxProblem) -> SyntaxNode {
        guard case .select(let operand, let field, let optional) = argument.form else {
            throw SyntaxProblem(
                "has() needs a field, such as has(input.note)",
                argument.range,
                fix: "name a field of an object inside has()"
            )
        }
        return SyntaxNode(.has(operand, field: field, optional: optional), range)
    }

    /// A call on a value, a macro where it is one.
    func method(
        _ target: SyntaxNode,
        _ name: String,
        _ arguments: [SyntaxNode],
        _ nameRange: Range<Int>
    ) throws(SyntaxProblem) -> SyntaxNode {
        let range = target.range.lowerBound..<previousEnd
        guard macros else { return SyntaxNode(.method(target, name, arguments), range) }
        switch (name, arguments.count) {
        case ("all", 2), ("exists", 2), ("exists_one", 2), ("filter", 2):
            let kinds: [String: SyntaxNode.Comprehension.Kind] = [
                "all": .all, "exists": .exists, "exists_one": .existsOne, "filter": .filter,
            ]
            return SyntaxNode(
                .comprehension(
                    .init(
                        kind: kinds[name] ?? .all,
                        range: target,
                        variable: try variable(arguments[0]),
                        predicate: arguments[1],
                        transform: nil
                    )
                ),
                range
            )
        case ("map", 2), ("map", 3):
            return SyntaxNode(
                .comprehension(
                    .init(
                        kind: .map,
                        range: target,
                        variable: try variable(arguments[0]),
                        predicate: arguments.count == 3 ? arguments[1] : nil,
                        transform: arguments[arguments.count - 1]
                    )
                ),
                range
            )
        case ("optMap", 2), ("optFlatMap", 2):
            return SyntaxNode(
                .optionalMap(
                    target,
                    variable: try variable(arguments[0]),
                    body: arguments[1],
                    flat: name == "optFlatMap"
                ),
                range
            )
        default: return SyntaxNode(.method(target, name, arguments), range)
        }
    }

    private func variable(_ node: SyntaxNode) throws(SyntaxProblem) -> String {
        guard case .name(let name, absolute: false) = node.form else {
            throw SyntaxProblem("expected a simple name for the element", node.range)
        }
        return name
    }
}
