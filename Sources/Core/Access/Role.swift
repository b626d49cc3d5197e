/// What a token's holder may do.
package enum Role: String, Sendable, CaseIterable {
    /// Asks for decisions and looks at those it asked for; never decides a review.
    case agent
    /// Sees everything and keeps things going.
    case `operator`
    /// Decides what waits for a person, but never what they asked for themselves.
    case reviewer
    /// All of it, tokens and releases too.
    case admin
}
