package import Values

/// Something that came for a waiting step from elsewhere, kept until a transition takes it in.
package struct Signal: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        /// The decision it waits for is final.
        case decided(Identifier)
        /// A run that it started has ended.
        case childEnded(Identifier, succeeded: Bool, StepFailure?)
        /// A callback or an event came, with this body.
        case arrived(Payload)
        /// The slot it was queued for is free.
        case slotFree
    }

    /// Grows with each signal of a store.
    package let number: Int64
    package let run: Identifier
    package let step: Int
    package let content: Content

    package init(number: Int64, run: Identifier, step: Int, content: Content) {
        self.number = number
        self.run = run
        self.step = step
        self.content = content
    }
}
