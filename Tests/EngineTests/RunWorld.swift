import Autonomy
import Documents
import Flows
import Models
import Runs
import Storage
import Synchronization
import TestSupport
import Testing
import Values

@testable import Engine

/// An engine that drives runs, in virtual time over a store of its own.
struct RunWorld: Sendable {
    let time: VirtualTime
    let store: any Store
    let service: DecisionService
    let driver: RunDriver
    let desk: RunDesk
    let reviews: ReviewDesk
    let errors = Errors()

    /// What the driver could not do just then.
    final class Errors: Sendable {
        private let state = Mutex<[String]>([])
        var all: [String] { state.withLock { $0 } }
        func note(_ error: EngineError) { state.withLock { $0.append(error.message) } }
    }

    static let policy = """
        policy: refund
        autonomy: manual
        input: {amount: number}
        output: {action(enum): [refund, reject]}
        rules:
          - {id: small, when: input.amount <= 20, decide: {action: refund}}
        review: {queue: refunds}
        """

    /// `flows` are whole files by their names.
    init(
        _ time: VirtualTime,
        flows: [String: String],
        store: (any Store)? = nil,
        transport: (any HTTPTransport)? = nil,
        clock: (any CallClock)? = nil,
        seed: UInt64 = 1
    ) async throws {
        self.time = time
        let clock = clock ?? time
        self.store = store ?? MemoryStore(secret: [UInt8](repeating: 3, count: 32))
        let release = try Self.release(flows)
        let surroundings = Surroundings(clock: clock, chance: SeededChance(seed: seed))
        let releases = OneRelease(release: release)
        let engine = try await DecisionEngine(
            live: release,
            store: self.store,
            releases: releases,
            surroundings: surroundings
        )
        let bell = Bell()
        service = try await DecisionService(
            engine: engine,
            clock: clock,
            finished: { bell.ring() }
        )
        let errors = errors
        let nowhere = FakeTransport { _ throws(TransportError) in
            throw TransportError(.connect, "nothing is there")
        }
        driver = RunDriver(
            service: service,
            releases: releases,
            surroundings: surroundings,
            transport: transport ?? nowhere,
            secrets: { _ throws(ModelError) in try Secret("hidden") },
            failed: { errors.note($1) }
        )
        let driver = driver
        bell.attach { [weak driver] in driver?.wake() }
        desk = RunDesk(keeper: driver.keeper) { engine.live }
        reviews = ReviewDesk(store: self.store, releases: releases, surroundings: surroundings)
    }

    private final class Bell: Sendable {
        private struct Ringing { let call: @Sendable () -> Void }
        private let ringing = Mutex<Ringing?>(nil)
        func attach(_ call: @escaping @Sendable () -> Void) {
            ringing.withLock { $0 = Ringing(call: call) }
        }
        func ring() { ringing.withLock { $0 }?.call() }
    }

    static func release(
        _ flows: [String: String],
        settings: String = "models: {}"
    ) throws -> LoadedRelease {
        var texts = ["stepgate.yaml": settings, "Policies/refund.yaml": policy]
        for (name, text) in flows { texts["Flows/\(name).yaml"] = text }
        let files = WorkspaceFiles(texts.mapValues { Array($0.utf8) })
        let check = Workspace.compile(
            files: files,
            reader: YAMLReader(),
            environment: [:],
            zones: { _ in nil }
        )
        let workspace = try #require(check.workspace, "\(check.diagnostics.map(\.rendered))")
        let set = FlowSet.compile(
            files: files,
            workspace: workspace,
            reader: YAMLReader(),
            zones: { _ in nil }
        )
        try #require(!set.hasErrors, "\(set.diagnostics.map(\.rendered))")
        return LoadedRelease(
            workspace: workspace,
            flows: set.flows,
            clients: [:],
            attachments: NoFiles()
        )
    }

    /// Works while the engine runs.
    static func run(
        _ flows: [String: String],
        store: (any Store)? = nil,
        transport: (any HTTPTransport)? = nil,
        _ work: @escaping @Sendable (RunWorld) async throws -> Void
    ) async throws {
        try await VirtualTime.run { time in
            let world = try await RunWorld(
                time,
                flows: flows,
                store: store,
                transport: transport
            )
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await world.service.run() }
                group.addTask { await world.driver.run() }
                group.addTask {
                    defer {
                        world.driver.stop()
                        world.service.stop()
                    }
                    try await work(world)
                }
                try await group.waitForAll()
            }
        }
    }

    func start(_ flow: String, _ input: JSON = [:], key: String? = nil) async throws -> Identifier {
        let started = try await desk.start(
            RunStart(
                flow: flow,
                input: input,
                key: key.map { .init(scope: "test", key: $0) },
                caller: "ann"
            )
        )
        guard case .started(let run) = started else { throw NotStarted(what: "\(started)") }
        return run.id
    }

    struct NotStarted: Error { let what: String }

    /// The run once it is so; looks again as time goes on, for a day at most.
    func run(
        _ id: Identifier,
        until isSo: (Run) throws -> Bool = { $0.state.isFinal }
    ) async throws -> Run {
        for _ in 0..<2_000 {
            if let run = try await store.run(id), try isSo(run) { return run }
            try await time.sleep(for: .milliseconds(100))
        }
        let run = try #require(try await store.run(id))
        Issue.record("the run is \(run.state): \(run.reason ?? ""); \(errors.all.prefix(3))")
        return run
    }
}
