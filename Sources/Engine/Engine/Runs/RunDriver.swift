package import Autonomy
package import Models
package import Runs
internal import Storage
internal import Synchronization
package import Values

/// Drives runs for as long as it runs: begins attempts at what is ready, takes in what waiting steps
/// waited for, and looks at what is due.
///
/// It holds nothing that the store does not: after a crash the next driver finds every step where its
/// row says it is.
package final class RunDriver: Sendable {
    private struct State {
        var queue = ReadyQueue(limit: Limits.readyQueue)
        /// Steps that somebody here is at.
        var underway: Set<ReadyQueue.Key> = []
        /// Those of them that came again meanwhile.
        var again: [ReadyQueue.Key: StepPlace] = [:]
        /// How many of them wait for an answer from outside, and keep nobody else from working.
        var calling = 0
        var mustLook = true
        /// The last look read as many as it may.
        var isMore = false
        /// Some step was gone on with since the last look.
        var hasMoved = false
        var alarm: Instant?

        /// Whether the store is to be read now; where nothing moves, not before the next tick.
        var isLookDue: Bool {
            (mustLook || isMore && hasMoved) && queue.count < Limits.stepsAtOnce
        }

        mutating func take() -> StepPlace? {
            guard underway.count - calling < Limits.stepsAtOnce, calling < Limits.callsAtOnce,
                let place = queue.next()
            else { return nil }
            underway.insert(ReadyQueue.Key(run: place.run, step: place.step))
            return place
        }
    }

    /// Whether this task takes a step that is ready once it has done with its own.
    @TaskLocal private static var isWorking = false

    /// Reads a secret where it is, when it is used.
    package typealias Secrets =
        @Sendable (SecretReference) throws(ModelError) -> Secret

    package let keeper: RunKeeper
    let service: DecisionService
    let transport: any HTTPTransport
    let decisions: DecisionDesk
    let secrets: Secrets
    /// Whether http steps may call into private networks, this machine included.
    let allowsPrivate: Bool
    private let state = Mutex(State())
    let leases = LeaseShift()
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation
    private let alarms: AsyncStream<Void>
    private let setAlarm: AsyncStream<Void>.Continuation
    let failed: @Sendable (Identifier, EngineError) -> Void
    private let told: @Sendable (Run) -> Void

    /// `told` hears of every run that a transition has changed, `failed` of each that could not be
    /// gone on with just now.
    package init(
        service: DecisionService,
        releases: any ReleaseSource,
        surroundings: Surroundings,
        transport: any HTTPTransport,
        secrets: @escaping Secrets,
        allowsPrivate: Bool = false,
        told: @escaping @Sendable (Run) -> Void = { _ in },
        failed: @escaping @Sendable (Identifier, EngineError) -> Void = { _, _ in }
    ) {
        self.service = service
        self.transport = transport
        decisions = DecisionDesk(
            store: service.engine.store,
            releases: releases,
            surroundings: surroundings
        )
        self.secrets = secrets
        self.allowsPrivate = allowsPrivate
        self.told = told
        self.failed = failed
        (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (alarms, setAlarm) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let relay = Relay()
        keeper = RunKeeper(
            store: service.engine.store,
            releases: releases,
            surroundings: surroundings,
            tell: { relay.tell($0, $1) }
        )
        relay.attach { [weak self] in self?.committed($0, $1) }
    }

    var now: Instant { keeper.now }
    var store: any Store { keeper.store }

    /// Drives until `stop` is called.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.tick() }
            group.addTask { await self.watchTime() }
            for await _ in bell {
                await look()
                while let place = take() { group.addTask { await self.see(place) } }
            }
            group.cancelAll()
        }
    }

    /// Ends `run`; what is under way is found again by its lease.
    package func stop() {
        ring.finish()
        setAlarm.finish()
    }

    /// Tells that the store may hold woken steps that this driver does not know of.
    package func wake() {
        state.withLock { $0.mustLook = true }
        ring.yield()
    }

    /// Other processes change runs too.
    private func tick() async {
        while !Task.isCancelled {
            wake()
            setAlarm.yield()
            do {
                try await keeper.surroundings.clock.sleep(for: Limits.runPause)
            } catch {
                return
            }
        }
    }

    // MARK: What is ready

    private func look() async {
        let isDue = state.withLock { state -> Bool in
            guard state.isLookDue else { return false }
            (state.mustLook, state.isMore, state.hasMoved) = (false, false, false)
            return true
        }
        guard isDue else { return }
        do throws(StoreError) {
            let places = try await store.ready(
                kind: nil,
                perFlow: Limits.readyOfFlow,
                limit: Limits.readyPage
            )
            state.withLock { state in
                for place in places { Self.offer(place, &state) }
                state.isMore = places.count == Limits.readyPage
            }
        } catch {
            // A store that cannot be read now is asked again at the next tick.
            return
        }
    }

    private static func offer(_ place: StepPlace, _ state: inout State) {
        let key = ReadyQueue.Key(run: place.run, step: place.step)
        if state.underway.contains(key) {
            state.again[key] = place
        } else {
            state.queue.offer(place)
        }
    }

    private func take() -> StepPlace? { state.withLock { $0.take() } }

    /// Waits for an answer from outside, while others take the place of who waits.
    func outside<Answer: Sendable>(_ call: () async -> Answer) async -> Answer {
        state.withLock { $0.calling += 1 }
        ring.yield()
        defer { state.withLock { $0.calling -= 1 } }
        return await call()
    }

    /// Works on a step, and then on others for as long as there are any.
    private func see(_ first: StepPlace) async {
        await Self.$isWorking.withValue(true) {
            var next: StepPlace? = first
            while let place = next {
                var hasMoved = false
                do throws(EngineError) {
                    try await work(on: place)
                    hasMoved = true
                } catch {
                    // Its row is as it was; the next look at the store finds it again.
                    failed(place.run, error)
                }
                next = state.withLock { state in
                    if hasMoved { state.hasMoved = true }
                    let key = ReadyQueue.Key(run: place.run, step: place.step)
                    state.underway.remove(key)
                    if let again = state.again.removeValue(forKey: key) {
                        state.queue.offer(again)
                    }
                    // Nobody looks at the store while all are busy with what they know.
                    return state.isLookDue ? nil : state.take()
                }
            }
        }
        ring.yield()
    }

    /// Takes up what a transition has made ready.
    private func committed(_ run: Run, _ children: [Run]) {
        told(run)
        service.noticed()
        var first: Instant?
        let mustRing = state.withLock { state in
            let before = state.queue.count
            for run in [run] + children where !run.state.isFinal && !run.isHeld {
                // In their order, so that the same history is made the same way.
                let steps = run.active.values.sorted { $0.step < $1.step }
                for step in steps where step.kind == nil && step.state == .ready {
                    Self.offer(run.place(step), &state)
                }
            }
            for step in run.active.values {
                if let dueAt = step.dueAt { first = min(first ?? dueAt, dueAt) }
            }
            if run.state.isFinal, run.parent != nil || run.key != nil { state.mustLook = true }
            // Who works on a run goes on with what it made ready.
            return state.mustLook || state.queue.count - before > (Self.isWorking ? 1 : 0)
        }
        if mustRing { ring.yield() }
        if let first, state.withLock({ $0.alarm.map { first < $0 } ?? true }) { setAlarm.yield() }
    }

    // MARK: What is due

    private func watchTime() async {
        await withDiscardingTaskGroup { group in
            var sleeper: Instant?
            for await _ in alarms {
                let next = await passTime()
                state.withLock { $0.alarm = next }
                guard let next, sleeper.map({ next < $0 || $0 <= now }) ?? true else { continue }
                sleeper = next
                group.addTask {
                    do {
                        try await self.keeper.surroundings.clock.sleep(
                            for: max(next - self.now, .zero)
                        )
                    } catch {
                        return
                    }
                    self.setAlarm.yield()
                }
            }
            group.cancelAll()
        }
    }

    /// What came of looking at a step whose moment had come.
    private enum Passing {
        case passed
        /// It cannot pass, whatever the others do.
        case stuck
        /// The store takes nothing now.
        case refused
    }

    /// Looks at every step whose moment has come; when the next comes.
    ///
    /// What cannot pass now is looked at again at the next tick, and holds nothing up that can.
    private func passTime() async -> Instant? {
        do throws(StoreError) {
            try await mindClock()
            var stuck: Set<StepPlace> = []
            while true {
                let now = now
                let limit = Limits.duePage + stuck.count
                let places = try await store.due(by: now, limit: limit)
                let results = await pass(places.filter { !stuck.contains($0) })
                for (place, result) in results where result != .passed { stuck.insert(place) }
                let isRefused = results.contains { $0.1 == .refused }
                guard places.count == limit, !isRefused, stuck.count < Limits.stuckSteps else {
                    return try await store.nextDue(after: now)
                }
            }
        } catch {
            // Asked again at the next tick.
            return nil
        }
    }

    private func pass(_ places: [StepPlace]) async -> [(StepPlace, Passing)] {
        await withTaskGroup(of: (StepPlace, Passing).self) { group in
            for place in places { group.addTask { (place, await self.pass(place)) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func pass(_ place: StepPlace) async -> Passing {
        var result = Passing.stuck
        do throws(EngineError) {
            // Its lease may have been extended in its row alone.
            try await keeper.turn(place.run, fresh: true) { held in
                // What came before its moment was looked at counts.
                if let step = held.run.active[place.step], step.wait != nil {
                    _ = try await takeSignals(of: step, &held)
                }
                guard let step = held.run.active[place.step], let dueAt = step.dueAt,
                    dueAt <= keeper.now, !held.run.isHeld
                else { return }
                try await keeper.apply(.due(step: step.step, epoch: step.epoch), to: &held)
                result = .passed
            }
            return result
        } catch {
            failed(place.run, error)
            return error.code == .store || error.code == .busy ? .refused : .stuck
        }
    }
}

extension Run {
    func place(_ step: ActiveStep) -> StepPlace {
        StepPlace(
            run: id,
            step: step.step,
            flow: plan.flow,
            priority: priority,
            since: step.since,
            epoch: step.epoch
        )
    }
}

/// Lets two objects that need each other be made one after the other.
private final class Relay: Sendable {
    /// A bare function in a lock would be wrapped once more each time it is taken out.
    private struct Target {
        let tell: @Sendable (Run, [Run]) -> Void
    }

    private let target = Mutex<Target?>(nil)

    func attach(_ tell: @escaping @Sendable (Run, [Run]) -> Void) {
        target.withLock { $0 = Target(tell: tell) }
    }

    func tell(_ run: Run, _ children: [Run]) { target.withLock { $0 }?.tell(run, children) }
}
