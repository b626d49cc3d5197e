import Access
import Autonomy
import Decisions
import Dispatch
import Documents
import Engine
import Gateway
import Models
import Storage
import Synchronization
import Telemetry
import TestSupport
import Values

private let time = VirtualTime()

/// Requests to the gateway, separated by the byte 0x1E: none gets 500, what is said to be JSON is,
/// and the log stays whole.
///
/// A request is a line with method and target, lines of headers, an empty line and a body. The
/// header `as` names a role, whose token is then sent; `@d` and `@r` stand for the last decision
/// and review that an answer named.
@Sendable
func fuzzGateway(_ bytes: [UInt8]) {
    let done = DispatchSemaphore(value: 0)
    Task(executorPreference: time) {
        do {
            try await send(bytes.split(separator: 0x1E).prefix(8).map(Array.init))
        } catch {
            broken("the gateway does not start: \(error)")
        }
        done.signal()
    }
    done.wait()
}

private func send(_ requests: [[UInt8]]) async throws {
    let world = try await World()
    await withTaskGroup(of: Void.self) { group in
        group.addTask { await world.service.run() }
        var names = Names()
        for text in requests {
            let request = world.request(text, names)
            let response = await world.gateway.handle(request)
            let listener = Listener()
            await response.stream?(listener.writer)
            holdAnswer(response, request, listener.bytes, &names)
        }
        world.service.stop()
        await group.waitForAll()
    }
    hold(try await world.store.verified().isWhole, "the log is broken")
}

private func holdAnswer(
    _ response: GatewayResponse,
    _ request: GatewayRequest,
    _ streamed: [UInt8],
    _ names: inout Names
) {
    let what = "\(request.method) \(request.path)"
    hold(
        (200...599).contains(response.status) && response.status != 500,
        "\(what) got \(response.status): \(String(decoding: response.body, as: UTF8.self))"
    )
    hold(
        response.stream == nil || response.body.isEmpty,
        "\(what) is answered twice"
    )
    var contentType = ""
    for header in response.headers {
        hold(
            header.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F },
            "\(what): the header \(header.name) has a control byte"
        )
        if header.name == "content-type" { contentType = header.value }
    }
    guard contentType.contains("json") else { return }
    let body = response.stream == nil ? response.body : streamed
    let isLines = contentType.contains("ndjson")
    for line in isLines ? body.split(separator: 0x0A).map(Array.init) : [body] {
        do {
            let value = try JSON.read(line)
            if contentType == "application/problem+json" {
                hold(value["status"]?.integer == Int64(response.status), "\(what): two statuses")
                hold(value["type"]?.string?.isEmpty == false, "\(what): a problem has no type")
            }
            names.find(in: value)
        } catch {
            broken("\(what): the answer is no JSON: \(error)")
        }
    }
}

/// What the placeholders stand for.
private struct Names {
    var decision = "019a9f3e-1c2d-7a4b-8c5d-6e7f80910a2b"
    var review = "019a9f3e-1c2d-7a4b-8c5d-6e7f80910a2b"

    mutating func find(in value: JSON) {
        for member in value.object?.members ?? [] {
            if member.name == "decision", let id = member.value.string { decision = id }
            if member.name == "review", let id = member.value.string { review = id }
            find(in: member.value)
        }
        for element in value.array ?? [] { find(in: element) }
    }

    func filled(_ text: String) -> String {
        text.replacing("@d", with: decision).replacing("@r", with: review)
    }
}

private final class Listener: Sendable {
    private let state = Mutex<(bytes: [UInt8], writes: Int)>(([], 0))

    var bytes: [UInt8] { state.withLock { $0.bytes } }

    /// Goes away after a while: events never end.
    var writer: GatewayWriter {
        GatewayWriter { [self] bytes in
            state.withLock { state in
                state.bytes += bytes
                state.writes += 1
                return state.writes < 50
            }
        }
    }
}

private struct World: Sendable {
    private static let files = [
        "stepgate.yaml": #"models: {fast: {shape: decisions, url: "http://x/v1", model: m}}"#,
        "Policies/refund.yaml": """
        policy: refund
        autonomy: manual
        input: {amount: number, message?: string}
        output: {action(enum): [refund, reject]}
        rules: [{id: small, when: input.amount <= 20, decide: {action: refund}}]
        review: {queue: refunds}
        private: [/message]
        """,
        "Policies/audited.yaml": """
        policy: audited
        autonomy: manual
        input: {amount: number}
        output: {action(enum): [refund, reject]}
        rules: [{id: all, decide: {action: refund}}]
        audit: {rules: 100%, queue: audits}
        """,
        "Policies/triage.yaml": """
        policy: triage
        autonomy: supervised
        input: {message: string}
        output: {action(enum): [refund, reject]}
        model: {prompt: p, use: fast, confidence: {from: probability, of: action}}
        accept: [{threshold: 0.8}]
        """,
        "Prompts/p.prompt": "{{message}}",
    ]

