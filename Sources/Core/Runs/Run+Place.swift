package import Values

extension Run {
    /// How a run stands to others.
    package enum Kind: Int, Sendable, CaseIterable {
        /// Somebody from outside started it.
        case root
        /// A step of another run started it as a whole flow.
        case subflow
        /// An `each` started it for one of its items.
        case item
    }

    package var kind: Kind {
        if plan.each != nil { return .item }
        return parent == nil ? .root : .subflow
    }

    /// Whether its steps stand still until a person acts: no deadline fires and nothing is ready.
    package var isHeld: Bool { state == .paused || state == .dead }

    /// Whether it has not begun: it still waits for a slot, or for its flow's rate.
    package var isQueued: Bool { active[Run.slotStep] != nil }

    /// Whether it waits to be told that a slot is free; one that was told looks by itself.
    package var waitsForSlot: Bool {
        if case .slot? = active[Run.slotStep]?.wait { true } else { false }
    }
}

extension ActiveStep {
    package var isReady: Bool { if case .ready = state { true } else { false } }

    /// What it waits for; nothing when it is ready or leased.
    package var wait: Wait? { if case .waiting(let wait) = state { wait } else { nil } }

    /// What those that are ready or wait for the same are ordered by.
    ///
    /// A queued run keeps its place when it looks whether a slot is free and none is.
    package var orderedSince: Instant {
        if case .waiting(.slot) = state { begunAt } else { since }
    }
}
