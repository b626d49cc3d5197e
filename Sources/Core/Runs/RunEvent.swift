package import Values

/// Something that happened to a run: what its history is made of.
///
/// Replaying a run's events over its beginning gives its state.
package enum RunEvent: Sendable, Equatable {
    /// It begins, or gets the slot it was queued for.
    case begun
    /// An attempt at a step was begun by somebody.
    case claimed(step: Int, epoch: Int64, by: String, until: Instant)
    /// Who works on it needs longer; not kept in the history.
    case extended(step: Int, epoch: Int64, until: Instant)
    case succeeded(step: Int, epoch: Int64, output: Payload)
    case failed(step: Int, epoch: Int64, StepFailure)
    /// The attempt goes on elsewhere, and the step waits for its end.
    case waits(step: Int, epoch: Int64, Wait)
    /// What a cancelled step had asked for elsewhere is taken back.
    case cancelled(step: Int, epoch: Int64)
    /// So many of the runs that a step started were told what it ordered.
    case told(step: Int, epoch: Int64, through: Int)
    /// Runs that a step started have ended since the last time.
    case childrenEnded(step: Int, succeeded: Int, failed: Int, first: StepFailure?)
    /// The moment a step is to be looked at has come.
    case due(step: Int, epoch: Int64)
    /// A person, or the run above, acts.
    case acted(RunAct, by: String)
}

/// What a person, or the run above, does to a run.
package enum RunAct: Sendable, Equatable {
    case pause
    case resume
    /// Ends it; what was done is undone first where asked for.
    case cancel(undoing: Bool)
    /// Tries a parked step again, with another input where one is given.
    case retry(step: Int, input: JSON?)
    /// Ends a step that is not leased as if its output were this.
    case skip(step: Int, output: JSON?)
    /// Does a step and all after it again; what was done before it is kept.
    case restart(from: Int)
    /// Takes back what a completed run did, since the run above aborts.
    case undo
}

/// Why an event does not count.
///
/// The run is as it was.
package enum RunRefusal: Error, Sendable, Equatable {
    /// The step is no longer at that epoch: somebody else was faster, or the lease had ended.
    case late(step: String, isNow: String)
    /// The run is in a state in which this cannot be done.
    case state(RunState, String)
    case unknownStep(String)
    /// Outputs that are kept apart are needed: load them and come again.
    case needs(Set<Digest>)
    /// The run machine met what its own transitions exclude.
    case broken(String)
}

/// What one event does to a run: all of it is one transaction.
package struct Transition: Sendable, Equatable {
    /// A run to start in the same transaction.
    package struct Start: Sendable, Equatable {
        package let step: Int
        package let item: Int
        package let generation: Int64
        package let flow: String
        /// The number of the `each` step; nothing for a sub-flow.
        package let each: Int?
        package let input: Payload
        package let items: [Run.Item]
        /// The ends of the steps around it that its expressions read.
        package let ended: [Int: StepEnd]

        package init(
            step: Int,
            item: Int,
            generation: Int64,
            flow: String,
            each: Int?,
            input: Payload,
            items: [Run.Item],
            ended: [Int: StepEnd]
        ) {
            self.step = step
            self.item = item
            self.generation = generation
            self.flow = flow
            self.each = each
            self.input = input
            self.items = items
            self.ended = ended
        }
    }

    package let event: RunEvent
    package let at: Instant
    /// What chance gave it: kept, so that a replay meets the same.
    package let chance: UInt64
    package let run: Run
    package let starts: [Start]
    /// Values too large for a row, by the digest of their canonical bytes.
    package let resources: [Digest: [UInt8]]

    package init(
        event: RunEvent,
        at: Instant,
        chance: UInt64,
        run: Run,
        starts: [Start],
        resources: [Digest: [UInt8]]
    ) {
        self.event = event
        self.at = at
        self.chance = chance
        self.run = run
        self.starts = starts
        self.resources = resources
    }
}
