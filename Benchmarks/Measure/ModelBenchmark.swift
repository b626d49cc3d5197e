internal import Autonomy
internal import Decisions
internal import Documents
internal import Engine
internal import Models
internal import Platform
internal import Storage
internal import StorageSQLite
internal import Values

/// What a model decision takes beside the model: from the step's bytes to the decision's rows, with
/// a model that answers at once.
///
/// The floor is what its two durable commits take bare, one after the other.
enum ModelBenchmark {
    private static let count = 4_000
    private static let intents = (0..<12).map { "intent_\($0)" }

    private static let policy = """
        policy: triage
        autonomy: supervised
        input: {message: string, customer(object): {id: string}}
        output: {intent(enum): [\(intents.joined(separator: ", "))]}
        rules:
          - {id: vip, when: input.customer.id == 'VIP', review: vip}
        model:
          prompt: triage
          use: fast
          confidence: {from: logprob, of: intent}
        checks:
          - {id: short, that: input.message.size() < 10000}
        accept: [{threshold: 0.9}]
        audit: {rate: 5%}
        private: [/message]
        """

    private static let prompt = """
        {{role "system"}}Choose the intent of the message.
        {{role "user"}}{{fence message tag="message"}}
        """

    /// A recorded answer with tokens and twenty alternatives each, as OpenAI's is.
    private struct Answering: HTTPTransport {
        let reply: HTTPReply

        init() {
            func token(_ text: String, _ logprob: Double) -> JSON {
                let other = (0..<20).map { number -> JSON in
                    [
                        "token": .string("alt\(number)"), "logprob": .double(-5 - Double(number)),
                        "bytes": .array(Array("alt\(number)".utf8).map { .int(Int64($0)) }),
                    ]
                }
                return [
                    "token": .string(text), "logprob": .double(logprob),
                    "bytes": .array(Array(text.utf8).map { .int(Int64($0)) }),
                    "top_logprobs": .array(other),
                ]
            }
            let body: JSON = [
                "id": "chatcmpl-1", "model": "m-1", "system_fingerprint": "fp",
                "choices": [
                    [
                        "index": 0, "finish_reason": "stop",
                        "message": ["role": "assistant", "content": #"{"intent":"intent_3"}"#],
                        "logprobs": [
                            "content": [
                                token(#"{"intent":""#, 0), token("intent", -0.001),
                                token("_3", -0.01), token(#""}"#, 0),
                            ]
                        ],
                    ]
                ],
                "usage": ["prompt_tokens": 60, "completion_tokens": 12, "total_tokens": 72],
            ]
            reply = HTTPReply(status: 200, body: Array(body.compactText.utf8))
        }

        func send(_ call: HTTPCall) async throws(TransportError) -> HTTPReply { reply }
    }

    static func figures() async throws -> [Figure] {
        let memory = try await times(MemoryStore(secret: Process.randomBytes(32)))
        let scratch = try Scratch()
        let folder = scratch.path
        let store = try SQLiteStore(
            folder + "/model.db",
            mode: .engine,
            secret: Process.randomBytes(32)
        )
        let durable = try await times(store)
        let rows = try await store.entries(from: 1, limit: count * 2)
        await store.close()
        let floor = try commits(folder, rows)
        return [("p50", 0.5), ("p99", 0.99)].flatMap { name, share -> [Figure] in
            [
                Figure(
                    "model decision, engine alone, \(name)",
                    unit: "us",
                    floor: 0,
                    subject: at(share, memory)
                ),
                Figure(
                    "model decision, durable, \(name)",
                    unit: "us",
                    floor: at(share, floor),
                    subject: at(share, durable)
                ),
            ]
        }
    }

    private static func engine(_ store: any Store) async throws -> DecisionEngine {
        let check = Workspace.compile(
            files: WorkspaceFiles([
                "stepgate.yaml": Array(
                    #"models: {fast: {shape: chat, url: "http://h/v1", model: m}}"#.utf8
                ),
                "Policies/triage.yaml": Array(policy.utf8),
                "Prompts/triage.prompt": Array(prompt.utf8),
            ]),
            reader: YAMLReader(),
            environment: [:],
            zones: { _ in nil }
        )
        guard let workspace = check.workspace else { throw Diagnostics(check.diagnostics) }
        let surroundings = BenchSurroundings.make()
        let client = ModelClient(
            endpoint: ModelEndpoint(
                name: "fast",
                shape: .chat,
                url: try EndpointURL("http://h/v1"),
                model: "m"
            ),
            gate: ModelGate(ModelLimits(), clock: surroundings.clock),
            transport: Answering(),
            clock: surroundings.clock,
            chance: surroundings.chance
        )
        return try await DecisionEngine(
            live: LoadedRelease(
                workspace: workspace,
                clients: ["fast": client],
                attachments: NoAttachments()
            ),
            store: store,
            releases: NoRelease(),
            surroundings: surroundings
        )
    }

    /// Microseconds of each decision, one after the other.
    private static func times(_ store: any Store) async throws -> [Double] {
        let engine = try await engine(store)
        var times: [Double] = []
        for number in 0..<count {
            let line = Array(
                (#"{"message":"The parcel \#(number) came late and the box was open, what now?","#
                    + #""customer":{"id":"C-\#(number)"}}"#).utf8
            )
            let start = ContinuousClock.now
            let step = IncomingStep(
                policy: "triage",
                input: try JSON.read(line),
                key: .init(scope: "bench", key: "\(number)"),
                source: "bench",
                caller: "me"
            )
            guard case .asking(let asking)? = try await engine.begin([step], under: "triage").first,
                case .settled(let view) = try await engine.ask(asking)
            else { preconditionFailure("the model was not asked") }
            times.append(Measure.microseconds(since: start))
            precondition(view.record.route == .model, "the model decides")
        }
        return times.sorted()
    }

    /// Microseconds that two commits of a decision's rows take.
    private static func commits(_ folder: String, _ rows: [StoredEntry]) throws -> [Double] {
        let floor = try BareStore(folder + "/model-floor.db")
        let prepared = rows.map { (entry: $0, payload: $0.payload.rowBytes) }
        var times: [Double] = []
        for index in stride(from: 0, to: min(prepared.count, count) - 1, by: 2) {
            let start = ContinuousClock.now
            try floor.insert(prepared[index...index])
            try floor.insert(prepared[index + 1...index + 1])
            times.append(Measure.microseconds(since: start))
        }
        return times.sorted()
    }

    private static func at(_ share: Double, _ sorted: [Double]) -> Double {
        sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
}
