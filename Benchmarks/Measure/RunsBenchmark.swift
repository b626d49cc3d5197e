internal import Autonomy
internal import Decisions
internal import Documents
internal import Engine
internal import Flows
internal import Models
internal import Platform
internal import Runs
internal import Storage
internal import StorageSQLite
internal import Synchronization
internal import Values

/// Steps of runs that rules decide, each its own transition with history row and decision, against
/// the same rows written bare.
enum RunsBenchmark {
    private static let runs = 4_000
    private static let steps = 5
    private static let startsAtOnce = 100
    /// Transitions of one transaction of the floor.
    private static let batch = 256

    private static let policy = """
        policy: refund
        autonomy: manual
        input: {message: string, amount: number}
        output: {action(enum): [refund, reject]}
        rules:
          - {id: small, when: input.amount <= 20, decide: {action: refund}}
          - {id: rest, decide: {action: reject}}
        """

    private static var flow: String {
        let steps = (1...steps).map { "  - {id: s\($0), decide: refund, with: input}" }
        return "flow: five\ninput: {message: string, amount: number}\nsteps:\n"
            + steps.joined(separator: "\n") + "\n"
    }

    static func figures(_ progress: Progress) async throws -> [Figure] {
        let scratch = try Scratch()
        let (rate, transitions) = try await drive(scratch.path + "/subject.db", progress)
        let floor = try BareStore(scratch.path + "/floor.db")
        let start = ContinuousClock.now
        for first in stride(from: 0, to: transitions.count, by: batch) {
            try floor.write(transitions[first..<min(transitions.count, first + batch)])
        }
        let seconds = Measure.microseconds(since: start) / 1e6
        return [
            Figure(
                "rules steps of runs",
                unit: "a second",
                floor: Double(runs * steps) / seconds,
                subject: rate,
                goal: .ratioAtLeast(0.5)
            )
        ]
    }

    private typealias Bare = (run: RunWrite, decision: (StoredEntry, [UInt8])?)

    private static func drive(
        _ path: String,
        _ progress: Progress
    ) async throws -> (rate: Double, transitions: [Bare]) {
        let store = try SQLiteStore(path, mode: .engine, secret: Process.randomBytes(32))
        let release = try release()
        let surroundings = BenchSurroundings.make()
        let engine = try await DecisionEngine(
            live: release,
            store: store,
            releases: Pinned(release: release),
            surroundings: surroundings
        )
        let service = try await DecisionService(engine: engine, clock: surroundings.clock)
        let ends = Ends(count: runs)
        let driver = RunDriver(
            service: service,
            releases: Pinned(release: release),
            surroundings: surroundings,
            transport: Nowhere(),
            secrets: { _ throws(ModelError) in try Secret("none") },
            told: { run in
                if run.state.isFinal { ends.ended(run.id) }
            }
        )
        let desk = RunDesk(keeper: driver.keeper) { release }
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await service.run() }
            group.addTask { await driver.run() }
            for first in stride(from: 0, to: runs, by: startsAtOnce) {
                let starts = (first..<first + startsAtOnce).map { number in
                    RunStart(
                        flow: "five",
                        input: [
                            "message": "The parcel came late and the box was open, what now?",
                            "amount": .double(Double(number % 40)),
                        ],
                        caller: "me"
                    )
                }
                _ = try await desk.start(starts)
            }
            await ends.all()
            driver.stop()
            service.stop()
            try await group.waitForAll()
        }
        let rate = Double(runs * steps) / (Measure.microseconds(since: start) / 1e6)
        let transitions = try await transitions(ends.list, release, store)
        await store.close()
        return (rate, transitions)
    }

    /// What was written, read back: each run's history replayed.
    private static func transitions(
        _ runs: [Identifier],
        _ release: LoadedRelease,
        _ store: SQLiteStore
    ) async throws -> [Bare] {
        guard let flow = release.flows["five"] else { return [] }
        var entries = try await store.entries(from: 1, limit: runs.count * steps)[...]
        var list: [Bare] = []
        for id in runs {
            guard let last = try await store.run(id) else { continue }
            var run = Run(
                id: id,
                root: id,
                plan: last.plan,
                parent: nil,
                caller: last.caller,
                startedAt: last.startedAt,
                input: last.input
            )
            var before: Run?
            for event in try await store.history(of: id, from: 1, limit: 100) {
                let after = try run.advance(
                    event.event,
                    in: flow,
                    at: event.at,
                    chance: event.chance
                ).run
                let write = RunWrite(after, after: before, event: event)
                let decision = before == nil ? nil : entries.popFirst()
                list.append((write, decision.map { ($0, $0.payload.rowBytes) }))
                run = write.run
                before = run
            }
        }
        return list
    }

    private static func release() throws -> LoadedRelease {
        let files = WorkspaceFiles([
            "stepgate.yaml": Array("models: {}".utf8), "Policies/refund.yaml": Array(policy.utf8),
            "Flows/five.yaml": Array(flow.utf8),
        ])
        let check = Workspace.compile(
            files: files,
            reader: YAMLReader(),
            environment: [:],
            zones: { _ in nil }
        )
        guard let workspace = check.workspace else { throw Diagnostics(check.diagnostics) }
        let set = FlowSet.compile(
            files: files,
            workspace: workspace,
            reader: YAMLReader(),
            zones: { _ in nil }
        )
        guard !set.hasErrors else { throw Diagnostics(set.diagnostics) }
        return LoadedRelease(
            workspace: workspace,
            flows: set.flows,
            clients: [:],
            attachments: NoAttachments()
        )
    }

    private struct Pinned: ReleaseSource {
        let release: LoadedRelease
        func release(_ digest: Digest) async throws(EngineError) -> LoadedRelease { release }
    }

    private struct Nowhere: HTTPTransport {
        func send(_ call: HTTPCall) async throws(TransportError) -> HTTPReply {
            throw TransportError(.connect, "nothing is there")
        }
    }

    /// Counts the runs that ended.
    private final class Ends: Sendable {
        private struct State {
            var ended: [Identifier] = []
            var waiting: CheckedContinuation<Void, Never>?
        }

        private let count: Int
        private let state = Mutex(State())

        init(count: Int) { self.count = count }

        var list: [Identifier] { state.withLock { $0.ended } }

        func ended(_ run: Identifier) {
            let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
                state.ended.append(run)
                guard state.ended.count == count else { return nil }
                defer { state.waiting = nil }
                return state.waiting
            }
            waiting?.resume()
        }

        func all() async {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.ended.count < count { state.waiting = continuation }
                    return state.ended.count >= count
                }
                if isOver { continuation.resume() }
            }
        }
    }
}
