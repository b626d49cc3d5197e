package import Runs
package import Values

/// What a change does to one run: its row, its steps' rows, and what goes with them.
///
/// All that a store needs beside the run as it shall be is the run as it was read, so that it writes
/// only what differs and keeps its counters without reading anything again.
package struct RunWrite: Sendable {
    /// The run as it shall be; a store sets its `version` one above that of `before`.
    package var run: Run
    /// The run as it was read, with its steps; nothing for one that is new.
    package var before: Run?
    /// What is added to its history, with the number `run.history`; nothing adds nothing.
    package var event: HistoryEvent?
    /// What the transition took in, which is then gone.
    package var taken: [Signal]
    /// Large values that the run, its tree or its history refers to from now on.
    package var resources: [KeptResource]
    /// The key that a new run is recognised by when its start comes again.
    package var start: KeyClaim?
    package var slot: SlotCheck?

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
        self.run = run
        self.before = before
        self.event = event
        self.taken = taken
        self.resources = resources
        self.start = start
        self.slot = slot
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
/// A new run counts all live ones with the key, so that it goes behind those that are queued; a
/// queued one counts those that have a slot. Neither counts itself, nor runs that the same change
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
