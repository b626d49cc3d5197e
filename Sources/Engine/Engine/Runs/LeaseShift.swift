internal import Models
internal import Runs
internal import Storage
internal import Synchronization
internal import Values

/// The jumps of the clock after which leases are still to be moved.
final class LeaseShift: Sendable {
    /// One jump, and how far the leases are moved.
    struct Moving: Sendable {
        let jump: ClockWatch.Jump
        /// Every row up to this one is done with.
        var after: StepKey?
        /// Behind that one: what was moved before the store took nothing more.
        var done: Set<StepPlace> = []
    }

    private struct State {
        var watch = ClockWatch()
        var moving: [Moving] = []
    }

    private let state = Mutex(State())

    /// Looks at both clocks; what is first to be done.
    func look(_ clock: any CallClock) -> Moving? {
        let (wall, uptime) = (clock.now, clock.uptime)
        return state.withLock { state in
            if let jump = state.watch.look(wall, uptime: uptime) {
                state.moving.append(Moving(jump: jump))
            }
            return state.moving.first
        }
    }

    /// Remembers how far the first has come; it is over where nothing is given.
    func came(to moving: Moving?) {
        state.withLock { state in
            if let moving { state.moving[0] = moving } else { state.moving.removeFirst() }
        }
    }
}

/// A lease lasts as long as was said, whatever the wall clock shows: it is what somebody has to do a
/// piece of work in, while a timer is a moment that the clock must come to.
extension RunDriver {
    /// Moves the ends of leases where the clock was set, before any of them is found to have passed.
    ///
    /// Where the store fails in between, the next call goes on from there.
    func mindClock() async throws(StoreError) {
        while var moving = leases.look(keeper.surroundings.clock) {
            while true {
                let page = try await store.leases(after: moving.after, limit: Limits.leasePage)
                let places = page.filter {
                    moving.jump.moves($0) && !moving.done.contains($0)
                }
                let refused = await move(places, &moving)
                leases.came(to: moving)
                if let refused { throw StoreError(.unavailable, refused.message) }
                guard page.count == Limits.leasePage, let last = page.last else { break }
                (moving.after, moving.done) = (StepKey(run: last.run, step: last.step), [])
            }
            leases.came(to: nil)
        }
    }

    /// Moves them side by side, so that all share a commit; the error of a store that does not take it.
    private func move(
        _ places: [StepPlace],
        _ moving: inout LeaseShift.Moving
    ) async -> EngineError? {
        let jump = moving.jump
        let results = await withTaskGroup(of: (StepPlace, EngineError?).self) { group in
            for place in places { group.addTask { (place, await self.move(place, jump)) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var refused: EngineError?
        for (place, error) in results {
            if let error { failed(place.run, error) }
            if let error, error.code == .store || error.code == .busy {
                refused = error
            } else {
                moving.done.insert(place)
            }
        }
        return refused
    }

    private func move(_ place: StepPlace, _ jump: ClockWatch.Jump) async -> EngineError? {
        do throws(EngineError) {
            try await keeper.turn(place.run, fresh: true) { held in
                guard let step = held.run.active[place.step], step.epoch == place.epoch,
                    case .leased(_, let until) = step.state
                else { return }
                if jump.by > .zero {
                    let later = until + jump.by
                    _ = try await store.extend(
                        place.run,
                        step: place.step,
                        epoch: place.epoch,
                        until: later
                    )
                } else {
                    // The history says when it ends, so an earlier end is an event of its own.
                    let earlier = keeper.now + (until - step.since)
                    let event = RunEvent.extended(
                        step: place.step,
                        epoch: place.epoch,
                        until: min(until, earlier)
                    )
                    try await keeper.apply(event, to: &held)
                }
            }
            return nil
        } catch {
            return error
        }
    }
}

extension ClockWatch.Jump {
    /// Whether a lease was claimed by the clock as it was: at a moment that is still to come, or
    /// before the one from which it was set forward.
    fileprivate func moves(_ place: StepPlace) -> Bool {
        by > .zero ? place.since <= seen - by : place.since > seen
    }
}
