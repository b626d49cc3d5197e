/// The bounds of one expression.
package enum Limits {
    /// Its text.
    package static let bytes = 100_000
    static let tokens = 50_000
    /// Parentheses, calls and operators inside each other.
    package static let parseDepth = 250
    /// Operators, fields and calls one after another, and what is nested in them.
    package static let treeHeight = 500
    /// Steps one evaluation may take, elements walked included; about 0.1 s.
    package static let cost = 1_000_000
    /// Steps between two looks at whether the evaluation was cancelled.
    package static let stepsBetweenChecks = 1_000
    /// Steps that working out the constant parts of one expression may take.
    static let foldingSteps = 100_000
    /// Bytes of a text that one evaluation or one template may build.
    package static let textBytes = 10 << 20
    /// Elements of a list that a function builds.
    static let listElements = 500_000
    /// Digits after the point that `format()` writes.
    static let formatPrecision = 100
    /// Levels that `flatten()` takes away.
    static let flattenDepth = 1_000
    /// Schemas inside each other of which the types are known, references followed.
    static let schemaDepth = 64
    /// Constants in a list from which on `in` looks them up instead of walking them.
    static let walkedConstants = 8
    /// Parts that an explanation shows.
    package static let operands = 100
    /// Alternatives that reasoning about reach keeps apart.
    static let alternatives = 64
    /// Problems told of one expression.
    static let problems = 25
    /// Names a message lists.
    static let namesShown = 12
}
