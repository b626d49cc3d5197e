package import Runs
package import Values

/// What a change does to one run: its row, its steps' rows, and what goes with them.
///
/// All that a store needs beside the run as it shall be is the run as it was read, so that it writes
/// only what differs and keeps its counters without reading anything again. What its rows hold is made
/// here, so that the one writer of a store need not. It is handed from one to the next many times, hence
/// a class.
package final class RunWrite: Sendable {
    /// What the rows hold as JSON.
    package struct Bodies: Sendable {
        package let progress: [UInt8]
        /// Empty where the run is not new.
        package let beginning: [UInt8]
        /// Of the steps that are changed or new.
        package let steps: [Int: [UInt8]]
        /// Empty where nothing is added to the history.
        package let event: [UInt8]
    }

    /// The run as it shall be, its `version` one above that of `before`.
    package let run: Run
    /// The run as it was read, with its steps; nothing for one that is new.
    package let before: Run?
    /// What is added to its history; nothing adds nothing.
    package let event: HistoryEvent?
    /// The steps whose rows this write changes or takes away, in order.
    package let changedSteps: [Int]
    package let bodies: Bodies
    /// What the transition took in, which is then gone.
    package let taken: [Signal]
    /// Large values that the run, its tree or its history refers to from now on.
    package let resources: [KeptResource]
    /// The key that a new run is recognised by when its start comes again.
    package let start: KeyClaim?
    package let slot: SlotCheck?

    package init(
        _ run: Run,
        after before: Run?,
        event: HistoryEvent? = nil,
        taken: [Signal] = [],
        resources: [KeptResource] = [],
        start: KeyClaim? = nil,
        slot: SlotCheck? = nil
    ) {
        precondition(start == nil || before == nil, "only a new run claims a key")
        var run = run
        run.version = (before?.version ?? 0) + 1
        self.run = run
        self.before = before
        self.event = event
        changedSteps = Self.changedSteps(of: run, after: before)
        var steps: [Int: [UInt8]] = [:]
        for step in changedSteps { steps[step] = run.active[step]?.storedBytes }
        bodies = Bodies(
            progress: run.progressBytes,
            beginning: before == nil ? run.beginning.storedBytes : [],
            steps: steps,
            event: event?.event.storedBytes ?? []
        )
        self.taken = taken
        self.resources = resources
        self.start = start
        self.slot = slot
    }

    private static func changedSteps(of run: Run, after before: Run?) -> [Int] {
        let old = before?.active ?? [:]
        let changed = run.active.values.filter { old[$0.step] != $0 }.map(\.step)
        let ended = old.keys.filter { run.active[$0] == nil }
        return (changed + ended).sorted()
    }
}

/// An event as a run's history keeps it.
package struct HistoryEvent: Sendable, Equatable {
    /// From 1, without a gap.
    package let number: Int64
    package let event: RunEvent
    package let at: Instant
    /// What chance gave the transition, so that a replay meets the same.
    package let chance: UInt64

    package init(number: Int64, event: RunEvent, at: Instant, chance: UInt64) {
        self.number = number
        self.event = event
        self.at = at
        self.chance = chance
    }
}

/// A large value by its digest; kept as long as any tree of runs that it was kept for.
package struct KeptResource: Sendable, Equatable {
    package let digest: Digest
    package let bytes: [UInt8]

    package init(digest: Digest, bytes: [UInt8]) {
        self.digest = digest
        self.bytes = bytes
    }
}

/// What a write assumes of the runs with its key; where it is not so the change is stale.
///
/// A run that is new, or goes on after its end, counts all live ones with the key, so that it goes
/// behind those that are queued; a queued one counts those that have a slot. Neither counts itself, nor runs that the same change
/// ends.
package struct SlotCheck: Sendable, Equatable {
    package let key: String
    package let limit: Int
    /// Whether fewer than `limit` are there.
    package let expectFree: Bool

    package init(key: String, limit: Int, expectFree: Bool) {
        self.key = key
        self.limit = limit
        self.expectFree = expectFree
    }
}

/// The live runs with one key.
package struct SlotCount: Sendable, Equatable {
    /// Those that have a slot.
    package let underway: Int
    package let queued: Int

    package init(underway: Int, queued: Int) {
        self.underway = underway
        self.queued = queued
    }
}
