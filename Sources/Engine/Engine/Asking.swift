internal import Autonomy
package import Decisions
package import Values

/// A decision in state `asking`, held by the engine that is at work on it.
package struct Asking: Sendable {
    package var record: DecisionRecord
    package let input: JSON
    let release: LoadedRelease
    let policy: Policy
    /// What was tried last and how it failed, for a person; nothing before the first failure.
    package var tried: String?
    /// Whether its result is to be sent; not known, and so false, of one that was taken over.
    package var hasCallback = false

    package var id: Identifier { record.id }
}

/// What asking came to; all of it durable.
package enum Asked: Sendable {
    case settled(DecisionView)
    /// No model could answer; it stays `asking` and is asked again then.
    case waits(Asking, until: Instant)
}
