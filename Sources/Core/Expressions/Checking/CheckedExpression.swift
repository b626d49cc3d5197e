internal import Values

/// A syntax tree with what checking found out.
struct CheckedExpression: Sendable {
    let tree: SyntaxTree
    let type: ExpressionType
    /// Integer literals that stand beside a double and are read as one.
    let doubleLiterals: Set<ObjectIdentifier>
    /// Unknown names are errors when they are planned; otherwise when they are evaluated.
    var isChecked = true

    init(tree: SyntaxTree, type: ExpressionType, doubleLiterals: Set<ObjectIdentifier>) {
        self.tree = tree
        self.type = type
        self.doubleLiterals = doubleLiterals
    }

    init(unchecked tree: SyntaxTree) {
        self.init(tree: tree, type: .dyn, doubleLiterals: [])
        isChecked = false
    }
}

extension SyntaxNode {
    /// The names of `a.b.c`, outermost first, when that is all this is.
    var path: [String]? {
        switch form {
        case .name(let name, let absolute): absolute ? ["." + name] : [name]
        case .select(let operand, let field, optional: false): operand.path.map { $0 + [field] }
        default: nil
        }
    }

    /// This as it was written, for messages.
    func text(in fragment: SourceFragment) -> String {
        let bytes = fragment.text.utf8
        let start = bytes.index(bytes.startIndex, offsetBy: range.lowerBound)
        return String(bytes[start..<bytes.index(start, offsetBy: range.count)]) ?? ""
    }
}
