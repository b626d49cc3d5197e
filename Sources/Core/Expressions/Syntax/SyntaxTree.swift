internal import Values

/// A parsed expression, macros expanded: what was written, with its places.
struct SyntaxTree: Sendable {
    let root: SyntaxNode
    let fragment: SourceFragment
}

/// One node of a syntax tree; `range` counts UTF-8 offsets of the fragment's text.
final class SyntaxNode: Sendable {
    indirect enum Form: Sendable {
        case literal(ExpressionValue)
        /// A name; a leading dot makes it absolute.
        case name(String, absolute: Bool)
        case select(SyntaxNode, field: String, optional: Bool)
        /// `has(x.f)`.
        case has(SyntaxNode, field: String, optional: Bool)
        case index(SyntaxNode, SyntaxNode, optional: Bool)
        case call(String, [SyntaxNode])
        case method(SyntaxNode, String, [SyntaxNode])
        case list([Element])
        case map([Entry])
        case message(String, [Field])
        case not(SyntaxNode)
        case negate(SyntaxNode)
        case and(SyntaxNode, SyntaxNode)
        case or(SyntaxNode, SyntaxNode)
        case conditional(SyntaxNode, SyntaxNode, SyntaxNode)
        case binary(BinaryOperator, SyntaxNode, SyntaxNode)
        case comprehension(Comprehension)
        /// `optMap` and `optFlatMap`: the variable is the value of an optional that has one.
        case optionalMap(SyntaxNode, variable: String, body: SyntaxNode, flat: Bool)
        /// `cel.bind` and `cel.block`: names for values, each known to the next and to the body.
        case bind([Binding], body: SyntaxNode)
    }

    struct Element: Sendable {
        let value: SyntaxNode
        let isOptional: Bool
    }

    struct Entry: Sendable {
        let key: SyntaxNode
        let value: SyntaxNode
        let isOptional: Bool
    }

    struct Field: Sendable {
        let name: String
        let value: SyntaxNode
        let isOptional: Bool
    }

    struct Binding: Sendable {
        let name: String
        let value: SyntaxNode
    }

    struct Comprehension: Sendable {
        enum Kind: String, Sendable {
            case all, exists, existsOne, filter, map
            case transformMap, transformMapEntry
            /// A list's elements in the order of what `transform` makes of each.
            case sortBy
        }

        let kind: Kind
        let range: SyntaxNode
        /// The element; of two variables, the index or key.
        let variable: String
        /// Of two variables, the element or value.
        let second: String?
        /// What an element is tested by; nothing where every element counts.
        let predicate: SyntaxNode?
        /// What is made of an element.
        let transform: SyntaxNode?

        /// The names of its one or two variables.
        var variables: [String] { [variable] + (second.map { [$0] } ?? []) }
    }

    let form: Form
    let range: Range<Int>
    /// Nodes from here to the farthest leaf: what walks it needs as much stack.
    let height: Int

    init(_ form: Form, _ range: Range<Int>) {
        self.form = form
        self.range = range
        height = 1 + form.tallest
    }
}

extension SyntaxNode.Form {
    /// The height of the tallest child.
    fileprivate var tallest: Int {
        switch self {
        case .literal, .name: 0
        case .select(let of, _, _), .has(let of, _, _), .not(let of), .negate(let of): of.height
        case .index(let a, let b, _), .and(let a, let b), .or(let a, let b),
            .binary(_, let a, let b), .optionalMap(let a, _, let b, _):
            max(a.height, b.height)
        case .conditional(let a, let b, let c): max(a.height, b.height, c.height)
        case .call(_, let arguments): Self.tallest(arguments)
        case .method(let target, _, let arguments):
            max(target.height, Self.tallest(arguments))
        case .list(let elements): Self.tallest(elements.map(\.value))
        case .map(let entries):
            max(Self.tallest(entries.map(\.key)), Self.tallest(entries.map(\.value)))
        case .message(_, let fields): Self.tallest(fields.map(\.value))
        case .bind(let bindings, let body):
            max(body.height, Self.tallest(bindings.map(\.value)))
        case .comprehension(let own):
            Self.tallest([own.range, own.predicate, own.transform].compactMap { $0 })
        }
    }

    private static func tallest(_ nodes: [SyntaxNode]) -> Int {
        nodes.reduce(0) { max($0, $1.height) }
    }
}

enum BinaryOperator: String, Sendable {
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="
    case notEqual = "!="
    case isIn = "in"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
}
