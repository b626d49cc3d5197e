internal import Access
internal import Flows
internal import Models
internal import Runs
internal import Storage
internal import Synchronization
internal import Values

/// The rates of flows and steps, as this engine has let through what it begins.
///
/// It is a memory and may be lost: who waits has its moment in its row, so that a next engine promises
/// later ones, and all that is lost is what has just begun, a burst at most.
final class RateLines: Sendable {
    private struct Kept: Equatable {
        var line = RateLine()
        /// When it was last looked who waits.
        var lookedAt: Instant?
        /// Grows with each asking.
        var asked = 0
        /// Promises that may not be in the store yet.
        var underway = 0
    }

    private let state = Mutex(Recent<String, Kept>(limit: Limits.rateLines))

    /// Whether the store must be asked who waits before anybody else is let through: once, and where
    /// many were promised moments that nobody may wait for any more.
    ///
    /// Gives what `looked` is told.
    func mustLook(_ name: String, _ rate: Rate, at now: Instant) -> Int? {
        state.withLock { state in
            let kept = state[name] ?? Kept()
            guard let lookedAt = kept.lookedAt else { return kept.asked }
            let isLongAgo = now - lookedAt >= Limits.ratePromises
            guard isLongAgo, kept.underway == 0,
                kept.line.ahead(rate, at: now) > Limits.ratePromises
            else { return nil }
            return kept.asked
        }
    }

    func looked(
        _ name: String,
        _ asked: Int,
        last: Instant?,
        _ rate: Rate,
        at now: Instant
    ) {
        state.withLock { state in
            var kept = state[name] ?? Kept()
            let isAsBefore = kept.asked == asked && kept.underway == 0
            kept.line.learn(last: last, rate, forgetting: kept.lookedAt != nil && isAsBefore)
            kept.lookedAt = now
            state[name] = kept
        }
    }

    func ask(
        _ name: String,
        _ rate: Rate,
        promised: Instant?,
        at now: Instant
    ) -> RateLine.Turn {
        state.withLock { state in
            var kept = state[name] ?? Kept()
            let turn = kept.line.ask(rate, promised: promised, at: now)
            kept.asked += 1
            if turn != .atOnce { kept.underway += 1 }
            state[name] = kept
            return turn
        }
    }

    /// Tells whether what was asked for came about; what did not is given back.
    func ended(_ turn: RateLine.Turn, _ name: String, _ rate: Rate, cameAbout: Bool) {
        state.withLock { state in
            guard var kept = state[name] else { return }
            if turn != .atOnce { kept.underway = max(0, kept.underway - 1) }
            if !cameAbout { kept.line.giveBack(turn, rate) }
            state[name] = kept
        }
    }
}

/// What bounds how often something begins.
struct RateBound: Sendable {
    let name: String
    let rate: Rate
}

extension RunKeeper {
    /// When what the rate bounds may begin; `promised` is what it was told before.
    func turn(
        _ bound: RateBound,
        promised: Instant?
    ) async throws(StoreError) -> RateLine.Turn {
        if let asked = rates.mustLook(bound.name, bound.rate, at: now) {
            let last = try await store.lastPromise(of: bound.name)
            rates.looked(bound.name, asked, last: last, bound.rate, at: now)
        }
        return rates.ask(bound.name, bound.rate, promised: promised, at: now)
    }

    /// Begins an attempt at a step, or the run itself, where its rate lets it; else commits until when
    /// it waits, and gives nothing.
    func atRate<Result>(
        _ step: ActiveStep,
        _ held: inout Held,
        taking signals: [Signal] = [],
        _ begin: (inout Held) async throws -> Result
    ) async throws -> Result? {
        guard let bound = held.rate(of: step) else { return try await begin(&held) }
        let turn = try await turn(bound, promised: step.promised)
        do {
            guard case .at(let moment) = turn else { return try await begin(&held) }
            let wait = Wait.rate(bound.name, until: moment)
            let event = RunEvent.waits(step: step.step, epoch: step.epoch, wait)
            try await apply(event, to: &held, taking: signals)
            rates.ended(turn, bound.name, bound.rate, cameAbout: true)
            return nil
        } catch {
            // A store that failed may have it all the same.
            rates.ended(turn, bound.name, bound.rate, cameAbout: error is StoreError)
            throw error
        }
    }
}

extension RunKeeper.Held {
    fileprivate func rate(of step: ActiveStep) -> RateBound? {
        if step.step == Run.slotStep {
            guard run.plan.each == nil else { return nil }
            return flow.rateBound
        }
        let definition = flow.steps[step.step]
        return definition.rate.map { RateBound(name: "\(flow.name)/\(definition.id)", rate: $0) }
    }
}
