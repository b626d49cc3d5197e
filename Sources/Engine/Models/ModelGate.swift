package import Autonomy
package import Decisions
internal import Synchronization
package import Values

/// The one way to a model: at most so many calls in flight, in the order they came, each at its
/// turn.
///
/// All releases that name the same model share its gate.
package final class ModelGate: Sendable {
    /// What a caller holds while its call is made; it must be given back.
    struct Pass: Sendable {
        let estimate: Int64
    }

    /// Why a call was not let through.
    struct Closed: Error, Sendable {
        let detail: String
        /// When asking again may help.
        let until: Instant
    }

    private struct Waiter {
        let id: Int
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var machine: GateMachine
        var inFlight = 0
        var waiters: [Waiter] = []
        var nextID = 0
        /// How the last call failed that did not get through to the model.
        var lastFailure: String?
        /// What was last told of the breaker.
        var told = ModelState.Breaker.closed
        /// The model as the server last resolved it.
        var version: String?
        /// Callers about to wait, and whether they were cancelled before they did.
        var arriving: [Int: Bool] = [:]
    }

    package let limits: ModelLimits
    private let clock: any CallClock
    private let state: Mutex<State>

    package init(_ limits: ModelLimits, clock: any CallClock) {
        self.limits = limits
        self.clock = clock
        state = Mutex(State(machine: GateMachine(limits)))
    }

    /// When a call may be let through again; nothing while it may be now.
    package var closedUntil: Instant? {
        let now = clock.uptime
        let until = state.withLock { $0.machine.isClosed(at: now) }
        return until.map { clock.now + ($0 - now) }
    }

    /// How the breaker stands, for people and the store.
    package var breaker: GateMachine.Breaker { state.withLock { $0.machine.breaker } }

    /// How the last call failed that did not get through; nothing once one has.
    package var lastFailure: String? { state.withLock { $0.lastFailure } }

    /// Calls in flight and calls that wait for their turn.
    package var load: (inFlight: Int, waiting: Int) {
        state.withLock { ($0.inFlight, $0.waiters.count) }
    }

    /// Waits for a place and a turn.
    ///
    /// Throws `Closed` when the breaker is open or the caller is cancelled.
    func enter(estimate: Int64) async throws(Closed) -> Pass {
        guard await place() else {
            throw Closed(detail: "the caller gave up", until: clock.now)
        }
        let now = clock.uptime
        switch state.withLock({ $0.machine.turn(at: now, estimate: estimate) }) {
        case .closed(let until):
            free()
            throw closed(until, now)
        case .go(let at):
            let pass = Pass(estimate: estimate)
            if at > now { try await wait(at - now, pass) }
            return pass
        }
    }

    /// Waits for the turn; meanwhile the breaker may have opened.
    private func wait(_ time: Duration, _ pass: Pass) async throws(Closed) {
        do {
            try await clock.sleep(for: time)
        } catch {
            leave(pass, .abandoned, spent: 0)
            throw Closed(detail: "the caller gave up", until: clock.now)
        }
        let now = clock.uptime
        let isOpen = state.withLock { state -> Duration? in
            if case .open(let until, _, _) = state.machine.breaker { return until }
            return nil
        }
        guard let isOpen, isOpen > now else { return }
        leave(pass, .abandoned, spent: 0)
        throw closed(isOpen, now)
    }

    /// A place and a turn without waiting, for a second call beside a slow one.
    func enterNow(estimate: Int64) -> Pass? {
        let now = clock.uptime
        return state.withLock { state -> Pass? in
            guard state.inFlight < limits.concurrency, state.waiters.isEmpty,
                case .closed = state.machine.breaker
            else { return nil }
            guard case .go(let at) = state.machine.turn(at: now, estimate: estimate) else {
                return nil
            }
            guard at <= now else {
                state.machine.ended(.abandoned, at: now, estimate: estimate, spent: 0)
                return nil
            }
            state.inFlight += 1
            return Pass(estimate: estimate)
        }
    }

    private func closed(_ until: Duration, _ now: Duration) -> Closed {
        let last = lastFailure.map { " (last: \($0))" } ?? ""
        return Closed(
            detail: "it failed too often\(last) and is left alone for "
                + "\((until - now).components.seconds + 1) s",
            until: clock.now + (until - now)
        )
    }

    /// Gives the place to whoever waits longest; `reply` tells what the server has left.
    func leave(
        _ pass: Pass,
        _ end: GateMachine.End,
        spent: Int64?,
        reply: HTTPReply? = nil,
        failure: String? = nil
    ) {
        let now = clock.uptime
        let pause = reply.flatMap {
            RateHeaders($0).pause(tokens: max(pass.estimate, 1), now: clock.now)
        }
        state.withLock { state in
            state.machine.ended(end, at: now, estimate: pass.estimate, spent: spent)
            if let pause { state.machine.pause(until: now + pause) }
            if end != .abandoned { state.lastFailure = failure }
        }
        free()
    }

    /// How the breaker stands where that was not told before, under the model's name.
    package func news(of model: String) -> ModelState? {
        let (uptime, now) = (clock.uptime, clock.now)
        return state.withLock { state in
            let breaker = state.machine.breaker
            guard breaker.name != state.told else { return nil }
            state.told = breaker.name
            var until: Instant?
            if case .open(let end, _, _) = breaker { until = now + (end - uptime) }
            return ModelState(model: model, breaker: breaker.name, since: now, until: until)
        }
    }

    /// Remembers the model that answered last.
    func met(_ version: String) { state.withLock { $0.version = version } }

    /// Whether that version answered last, as far as is known.
    func isCurrent(_ version: String) -> Bool {
        state.withLock { $0.version.map { $0 == version } ?? true }
    }

    // MARK: Places

    /// False when the caller was cancelled.
    private func place() async -> Bool {
        let id = state.withLock { state -> Int? in
            if state.inFlight < limits.concurrency, state.waiters.isEmpty {
                state.inFlight += 1
                return nil
            }
            state.nextID += 1
            state.arriving[state.nextID] = false
            return state.nextID
        }
        guard let id else { return true }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                wait(Waiter(id: id, continuation: continuation))
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func wait(_ waiter: Waiter) {
        let answer = state.withLock { state -> Bool? in
            if state.arriving.removeValue(forKey: waiter.id) == true { return false }
            if state.inFlight < limits.concurrency, state.waiters.isEmpty {
                state.inFlight += 1
                return true
            }
            state.waiters.append(waiter)
            return nil
        }
        if let answer { waiter.continuation.resume(returning: answer) }
    }

    private func cancel(_ id: Int) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                if state.arriving[id] != nil { state.arriving[id] = true }
                return nil
            }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume(returning: false)
    }

    private func free() {
        let next = state.withLock { state -> Waiter? in
            guard !state.waiters.isEmpty else {
                state.inFlight -= 1
                return nil
            }
            return state.waiters.removeFirst()
        }
        next?.continuation.resume(returning: true)
    }
}

extension GateMachine.Breaker {
    var name: ModelState.Breaker {
        switch self {
        case .closed: .closed
        case .open: .open
        case .halfOpen: .halfOpen
        }
    }
}
