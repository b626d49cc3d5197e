internal import Values

/// A syntax tree with what checking found out.
struct CheckedExpression: Sendable {
    let tree: SyntaxTree
    let type: ExpressionType
    /// Integer literals that stand beside a double and are read as one.
    let doubleLiterals: Set<ObjectIdentifier>
    /// The types of its names, fields and indexes.
    let types: [ObjectIdentifier: ExpressionType]
    /// Unknown names are errors when they are planned; otherwise when they are evaluated.
    let isChecked: Bool

    init(
        tree: SyntaxTree,
        type: ExpressionType,
        doubleLiterals: Set<ObjectIdentifier>,
        types: [ObjectIdentifier: ExpressionType]
    ) {
        self.tree = tree
        self.type = type
        self.doubleLiterals = doubleLiterals
        self.types = types
        isChecked = true
    }

    init(unchecked tree: SyntaxTree) {
        self.tree = tree
        type = .dyn
        doubleLiterals = []
        types = [:]
        isChecked = false
    }

    /// The type of a node, where it is known.
    func type(of node: SyntaxNode) -> ExpressionType? { types[ObjectIdentifier(node)] }
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
