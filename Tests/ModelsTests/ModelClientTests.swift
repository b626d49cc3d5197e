import Autonomy
import Models
import Prompts
import Synchronization
import Testing
import Values

/// Replies in the order given, and keeps what was sent.
private final class ScriptedTransport: HTTPTransport {
    private let script: Mutex<[Result<HTTPReply, TransportError>]>
    private let calls = Mutex<[HTTPCall]>([])
    private let clock: SteppedClock

    init(_ script: [Result<HTTPReply, TransportError>], clock: SteppedClock) {
        self.script = Mutex(script)
        self.clock = clock
    }

    var sent: [HTTPCall] { calls.withLock { $0 } }

    func send(_ call: HTTPCall) async throws(TransportError) -> HTTPReply {
        calls.withLock { $0.append(call) }
        clock.pass(.milliseconds(40))
        return try script.withLock { $0.removeFirst() }.get()
    }
}

/// Sleeps by moving itself on.
private final class SteppedClock: CallClock {
    private let passed = Mutex(Duration.zero)
    private let slept = Mutex<[Duration]>([])
    private let cancelled: Bool

    init(cancelled: Bool = false) { self.cancelled = cancelled }

    var uptime: Duration { passed.withLock { $0 } }
    var now: Instant { Instant(microseconds: 1_000_000_000) + uptime }
    var sleeps: [Duration] { slept.withLock { $0 } }

    func pass(_ duration: Duration) { passed.withLock { $0 += duration } }

    func sleep(for duration: Duration) async throws(CancellationError) {
        if cancelled { throw CancellationError() }
        slept.withLock { $0.append(duration) }
        pass(duration)
    }
}

struct NoChance: CallChance {
    func fraction() -> Double { 0 }
}

struct ModelClientTests {
    private let clock = SteppedClock()
    private let request = ModelRequest(
        messages: [Message(role: .user, content: [.text("Hello")])],
        output: OutputForm(
            name: "p",
            schema: [
                "type": "object", "properties": ["action": ["enum": ["a", "b"]]],
                "required": ["action"],
            ]
        ),
        confidence: ConfidenceClause(from: .probability, of: "action")
    )

    private func client(
        _ transport: ScriptedTransport,
        clock: SteppedClock? = nil,
        limits: ModelLimits = ModelLimits()
    ) throws
        -> ModelClient
    {
        ModelClient(
            endpoint: ModelEndpoint(
                name: "fast",
                shape: .decisions,
                url: try EndpointURL("http://127.0.0.1:1/v1"),
                model: "banker-1",
                key: SecretKey { () throws(ModelError) in try Secret("sk-planted") },
                price: try #require(Price(input: 1, output: 0))
            ),
            gate: ModelGate(limits, clock: clock ?? self.clock),
            transport: transport,
            clock: clock ?? self.clock,
            chance: NoChance()
        )
    }

    private func answer(_ choice: String = "a") -> HTTPReply {
        let body: JSON = [
            "model": "banker-1",
            "answers": [
                [
                    "type": "choice", "name": "action", "choice": .string(choice),
                    "probabilities": [["value": "a", "probability": 0.9]],
                ]
            ],
            "usage": ["input_tokens": 10, "output_tokens": 0],
        ]
        return HTTPReply(status: 200, body: Array(body.compactText.utf8))
    }

    private func reply(
        _ status: Int,
        _ text: String,
        _ headers: [(String, String)] = []
    )
        -> HTTPReply
    {
        HTTPReply(status: status, headers: headers.map { ($0.0, $0.1) }, body: Array(text.utf8))
    }

    @Test func `an answer at once is one attempt with its cost`() async throws {
        let transport = ScriptedTransport([.success(answer())], clock: clock)
        let record = try await client(transport).ask(request, timeout: .seconds(20))
        guard case .answer(let answer) = record.reply else {
            Issue.record("no answer: \(record.reply)")
            return
        }
        #expect(answer.output == ["action": "a"])
        #expect(answer.answer(of: "fast").confidence == 0.9)
        #expect(record.attempts.count == 1)
        #expect(record.attempts[0].duration == .milliseconds(40))
        #expect(record.attempts[0].status == 200)
        #expect(record.attempts[0].failure == nil)
        #expect(record.cost == Money(picodollars: 10_000_000))
        let sent = try #require(transport.sent.first)
        #expect(sent.url == "http://127.0.0.1:1/v1/decisions")
        #expect(sent.timeout == .seconds(20))
        #expect(sent.headers.map(\.name) == ["content-type", "authorization"])
    }

