internal import Values

/// Parses CEL by recursive descent, precedence by precedence.
struct Parser {
    private static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
        "loop", "package", "namespace", "return", "var", "void", "while",
    ]

    private let tokens: [Token]
    private var index = 0
    private var depth = 0
    /// Whether `has`, `all` and the other macros mean themselves.
    let macros: Bool

    static func parse(
        _ fragment: SourceFragment,
        macros: Bool = true
    ) throws(SyntaxProblem) -> SyntaxTree {
        guard fragment.text.utf8.count <= Limits.bytes else {
            throw SyntaxProblem("an expression may have at most \(Limits.bytes) bytes", 0..<1)
        }
        var lexer = Lexer(fragment.text)
        var parser = Parser(tokens: try lexer.tokens(), macros: macros)
        let root = try parser.expression()
        guard case .end = parser.current.kind else {
            throw SyntaxProblem(
                "expected an operator or the end; got \(parser.shown)",
                parser.current.range
            )
        }
        return SyntaxTree(root: root, fragment: fragment)
    }

    private init(tokens: [Token], macros: Bool) {
        self.tokens = tokens
        self.macros = macros
    }

    // MARK: Operators

    mutating func expression() throws(SyntaxProblem) -> SyntaxNode {
        depth += 1
        defer { depth -= 1 }
        if depth > Limits.parseDepth {
            throw SyntaxProblem(
                "expressions may be nested at most \(Limits.parseDepth) deep",
                current.range
            )
        }
        let condition = try disjunction()
        guard take("?") else { return condition }
        let then = try disjunction()
        try expect(":")
        let otherwise = try expression()
        return join(condition, otherwise, .conditional(condition, then, otherwise))
    }

    private mutating func disjunction() throws(SyntaxProblem) -> SyntaxNode {
        var operands = [try conjunction()]
        while take("||") { operands.append(try conjunction()) }
        return balanced(operands[...]) { .or($0, $1) }
    }

    private mutating func conjunction() throws(SyntaxProblem) -> SyntaxNode {
        var operands = [try relation()]
        while take("&&") { operands.append(try relation()) }
        return balanced(operands[...]) { .and($0, $1) }
    }

    /// A tree as flat as it can be, so that a long chain is not deep.
    private func balanced(
        _ operands: ArraySlice<SyntaxNode>,
        _ form: (SyntaxNode, SyntaxNode) -> SyntaxNode.Form
    ) -> SyntaxNode {
        if operands.count == 1 { return operands[operands.startIndex] }
        let middle = operands.startIndex + operands.count / 2
        let left = balanced(operands[..<middle], form)
        let right = balanced(operands[middle...], form)
        return join(left, right, form(left, right))
    }

    private static let relations: [String: BinaryOperator] = [
        "<": .less, "<=": .lessOrEqual, ">": .greater, ">=": .greaterOrEqual, "==": .equal,
        "!=": .notEqual,
    ]

    private mutating func relation() throws(SyntaxProblem) -> SyntaxNode {
        var left = try sum()
        while true {
            var found: BinaryOperator?
            if case .symbol(let symbol) = current.kind { found = Self.relations[symbol] }
            if case .identifier("in") = current.kind { found = .isIn }
            guard let found else { return left }
            index += 1
            let right = try sum()
            left = try bounded(join(left, right, .binary(found, left, right)))
        }
    }

    private mutating func sum() throws(SyntaxProblem) -> SyntaxNode {
        var left = try product()
        while true {
            let found: BinaryOperator
            if take("+") {
                found = .add
            } else if take("-") {
                found = .subtract
            } else {
                return left
            }
            let right = try product()
            left = try bounded(join(left, right, .binary(found, left, right)))
        }
    }

    private mutating func product() throws(SyntaxProblem) -> SyntaxNode {
        var left = try unary()
        while true {
            let found: BinaryOperator
            if take("*") {
                found = .multiply
            } else if take("/") {
                found = .divide
            } else if take("%") {
                found = .remainder
            } else {
                return left
            }
            let right = try unary()
            left = try bounded(join(left, right, .binary(found, left, right)))
        }
    }

    private mutating func unary() throws(SyntaxProblem) -> SyntaxNode {
        let start = current.range.lowerBound
        if take("!") {
            var count = 1
            while take("!") { count += 1 }
            let operand = try member()
            let node = SyntaxNode(.not(operand), start..<operand.range.upperBound)
            return count.isMultiple(of: 2) ? SyntaxNode(.not(node), node.range) : node
        }
        guard take("-") else { return try member() }
        var count = 1
        while take("-") { count += 1 }
        if count == 1, let literal = negativeLiteral(start) { return try suffixes(of: literal) }
        if case .int(let value) = current.kind, value > UInt64(Int64.max) {
            throw SyntaxProblem("the integer is beyond 64 bits", current.range)
        }
        let operand = try member()
        let node = SyntaxNode(.negate(operand), start..<operand.range.upperBound)
        return count.isMultiple(of: 2) ? SyntaxNode(.negate(node), node.range) : node
    }

    private mutating func negativeLiteral(_ start: Int) -> SyntaxNode? {
        let range = start..<current.range.upperBound
        switch current.kind {
        case .int(let value) where value <= UInt64(Int64.max) + 1:
            index += 1
            return SyntaxNode(.literal(.int(Int64(truncatingIfNeeded: 0 &- value))), range)
        case .double(let value):
            index += 1
            return SyntaxNode(.literal(.double(-value)), range)
        default: return nil
        }
    }

    // MARK: Members and primaries

    private mutating func member() throws(SyntaxProblem) -> SyntaxNode {
        try suffixes(of: try primary())
    }

    private mutating func suffixes(of first: SyntaxNode) throws(SyntaxProblem) -> SyntaxNode {
        var node = first
        while true {
            if take(".") {
                let optional = take("?")
                let name = try fieldName()
                let end = previousEnd
                if !optional, take("(") {
                    let arguments = try arguments(")")
                    node = try method(node, name.text, arguments, name.range)
                } else {
                    node = SyntaxNode(
                        .select(node, field: name.text, optional: optional),
                        node.range.lowerBound..<end
                    )
                }
                node = try bounded(node)
            } else if take("[") {
                let optional = take("?")
                let key = try expression()
                try expect("]")
                node = try bounded(
                    SyntaxNode(
                        .index(node, key, optional: optional),
                        node.range.lowerBound..<previousEnd
                    )
                )
            } else {
                return node
            }
        }
    }

    private mutating func fieldName() throws(SyntaxProblem) -> (text: String, range: Range<Int>) {
        let token = current
        switch token.kind {
        case .identifier(let name) where !["in", "true", "false", "null"].contains(name):
            index += 1
            return (name, token.range)
        case .quotedField(let name):
            index += 1
            return (name, token.range)
        default:
            throw SyntaxProblem("expected a field's name; got \(shown)", token.range)
        }
    }

    private mutating func primary() throws(SyntaxProblem) -> SyntaxNode {
        let token = current
        index += 1
        switch token.kind {
        case .int(let value):
            guard let value = Int64(exactly: value) else {
                throw SyntaxProblem("the integer is beyond 64 bits", token.range)
            }
            return SyntaxNode(.literal(.int(value)), token.range)
        case .uint(let value): return SyntaxNode(.literal(.uint(value)), token.range)
        case .double(let value): return SyntaxNode(.literal(.double(value)), token.range)
        case .string(let text): return SyntaxNode(.literal(.string(text)), token.range)
        case .bytes(let bytes): return SyntaxNode(.literal(.bytes(bytes)), token.range)
        case .identifier(let name): return try named(name, token, absolute: false)
        case .symbol("."):
            let name = current
            guard case .identifier(let text) = name.kind else {
                throw SyntaxProblem("expected a name after '.'; got \(shown)", name.range)
            }
            index += 1
            return try named(text, name, absolute: true)
        case .symbol("("):
            let inner = try expression()
            try expect(")")
            return SyntaxNode(inner.form, inner.range)
        case .symbol("["): return try list(token.range.lowerBound)
        case .symbol("{"): return try map(token.range.lowerBound)
        case .end: throw SyntaxProblem("the expression ends too early", token.range)
        default:
            index -= 1
            throw SyntaxProblem("expected a value; got \(shown)", token.range)
        }
    }

    private mutating func named(
        _ name: String,
        _ token: Token,
        absolute: Bool
    ) throws(SyntaxProblem) -> SyntaxNode {
        switch name {
        case "true" where !absolute: return SyntaxNode(.literal(.bool(true)), token.range)
        case "false" where !absolute: return SyntaxNode(.literal(.bool(false)), token.range)
        case "null" where !absolute: return SyntaxNode(.literal(.null), token.range)
        case "in": throw SyntaxProblem("expected a value before 'in'", token.range)
        default: break
        }
        if Self.reserved.contains(name) {
            throw SyntaxProblem("'\(name)' is a reserved word", token.range)
        }
        if let message = try message(name, token, absolute: absolute) { return message }
        guard take("(") else { return SyntaxNode(.name(name, absolute: absolute), token.range) }
        let arguments = try arguments(")")
        let range = token.range.lowerBound..<previousEnd
        if macros, name == "has", arguments.count == 1 { return try has(arguments[0], range) }
        return SyntaxNode(.call((absolute ? "." : "") + name, arguments), range)
    }

    /// `a.b.C{field: value}`, known by the brace after a dotted name.
    private mutating func message(
        _ name: String,
        _ token: Token,
        absolute: Bool
    ) throws(SyntaxProblem) -> SyntaxNode? {
        var ahead = index
        var full = (absolute ? "." : "") + name
        while case .symbol(".") = tokens[ahead].kind,
            case .identifier(let next) = tokens[ahead + 1].kind
        {
            full += "." + next
            ahead += 2
        }
        guard case .symbol("{") = tokens[ahead].kind else { return nil }
        index = ahead + 1
        var fields: [SyntaxNode.Field] = []
        while !take("}") {
            let optional = take("?")
            let field = try fieldName()
            try expect(":")
            fields.append(
                .init(name: field.text, value: try expression(), isOptional: optional)
            )
            if !take(",") {
                try expect("}")
                break
            }
        }
        return SyntaxNode(.message(full, fields), token.range.lowerBound..<previousEnd)
    }

    private mutating func list(_ start: Int) throws(SyntaxProblem) -> SyntaxNode {
        var elements: [SyntaxNode.Element] = []
        while !take("]") {
            let optional = take("?")
            elements.append(.init(value: try expression(), isOptional: optional))
            if !take(",") {
                try expect("]")
                break
            }
        }
        return SyntaxNode(.list(elements), start..<previousEnd)
    }

    private mutating func map(_ start: Int) throws(SyntaxProblem) -> SyntaxNode {
        var entries: [SyntaxNode.Entry] = []
        while !take("}") {
            let optional = take("?")
            let key = try expression()
            try expect(":")
            entries.append(.init(key: key, value: try expression(), isOptional: optional))
            if !take(",") {
                try expect("}")
                break
            }
        }
        return SyntaxNode(.map(entries), start..<previousEnd)
    }

    private mutating func arguments(_ close: String) throws(SyntaxProblem) -> [SyntaxNode] {
        if take(close) { return [] }
        var arguments = [try expression()]
        while take(",") { arguments.append(try expression()) }
        try expect(close)
        return arguments
    }

    // MARK: Tokens

    var current: Token { tokens[min(index, tokens.count - 1)] }
    var previousEnd: Int { tokens[max(0, index - 1)].range.upperBound }

    private mutating func take(_ symbol: String) -> Bool {
        guard case .symbol(symbol) = current.kind else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ symbol: String) throws(SyntaxProblem) {
        if take(symbol) { return }
        throw SyntaxProblem("expected '\(symbol)'; got \(shown)", current.range)
    }

    private var shown: String {
        switch current.kind {
        case .identifier(let name): "'\(name)'"
        case .quotedField(let name): "'`\(name)`'"
        case .symbol(let symbol): "'\(symbol)'"
        case .int, .uint, .double: "a number"
        case .string, .bytes: "a text"
        case .end: "the end"
        }
    }

    /// The node, unless the chain it ends has become too long to be walked.
    private func bounded(_ node: SyntaxNode) throws(SyntaxProblem) -> SyntaxNode {
        if node.height <= Limits.treeHeight { return node }
        throw SyntaxProblem(
            "an expression may chain at most \(Limits.treeHeight) operators, fields or calls",
            node.range
        )
    }

    private func join(
        _ left: SyntaxNode,
        _ right: SyntaxNode,
        _ form: SyntaxNode.Form
    ) -> SyntaxNode {
        SyntaxNode(form, left.range.lowerBound..<right.range.upperBound)
    }
}
