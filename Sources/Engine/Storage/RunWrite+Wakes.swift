package import Runs
package import Values

/// Whom a write wakes besides the run itself: the same for every store.
extension RunWrite {
    /// What the step above is told, now that the run has ended.
    package var parentSignal: (run: Identifier, step: Int, content: Signal.Content)? {
        guard hasEnded, let parent = run.parent else { return nil }
        let succeeded = run.state == .completed
        let failure = succeeded ? nil : StepFailure("child", childReason)
        return (
            parent.run, parent.step, .childEnded(run.id, succeeded: succeeded, failure)
        )
    }

    private var childReason: String {
        if let reason = run.reason { return reason }
        let failed = run.ended.values.filter { $0.failure != nil }.max { $0.at < $1.at }
        return failed?.failure?.message ?? "the run is \(run.state.rawValue)"
    }

    /// The key whose longest queued run looks whether a slot is free.
    package var slotPassedOn: String? {
        guard let key = run.key, let before else { return nil }
        let standsStill = before.isQueued && !before.isHeld && run.isQueued && run.isHeld
        return hasEnded || standsStill ? key : nil
    }

    /// Whether the run itself looks for a slot again, since it no longer stands still.
    package var looksForSlot: Bool {
        (before?.isHeld ?? false) && !run.isHeld && run.waitsForSlot
    }

    /// Whether it is this write that makes the run final; one that was completed ends again when it
    /// is undone.
    package var hasEnded: Bool { run.state.isFinal && before?.state != run.state }
}

extension SlotCheck {
    /// Whether the count of runs with the key, without those the change ends, is as expected.
    package func holds(_ count: Int) -> Bool { (count < limit) == expectFree }
}

extension [RunWrite] {
    /// The runs with a key that have a slot, or are live at all, and that this change ends.
    package func ended(key: String, queuedToo: Bool, besides run: Identifier) -> Int {
        count { write in
            guard let before = write.before, write.run.id != run, before.key == key else {
                return false
            }
            return write.hasEnded && (queuedToo || !before.isQueued)
        }
    }
}
