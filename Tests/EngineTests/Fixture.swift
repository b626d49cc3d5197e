import Autonomy
import Documents
import Engine
import Foundation
import Models
import Storage
import Synchronization
import TestSupport
import Values

/// Time that moves only when someone sleeps, and then at once.
final class ManualClock: CallClock {
    private let microseconds = Mutex<Int64>(1_800_000_000_000_000)

    var now: Instant { Instant(microseconds: microseconds.withLock { $0 }) }
    var uptime: Duration { .microseconds(microseconds.withLock { $0 } - 1_800_000_000_000_000) }

    func sleep(for duration: Duration) async throws(CancellationError) {
        microseconds.withLock { $0 += max(0, duration.wholeMicroseconds) }
        await Task.yield()
    }

    func advance(by duration: Duration) {
        microseconds.withLock { $0 += duration.wholeMicroseconds }
    }
}

final class SeededChance: Chance {
    private let generator: Mutex<SeededGenerator>

    init(seed: UInt64) { generator = Mutex(SeededGenerator(seed: seed)) }

    func word() -> UInt64 { generator.withLock { $0.next() } }
    func fraction() -> Double { Double(word() >> 11) * 0x1p-53 }
}

/// One thread that runs every job in the order it came.
final class SingleThread: TaskExecutor {
    private struct Queue {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let queue = Mutex(Queue())
    private let ready = DispatchSemaphore(value: 0)

    init() {
        Thread.detachNewThread { [self] in
            while true {
                ready.wait()
                let job = queue.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
                guard let job else { return }
                unsafe job.runSynchronously(on: asUnownedTaskExecutor())
            }
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.withLock { $0.jobs.append(job) }
        ready.signal()
    }

    func stop() { ready.signal() }
}

/// A model server made of a function.
struct FakeTransport: HTTPTransport {
    let answer: @Sendable (HTTPCall) async throws(TransportError) -> HTTPReply

    func send(_ call: HTTPCall) async throws(TransportError) -> HTTPReply { try await answer(call) }

    static func decision(_ choice: String, _ probability: Double) -> HTTPReply {
        let other = choice == "refund" ? "reject" : "refund"
        let body: JSON = [
            "model": "m-1",
            "answers": [
                [
                    "type": "choice", "name": "action", "choice": .string(choice),
                    "confidence": 0.5,
                    "probabilities": [
                        ["value": .string(choice), "probability": .double(probability)],
                        ["value": .string(other), "probability": .double(1 - probability)],
                    ],
                ]
            ],
            "usage": ["input_tokens": 10, "output_tokens": 0, "total_tokens": 10],
        ]
        return HTTPReply(status: 200, headers: [], body: Array(body.compactText.utf8))
    }
}

/// Everything one test of the engine needs, made anew for it.
struct World: Sendable {
    let clock: any CallClock
    let chance: SeededChance
    let store: any Store
    let transport: FakeTransport
    let release: LoadedRelease

    static let policy = """
        policy: refund
        autonomy: supervised
        input: {message: string, amount: number}
        output:
          action(enum): [refund, reject]
        rules:
          - {id: small, when: input.amount <= 20, decide: {action: refund}}
          - {id: odd, when: input.message == 'odd', review: odd}
        model:
          prompt: refund
          use: fast
          confidence: {from: probability, of: action}
          retry: {attempts: 2, backoff: 100ms..1s}
          on_failure: {wait: 15m, then: review}
        accept: [{threshold: 0.8}]
        review: {queue: refunds, approvals: 1, four_eyes: true}
        audit: {rate: 10%, rules: 10%}
        private: [/message]
        """

    init(
        seed: UInt64 = 1,
        policy: String = World.policy,
        models: [String] = ["fast"],
        limits: ModelLimits = ModelLimits(concurrency: 10_000),
        price: Double = 0,
        cache: Duration? = nil,
        store: (any Store)? = nil,
        clock: any CallClock = ManualClock(),
        answer: @escaping @Sendable (HTTPCall) async throws(TransportError) -> HTTPReply
    ) throws {
        self.clock = clock
        chance = SeededChance(seed: seed)
        self.store = store ?? MemoryStore(secret: [UInt8](repeating: 3, count: 32))
        transport = FakeTransport(answer: answer)
        let listed = models.map {
            #"\#($0): {shape: decisions, url: "http://x/v1", model: \#($0)}"#
        }
        let check = Workspace.compile(
            files: WorkspaceFiles([
                "stepgate.yaml": Array("models: {\(listed.joined(separator: ", "))}".utf8),
                "Prompts/refund.prompt": Array("<message>{{message}}</message>".utf8),
                "Policies/refund.yaml": Array(policy.utf8),
            ]),
            reader: YAMLReader(),
            environment: [:],
            zones: { $0 == "UTC" ? .utc : nil }
        )
        guard let workspace = check.workspace else { throw Diagnostics(check.diagnostics) }
        var clients: [String: ModelClient] = [:]
        for name in models {
            let endpoint = ModelEndpoint(
                name: name,
                shape: .decisions,
                url: try EndpointURL("http://x/v1"),
                model: name,
                price: Price(input: price, output: 0) ?? .free,
                cache: cache
            )
            clients[name] = ModelClient(
                endpoint: endpoint,
                gate: ModelGate(limits, clock: clock),
                transport: transport,
                clock: clock,
                chance: chance,
                cache: StoreCache(self.store)
            )
        }
        release = LoadedRelease(workspace: workspace, clients: clients, attachments: NoFiles())
    }

    var surroundings: Surroundings { Surroundings(clock: clock, chance: chance) }

    func engine() async throws -> DecisionEngine {
        try await DecisionEngine(
            live: release,
            store: store,
            releases: OneRelease(release: release),
            surroundings: surroundings
        )
    }

    var desk: ReviewDesk {
        ReviewDesk(
            store: store,
            releases: OneRelease(release: release),
            surroundings: surroundings
        )
    }

    static func step(_ number: Int, _ input: JSON, scope: String = "job") -> IncomingStep {
        IncomingStep(
            policy: "refund",
            input: input,
            key: .init(scope: scope, key: "\(number)"),
            source: "test",
            caller: "ann"
        )
    }
}

struct OneRelease: ReleaseSource {
    let release: LoadedRelease

    func release(_ digest: Digest) async throws(EngineError) -> LoadedRelease {
        guard digest == release.digest else { throw EngineError(.release, "another release") }
        return release
    }
}

/// Lines made of numbers.
struct Lines: LineSource {
    var next = 0
    let count: Int
    let input: @Sendable (Int) -> JSON
    var fraction: Double? { Double(next) / Double(count) }

    init(_ count: Int, _ input: @escaping @Sendable (Int) -> JSON) {
        self.count = count
        self.input = input
    }

    mutating func next(_ count: Int) throws -> [JobLine] {
        let end = min(next + count, self.count)
        defer { next = end }
        return (next..<end).map {
            JobLine(place: $0, number: $0 + 1, step: World.step($0, input($0)))
        }
    }
}

/// What a job told, in order.
struct Told: JobObserver {
    var results: [(Int, LineResult)] = []
    var waits = 0

    mutating func finished(_ line: JobLine, _ result: LineResult) async throws {
        results.append((line.place, result))
    }

    mutating func read(_ fraction: Double?) {}
    mutating func waiting(_ count: Int, until: Instant?, because: String) { waits += 1 }
}

struct NoFiles: AttachmentSource {
    func load(
        _ name: String,
        in folder: String,
        limit: Int
    ) async throws(AttachmentError) -> [UInt8] {
        throw AttachmentError("there are no files here")
    }
}
