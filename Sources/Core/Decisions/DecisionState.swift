/// How far a decision has come.
///
/// `asking` is woken by the engine that holds its lease, or by the next engine once the lease has
/// ended; `review` by a person. The other four are final.
package enum DecisionState: String, Sendable, CaseIterable {
    /// Pending: a model is being asked, or will be again.
    case asking
    /// Pending: a review is open.
    case review
    case decided
    /// A person said that the step must not proceed.
    case rejected
    case failed
    case withdrawn

    package var isPending: Bool { self == .asking || self == .review }
}

/// Who decided, or where a pending step waits.
package enum Route: String, Sendable, CaseIterable {
    case rules
    case model
    case review
    /// The policy's `on_failure: decide`.
    case fallback
}
