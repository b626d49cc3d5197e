import Access
import Autonomy
import Decisions
import Documents
import Engine
import Flows
import Gateway
import Models
import Storage
import Synchronization
import Telemetry
import TestSupport
import Testing
import Values

/// A gateway over a store in memory, with a token of each role.
struct GatewayWorld: Sendable {
    private static let stepgate =
        #"models: {fast: {shape: decisions, url: "http://x/v1", model: m}}"#

    private static let refund = """
        policy: refund
        autonomy: manual
        input: {amount: number}
        output: {action(enum): [refund, reject]}
        rules: [{id: small, when: input.amount <= 20, decide: {action: refund}}]
        review: {queue: refunds}
        """

    private static let audited = """
        policy: audited
        autonomy: manual
        input: {amount: number}
        output: {action(enum): [refund, reject]}
        rules: [{id: all, decide: {action: refund}}]
        audit: {rules: 100%, queue: audits}
        """

    private static let triage = """
        policy: triage
        autonomy: supervised
        input: {message: string}
        output: {action(enum): [refund, reject]}
        model:
          prompt: p
          use: fast
          confidence: {from: probability, of: action}
        accept: [{threshold: 0.8}]
        """

    let time: VirtualTime
    let driver: RunDriver
    let watch: RunWatch
    let store: MemoryStore
    let service: DecisionService
    let gateway: Gateway
    let tokens: TokenDesk
    let releases: ReleaseDesk
    let secrets: [Role: String]
    let metrics = MetricRegistry()
    let lines = LogLines()

    /// `model` answers after so long, with such a probability of a refund; `rate` is that of every
    /// token; so many changes of runs are kept.
    init(
        _ time: VirtualTime,
        rate: Rate? = nil,
        allowsPrivateCallbacks: Bool = false,
        flows: [String: String] = [:],
        runChanges: Int = Storage.Limits.runChanges,
        model: @escaping @Sendable () -> (Duration, Double?) = { (.milliseconds(20), 0.95) }
    ) async throws {
        self.time = time
        store = MemoryStore(secret: [UInt8](repeating: 3, count: 32), runChanges: runChanges)
        var contents = [
            "stepgate.yaml": Array(Self.stepgate.utf8),
            "Policies/refund.yaml": Array(Self.refund.utf8),
            "Policies/triage.yaml": Array(Self.triage.utf8),
            "Policies/audited.yaml": Array(Self.audited.utf8),
            "Prompts/p.prompt": Array("{{message}}".utf8),
        ]
        for (name, text) in flows {
            contents["Flows/\(name).yaml"] = Array("flow: \(name)\n\(text)".utf8)
        }
        let files = WorkspaceFiles(contents)
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
        if set.hasErrors { throw Diagnostics(set.diagnostics) }
        let surroundings = Surroundings(clock: time, chance: Chances())
        let client = ModelClient(
            endpoint: ModelEndpoint(
                name: "fast",
                shape: .decisions,
                url: try EndpointURL("http://x/v1"),
                model: "m"
            ),
            gate: ModelGate(ModelLimits(), clock: time),
            transport: Transport(time: time, model: model),
            clock: time,
            chance: surroundings.chance
        )
        let release = LoadedRelease(
            workspace: workspace,
            flows: set.flows,
            clients: ["fast": client],
            attachments: NoFiles()
        )
        let releases = OneRelease(release: release)
        let instruments = Instruments(
            metrics: metrics,
            log: LogBook(
                .json,
                level: .debug,
                now: { time.now },
                metrics: metrics,
                write: lines.add
            ),
            uptime: { time.uptime },
            version: "1"
        )
        let measured = MeasuredStore(store, instruments)
        let engine = try await DecisionEngine(
            live: release,
            store: measured,
            releases: releases,
            surroundings: surroundings
        )
        service = try await DecisionService(engine: engine, clock: time)
        let watch = RunWatch(clock: time)
        let driver = RunDriver(
            service: service,
            releases: releases,
            surroundings: surroundings,
            transport: Transport(time: time, model: model),
            secrets: { _ throws(ModelError) in throw .secret("there are none here") },
            told: { watch.told($0) }
        )
        (self.driver, self.watch) = (driver, watch)
        self.releases = ReleaseDesk(
            store: store,
            releases: releases,
            surroundings: surroundings
        )
        gateway = Gateway(
            service: service,
            desk: ReviewDesk(store: measured, releases: releases, surroundings: surroundings),
            decisionDesk: DecisionDesk(
                store: measured,
                releases: releases,
                surroundings: surroundings
            ),
            releaseDesk: self.releases,
            runDesk: RunDesk(keeper: driver.keeper, live: { release }),
            watch: watch,
            store: measured,
            allowsPrivateCallbacks: allowsPrivateCallbacks,
            now: { time.now },
            instruments: instruments,
            rate: rate
        )
        tokens = TokenDesk(store: store, surroundings: surroundings)
        var secrets: [Role: String] = [:]
        for role in Role.allCases {
            secrets[role] = try await tokens.create(
                name: role.rawValue,
                role: role,
                policies: nil,
                lasting: .seconds(3_600),
                by: "test"
            ).secret
        }
        self.secrets = secrets
    }