    @Test func `what passes is retried, each attempt recorded, time left shrinking`() async throws {
        let transport = ScriptedTransport(
            [
                .failure(TransportError(.connect, "127.0.0.1:1 refuses connections")),
                .success(reply(429, "{\"error\":{\"message\":\"slow\"}}", [("retry-after", "3")])),
                .success(answer()),
            ],
            clock: clock
        )
        let record = try await client(transport).ask(request, timeout: .seconds(20))
        #expect(record.attempts.map(\.status) == [nil, 429, 200])
        #expect(record.attempts.map { $0.failure?.kind } == [.unavailable, .unavailable, nil])
        #expect(clock.sleeps == [.milliseconds(500), .seconds(3)])
        #expect(
            transport.sent.map(\.timeout) == [20_000, 19_460, 16_420].map(Duration.milliseconds)
        )
    }

    @Test func `every spent token is counted, those of useless answers too`() async throws {
        let transport = ScriptedTransport([.success(answer("stranger"))], clock: clock)
        let record = try await client(transport).ask(request, timeout: .seconds(20))
        guard case .failure(let failure) = record.reply else {
            Issue.record("a stranger was taken for an answer")
            return
        }
        #expect(failure.reason.kind == .offSchema)
        #expect(record.usage.input == 10)
        #expect(record.cost > .zero)
    }

    @Test(arguments: [
        (TransportError.Kind.resolve, 3, AnswerFailure.Kind.unavailable),
        (.connect, 3, .unavailable),
        (.tls, 3, .unavailable), (.timeout, 3, .unavailable), (.cut, 3, .unavailable),
        (.tooLarge, 1, .unparsable), (.cancelled, 1, .unavailable), (.other, 1, .unavailable),
    ])
    func `a transport's failure is retried where that can help`(
        _ kind: TransportError.Kind,
        _ attempts: Int,
        _ reason: AnswerFailure.Kind
    ) async throws {
        let failure = Result<HTTPReply, TransportError>.failure(TransportError(kind, "no luck"))
        let transport = ScriptedTransport([failure, failure, failure], clock: clock)
        let record = try await client(transport).ask(request, timeout: .seconds(20))
        #expect(record.attempts.count == attempts)
        guard case .failure(let failed) = record.reply else { return }
        #expect(failed.reason.kind == reason)
        #expect(failed.reason.detail.contains("no luck"))
        #expect(failed.reason.detail.contains("after 3 attempts") == (attempts == 3))
    }

    @Test func `an echoed key never reaches the record`() async throws {
        let text = "{\"error\":{\"message\":\"bad key sk-planted!\"}}"
        let transport = ScriptedTransport([.success(reply(401, text))], clock: clock)
        let record = try await client(transport).ask(request, timeout: .seconds(20))
        guard case .failure(let failure) = record.reply else { return }
        #expect(failure.reason.detail == "HTTP 401: bad key <secret>!")
        #expect(!String(decoding: failure.body, as: UTF8.self).contains("planted"))
    }

    @Test func `a cancelled sleep ends the call with what was known`() async throws {
        let clock = SteppedClock(cancelled: true)
        let transport = ScriptedTransport([.success(reply(503, ""))], clock: clock)
        let record = try await client(transport, clock: clock).ask(request, timeout: .seconds(20))
        guard case .failure(let failure) = record.reply else { return }
        #expect(failure.reason.detail == "HTTP 503: nothing said (the caller gave up)")
        #expect(record.attempts.count == 1)
    }

    @Test func `the deadline ends the attempts and is said`() async throws {
        let transport = ScriptedTransport([.success(reply(503, ""))], clock: clock)
        let record = try await client(transport).ask(request, timeout: .milliseconds(300))
        guard case .failure(let failure) = record.reply else { return }
        #expect(failure.reason.detail.contains("no time left after 1 attempt"))
        #expect(transport.sent[0].connectTimeout == .milliseconds(300))
    }

    @Test func `a request that cannot be put makes no attempt`() async throws {
        let transport = ScriptedTransport([], clock: clock)
        let silent = ModelRequest(
            messages: [],
            output: request.output,
            confidence: request.confidence
        )
        let record = try await client(transport).ask(silent, timeout: .seconds(20))
        guard case .failure(let failure) = record.reply else { return }
        #expect(failure.reason.kind == .rejected)
        #expect(record.attempts.isEmpty)
    }
}
