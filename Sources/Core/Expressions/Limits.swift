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
    /// Bytes of a text that one evaluation may build.
    static let textBytes = 10 << 20
    /// Alternatives that reasoning about reach keeps apart.
    static let alternatives = 64
    /// Names a message lists.
    static let namesShown = 12
}
