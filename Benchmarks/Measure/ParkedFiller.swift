internal import Engine
internal import Models
internal import Platform
internal import Runs
internal import Storage
internal import StorageSQLite
internal import Synchronization
internal import Values

/// Fills a workspace's store with runs that wait, through the engine itself, as if they had been
/// started one after the other over the days before.
struct ParkedFiller {
    /// How long ago the first began; each of the others the same time after the one before it.
    static let days = 4
    /// Of so many runs one waits for an event, some for a moment that is far, all others for a
    /// callback.
    private static let eventEvery = 100
    private static let laterEvery = 4
    private static let batch = 500

    static let flow = """
        flow: parked
        title: Runs that wait
        stages: [received, approval, done]
        input: {number: integer, kind(enum): [call, event, later]}
        steps:
          - id: held
            stage: approval
            switch:
              - when: input.kind == 'call'
                do: [{id: called, wait: {callback: {}}}]
              - when: input.kind == 'event'
                do:
                  - id: told
                    wait: {event: {type: bench.told, match: "event.data.number == input.number"}}
              - else: [{id: later, sleep: 480h}]
          - id: after
            stage: done
            decide: bench-steps
            with: {message: "It has come, what now?", amount: 12}

        """

    /// Which run waits at which address.
    struct Parked: Sendable {
        let run: Identifier
        /// What its callback's address ends with.
        let token: String
    }

    /// A clock that somebody sets.
    private final class SetClock: CallClock {
        private let time: Mutex<Instant>

        init(_ time: Instant) { self.time = Mutex(time) }

        var now: Instant { time.withLock { $0 } }
        var uptime: Duration { now - Instant(microseconds: 0) }

        func set(_ now: Instant) { time.withLock { $0 = now } }

        func sleep(for duration: Duration) async throws(CancellationError) {
            preconditionFailure("starting runs waits for nothing")
        }
    }

    private struct OneRelease: ReleaseSource {
        let only: LoadedRelease

        func release(_ digest: Digest) async throws(EngineError) -> LoadedRelease {
            guard digest == only.digest else {
                throw EngineError(.release, "there is one release only")
            }
            return only
        }
    }

    private let workspace: BenchWorkspace
    private let flows: RunFlows
    private let progress: Progress

    init(_ workspace: BenchWorkspace, _ flows: RunFlows, _ progress: Progress) {
        (self.workspace, self.flows, self.progress) = (workspace, flows, progress)
    }

    /// Parks so many runs; gives so many of those that wait for a callback, from all over them.
    ///
    /// No server may have the store open.
    func park(_ count: Int, choosing chosen: Int) async throws -> [Parked] {
        let store = try SQLiteStore(
            workspace.storePath,
            mode: .engine,
            secret: Process.randomBytes(32)
        )
        let secret = try await store.secret()
        let release = try flows.compiled()
        let began = Process.now - .seconds(Self.days * 86_400)
        let pause = Duration.seconds(Self.days * 86_400) / count
        let clock = SetClock(began)
        let desk = RunDesk(
            keeper: RunKeeper(
                store: store,
                releases: OneRelease(only: release),
                surroundings: Surroundings(clock: clock, chance: BenchSurroundings.make().chance),
                tell: { _, _ in }
            ),
            live: { release }
        )
        var parked: [Parked] = []
        // Three of four wait for a callback, but for those that wait for the event.
        let every = max(1, count * 7 / 10 / chosen)
        var calls = 0
        for first in stride(from: 0, to: count, by: Self.batch) {
            clock.set(began + pause * first)
            let numbers = first..<min(count, first + Self.batch)
            let runs = try await desk.start(numbers.map { Self.start($0, by: workspace.scope) })
            for (number, run) in zip(numbers, runs) {
                guard case .started(let run) = run, run.state == .running else {
                    throw InvalidRun("run \(number) was not parked: \(run)")
                }
                guard
                    let step = run.active.values.first(where: { $0.state == .waiting(.callback) })
                else { continue }
                calls += 1
                guard calls % every == 0, parked.count < chosen else { continue }
                let token = CallbackToken(run: run.id, step: step.step, epoch: step.epoch)
                parked.append(Parked(run: run.id, token: token.text(secret: secret)))
            }
            if first % 20_000 == 0 {
                progress.show(
                    "parking: \(first) of \(count) runs",
                    fraction: Double(first) / Double(count)
                )
            }
        }
        await store.close()
        guard parked.count == chosen else {
            throw InvalidRun("only \(parked.count) runs were found to wait for a callback")
        }
        return parked
    }

    private static func start(_ number: Int, by caller: String) -> RunStart {
        let kind =
            number % eventEvery == 0 ? "event" : number % laterEvery == 1 ? "later" : "call"
        return RunStart(
            flow: "parked",
            input: ["number": .int(Int64(number)), "kind": .string(kind)],
            caller: caller
        )
    }
}
