internal import Values

/// Which fields of a variable an expression mentions.
package struct VariableUse: Sendable, Equatable {
    package private(set) var fields: Set<String> = []
    /// It is used in a way that any of its fields may matter.
    package private(set) var isWhole = false
}

extension Program {
    /// How the expression uses a variable, in every part of it, those not evaluated included.
    ///
    /// A name that a comprehension gives to something else is taken for the variable: that says too
    /// much, never too little.
    package func uses(of variable: String) -> VariableUse {
        VariableUse(of: variable, in: checked.tree.root)
    }
}

extension VariableUse {
    init(of variable: String, in node: SyntaxNode) {
        self.init()
        walk(node, variable)
    }

    fileprivate mutating func walk(_ node: SyntaxNode, _ variable: String) {
        if let field = node.field(of: variable) {
            fields.insert(field)
            return
        }
        if node.isName(variable) {
            isWhole = true
            return
        }
        for child in node.children { walk(child, variable) }
    }
}

extension SyntaxNode {
    fileprivate func isName(_ variable: String) -> Bool {
        if case .name(variable, _) = form { true } else { false }
    }

    /// The constant field that this takes of a variable.
    fileprivate func field(of variable: String) -> String? {
        switch form {
        case .select(let operand, let field, _), .has(let operand, let field, _):
            return operand.isName(variable) ? field : nil
        case .index(let operand, let key, _):
            guard operand.isName(variable), case .literal(.string(let name)) = key.form else {
                return nil
            }
            return name
        default: return nil
        }
    }

    fileprivate var children: [SyntaxNode] {
        switch form {
        case .literal, .name: []
        case .select(let of, _, _), .has(let of, _, _), .not(let of), .negate(let of): [of]
        case .index(let a, let b, _), .and(let a, let b), .or(let a, let b),
            .binary(_, let a, let b), .optionalMap(let a, _, let b, _):
            [a, b]
        case .conditional(let a, let b, let c): [a, b, c]
        case .call(_, let arguments): arguments
        case .method(let target, _, let arguments): [target] + arguments
        case .list(let elements): elements.map(\.value)
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        case .message(_, let fields): fields.map(\.value)
        case .bind(let bindings, let body): bindings.map(\.value) + [body]
        case .comprehension(let own):
            [own.range, own.predicate, own.transform].compactMap { $0 }
        }
    }
}
