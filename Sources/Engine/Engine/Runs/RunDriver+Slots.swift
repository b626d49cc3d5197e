internal import Flows
internal import Runs
internal import Storage

/// Runs that have not begun: how they come to their slot, and to their flow's rate.
extension RunDriver {
    /// A queued run begins where fewer than its flow allows are under way; else it waits for the next
    /// to end.
    func slotFree(
        _ step: ActiveStep,
        _ signals: [Signal],
        _ held: inout RunKeeper.Held
    ) async throws {
        guard let key = held.run.key, let limit = held.flow.concurrency?.limit else {
            throw RunRefusal.broken("a queued run has a key, and its flow a limit")
        }
        let isFree = try await store.slots(key).underway < limit
        let slot = SlotCheck(key: key, limit: limit, expectFree: isFree)
        guard isFree else {
            guard held.run.history > 0 else {
                return try await keeper.dismiss(signals, of: &held, slot: slot)
            }
            let event = RunEvent.waits(step: step.step, epoch: step.epoch, .slot(key))
            return try await keeper.apply(event, to: &held, taking: signals, slot: slot)
        }
        _ = try await keeper.atRate(step, &held, taking: signals) { held in
            try await keeper.apply(.begun, to: &held, taking: signals, slot: slot)
        }
    }

    /// Begins a run; a queued one waits again where others took what was free.
    func beginRun(_ step: ActiveStep, _ held: inout RunKeeper.Held) async throws {
        var slot: SlotCheck?
        if held.run.state == .queued, let key = held.run.key,
            let limit = held.flow.concurrency?.limit
        {
            let isFree = try await store.slots(key).underway < limit
            slot = SlotCheck(key: key, limit: limit, expectFree: isFree)
            guard isFree else {
                let event = RunEvent.waits(step: step.step, epoch: step.epoch, .slot(key))
                return try await keeper.apply(event, to: &held, slot: slot)
            }
        }
        _ = try await keeper.atRate(step, &held) { held in
            try await keeper.apply(.begun, to: &held, slot: slot)
        }
    }
}
