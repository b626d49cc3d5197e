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
    }

    struct Comprehension: Sendable {
        enum Kind: String, Sendable { case all, exists, existsOne, map, filter }

        let kind: Kind
        let range: SyntaxNode
        let variable: String
        /// What an element is tested by; nothing for a `map` of every element.
        let predicate: SyntaxNode?
        /// What a `map` makes of an element.
        let transform: SyntaxNode?
    }

    let form: Form
    let range: Range<Int>

    init(_ form: Form, _ range: Range<Int>) {
        self.form = form
        self.range = range
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