    private static let workspace: Workspace = {
        let check = Workspace.compile(
            files: WorkspaceFiles(files.mapValues { Array($0.utf8) }),
            reader: YAMLReader(),
            environment: [:],
            zones: { _ in nil }
        )
        guard let workspace = check.workspace else { broken("\(check.diagnostics)") }
        return workspace
    }()

    let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
    let service: DecisionService
    let gateway: Gateway
    private let secrets: [String: String]

    init() async throws {
        let surroundings = Surroundings(clock: time, chance: Chances())
        let client = ModelClient(
            endpoint: ModelEndpoint(
                name: "fast",
                shape: .decisions,
                url: try EndpointURL("http://x/v1"),
                model: "m"
            ),
            gate: ModelGate(ModelLimits(), clock: time),
            transport: Transport(),
            clock: time,
            chance: surroundings.chance
        )
        let release = LoadedRelease(
            workspace: Self.workspace,
            clients: ["fast": client],
            attachments: NoFiles()
        )
        let releases = OneRelease(release: release)
        let engine = try await DecisionEngine(
            live: release,
            store: store,
            releases: releases,
            surroundings: surroundings
        )
        let service = try await DecisionService(engine: engine, clock: time)
        self.service = service
        let watch = RunWatch(clock: time)
        let driver = RunDriver(
            service: service,
            releases: releases,
            surroundings: surroundings,
            transport: Transport(),
            secrets: { _ throws(ModelError) in throw .secret("there are none here") },
            told: { watch.told($0) }
        )
        gateway = Gateway(
            service: service,
            desk: ReviewDesk(store: store, releases: releases, surroundings: surroundings),
            decisionDesk: DecisionDesk(
                store: store,
                releases: releases,
                surroundings: surroundings
            ),
            releaseDesk: ReleaseDesk(
                store: store,
                releases: releases,
                surroundings: surroundings
            ),
            runDesk: RunDesk(keeper: driver.keeper, live: { release }),
            watch: watch,
            store: store,
            now: { time.now }
        )
        let tokens = TokenDesk(store: store, surroundings: surroundings)
        var secrets: [String: String] = [:]
        for role in Role.allCases {
            secrets[role.rawValue] = try await tokens.create(
                name: role.rawValue,
                role: role,
                policies: nil,
                lasting: .seconds(3_600_000),
                by: "fuzz"
            ).secret
        }
        self.secrets = secrets
    }

    func request(_ bytes: [UInt8], _ names: Names) -> GatewayRequest {
        let text = names.filled(String(decoding: bytes, as: UTF8.self))
        var lines = Array(text.utf8).split(separator: 0x0A, omittingEmptySubsequences: false)[...]
        let first = Self.text(lines.popFirst()).split(separator: " ", maxSplits: 1)
        let target = (first.count > 1 ? String(first[1]) : "/").split(
            separator: "?",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        var headers: [String: String] = [:]
        while let line = lines.popFirst(), !line.isEmpty {
            let parts = Self.text(line).split(separator: ":", maxSplits: 1)
            if parts.count == 2 {
                headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
            }
        }
        let role = headers.removeValue(forKey: "as") ?? "admin"
        if let secret = secrets[role] { headers["authorization"] = "Bearer \(secret)" }
        let body = Array(lines.joined(separator: [0x0A]))
        let method = first.first.map(String.init) ?? "GET"
        let path = String(target.first ?? "/")
        let isStreamed = Gateway.pace(method: method, path: path) == .streamed
        if !body.isEmpty, headers["content-type"] == nil {
            headers["content-type"] = isStreamed ? "application/x-ndjson" : "application/json"
        }
        return GatewayRequest(
            method: method,
            path: path,
            query: target.count > 1 ? Self.query(target[1]) : [],
            headers: headers,
            body: isStreamed ? [] : body,
            chunks: isStreamed ? Self.stream(body) : nil
        )
    }

    private static func text(_ bytes: ArraySlice<UInt8>?) -> String {
        String(decoding: bytes ?? [], as: UTF8.self)
    }

    private static func query(_ text: Substring) -> [(name: String, value: String)] {
        text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
    }

    /// The body in pieces; one that ends with `!` is cut there.
    private static func stream(_ body: [UInt8]) -> GatewayBody {
        let rest = Rest(body)
        return GatewayBody { () async throws(GatewayBody.Failure) in try rest.next() }
    }
}

private final class Rest: Sendable {
    private let left: Mutex<ArraySlice<UInt8>>

    init(_ body: [UInt8]) { left = Mutex(body[...]) }

    func next() throws(GatewayBody.Failure) -> [UInt8]? {
        let piece = left.withLock { left in
            defer { left = left.dropFirst(37) }
            return Array(left.prefix(37))
        }
        if piece == [UInt8(ascii: "!")] { throw .cut }
        return piece.isEmpty ? nil : piece
    }
}

private struct Transport: HTTPTransport {
    func send(_ call: HTTPCall) async throws(TransportError) -> HTTPReply {
        let body = """
            {"model": "m-1", "answers": [{"type": "choice", "name": "action", "choice": "refund",
            "probabilities": [{"value": "refund", "probability": 0.9}]}]}
            """
        return HTTPReply(status: 200, body: Array(body.utf8))
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