    /// Serves while the work goes on.
    func serving<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await service.run() }
            group.addTask { await driver.run() }
            group.addTask { await watch.run() }
            let value = try await work()
            driver.stop()
            service.stop()
            watch.stop()
            try await group.waitForAll()
            return value
        }
    }

    /// Answers, and holds the answer to what is documented of it.
    func handle(_ request: GatewayRequest) async -> GatewayResponse {
        let response = await gateway.handle(request)
        let objections = Contract.live.objections(request.method, request.path, response)
        #expect(objections.isEmpty, "\(objections.joined(separator: "\n"))")
        return response
    }

    func send(
        _ method: String,
        _ path: String,
        as role: Role?,
        _ body: JSON? = nil,
        _ headers: [String: String] = [:],
        query: [(String, String)] = []
    ) async throws -> (status: Int, headers: [String: String], body: JSON) {
        var headers = headers
        if let role { headers["authorization"] = "Bearer \(secrets[role] ?? "")" }
        if body != nil, headers["content-type"] == nil {
            headers["content-type"] = "application/json"
        }
        let response = await handle(
            GatewayRequest(
                method: method,
                path: path,
                query: query.map { ($0.0, $0.1) },
                headers: headers,
                body: body.map { Array($0.compactText.utf8) } ?? []
            )
        )
        return (
            response.status,
            Dictionary(response.headers.map { ($0.name, $0.value) }) { $1 },
            try JSON.read(response.body)
        )
    }

    func refund(
        _ amount: Double,
        as role: Role = .agent,
        _ headers: [String: String] = [:]
    ) async throws -> (status: Int, headers: [String: String], body: JSON) {
        try await send(
            "POST",
            "/v1/decisions",
            as: role,
            ["policy": "refund", "input": ["amount": .double(amount)]],
            headers
        )
    }
}

/// What the log said.
final class LogLines: Sendable {
    private let state = Mutex<[[UInt8]]>([])

    var text: String { state.withLock { String(decoding: $0.flatMap { $0 }, as: UTF8.self) } }
    var all: [JSON] { state.withLock { $0.compactMap { try? JSON.read($0) } } }

    func add(_ line: [UInt8]) -> Bool {
        state.withLock { $0.append(line) }
        return true
    }
}

private struct Transport: HTTPTransport {
    let time: VirtualTime
    let model: @Sendable () -> (Duration, Double?)

    func send(_ call: HTTPCall) async throws(TransportError) -> HTTPReply {
        let (wait, probability) = model()
        do {
            try await time.sleep(for: wait)
        } catch {
            throw TransportError(.cancelled, "the caller gave up")
        }
        guard let probability else { throw TransportError(.connect, "nothing listens") }
        let body: JSON = [
            "model": "m-1",
            "answers": [
                [
                    "type": "choice", "name": "action", "choice": "refund",
                    "probabilities": [["value": "refund", "probability": .double(probability)]],
                ]
            ],
        ]
        return HTTPReply(status: 200, body: Array(body.compactText.utf8))
    }
}

private final class Chances: Chance {
    private let generator = Mutex(SeededGenerator(seed: 1))

    func word() -> UInt64 { generator.withLock { $0.next() } }
    func fraction() -> Double { Double(word() >> 11) * 0x1p-53 }
}

private struct OneRelease: ReleaseSource {
    let release: LoadedRelease

    func release(_ digest: Digest) async throws(EngineError) -> LoadedRelease { release }
}

private struct NoFiles: AttachmentSource {
    func load(
        _ name: String,
        in folder: String,
        limit: Int
    ) async throws(AttachmentError) -> [UInt8] {
        throw AttachmentError("there are no files here")
    }
}
