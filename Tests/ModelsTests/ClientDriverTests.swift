import Autonomy
import Decisions
import Models
import Prompts
import Synchronization
import TestSupport
import Testing
import Values

/// A model's client in virtual time: turns, votes of many calls, second calls, answers kept.
struct ClientDriverTests {
    private static let output = OutputForm(
        name: "p",
        schema: [
            "type": "object", "properties": ["action": ["enum": ["a", "b"]]],
            "required": ["action"], "additionalProperties": false,
        ]
    )

    private func request(
        _ from: ConfidenceSignal = .stated,
        samples: Int = 1
    ) -> ModelRequest {
        ModelRequest(
            messages: [Message(role: .user, content: [.text("Hello")])],
            output: Self.output,
            confidence: ConfidenceClause(from: from, of: "action", samples: samples)
        )
    }

    private func client(
        _ time: VirtualTime,
        _ transport: TimedTransport,
        shape: Shape = .decisions,
        limits: ModelLimits = ModelLimits(),
        times: ModelTimes = ModelTimes(),
        key: SecretKey? = nil,
        keep: Duration? = nil,
        cache: (any AnswerCache)? = nil
    ) throws -> ModelClient {
        ModelClient(
            endpoint: ModelEndpoint(
                name: "fast",
                shape: shape,
                url: try EndpointURL("http://h/v1"),
                model: "m",
                key: key,
                price: try #require(Price(input: 1, output: 0)),
                times: times,
                cache: keep
            ),
            gate: ModelGate(limits, clock: time),
            transport: transport,
            clock: time,
            chance: NoChance(),
            cache: cache
        )
    }

    private let asked = ConfidenceSignal.probability

    // MARK: Turns

    @Test func `no more calls are in flight than the model takes, and nobody is overtaken`()
        async throws
    {
        try await VirtualTime.run { time in
            let transport = TimedTransport(time) { _ in (.milliseconds(100), .decision("a")) }
            let client = try client(time, transport, limits: ModelLimits(concurrency: 3))
            let ended = await withTaskGroup(of: (Int, Duration).self) { group in
                for number in 0..<10 {
                    group.addTask {
                        _ = await client.ask(request(asked), timeout: .seconds(1))
                        return (number, time.uptime)
                    }
                }
                var ended: [(Int, Duration)] = []
                for await one in group { ended.append(one) }
                return ended
            }
            #expect(transport.most == 3)
            #expect(time.uptime == .milliseconds(400))
            #expect(ended.map(\.0) == Array(0..<10))
            #expect(client.gate.load.inFlight == 0)
        }
    }

    @Test func `waiting for a turn does not use up the call's own time`() async throws {
        try await VirtualTime.run { time in
            let transport = TimedTransport(time) { _ in (.milliseconds(900), .decision("a")) }
            let client = try client(time, transport, limits: ModelLimits(concurrency: 1))
            let answered = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        await client.ask(request(asked), timeout: .seconds(1)).isAnswer
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(answered == 5)
            #expect(transport.timeouts == Array(repeating: .seconds(1), count: 5))
        }
    }

    @Test func `a caller that gives up while it waits leaves its place to the next`() async throws {
        try await VirtualTime.run { time in
            let transport = TimedTransport(time) { _ in (.seconds(1), .decision("a")) }
            let client = try client(time, transport, limits: ModelLimits(concurrency: 1))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = await client.ask(request(asked), timeout: .seconds(9)) }
                group.addTask {
                    try await time.sleep(for: .milliseconds(100))
                    let record = await withTaskGroup(of: ModelCallRecord?.self) { inner in
                        inner.addTask { await client.ask(request(asked), timeout: .seconds(9)) }
                        inner.addTask {
                            do {
                                try await time.sleep(for: .milliseconds(100))
                            } catch {
                                return nil
                            }
                            return nil
                        }
                        _ = await inner.next()
                        inner.cancelAll()
                        return await inner.next() ?? nil
                    }
                    #expect(record?.attempts.isEmpty == true)
                    #expect(record?.isAnswer == false)
                }
                group.addTask {
                    try await time.sleep(for: .milliseconds(500))
                    _ = await client.ask(request(asked), timeout: .seconds(9))
                }
                try await group.waitForAll()
            }
            #expect(transport.count == 2)
            #expect(client.gate.load.inFlight == 0)
        }
    }

    @Test func `an open breaker turns calls away at once and says until when`() async throws {
        try await VirtualTime.run { time in
            let transport = TimedTransport(time) { _ in (.zero, .status(500)) }
            let client = try client(
                time,
                transport,
                limits: ModelLimits(breakerFailures: 2, breakerOpen: .seconds(30))
            )
            let rule = RetryRule(attempts: 1, backoff: .zero...(.zero))
            for _ in 0..<2 {
                _ = await client.ask(request(asked), timeout: .seconds(5), retry: rule)
            }
            #expect(client.gate.closedUntil == time.now + .seconds(30))
            let news = try #require(client.gate.news(of: "fast"))
            #expect(news.breaker == .open)
            #expect(news.until == time.now + .seconds(30))
            #expect(client.gate.news(of: "fast") == nil)
            let record = await client.ask(request(asked), timeout: .seconds(5), retry: rule)
            #expect(record.attempts.isEmpty)
            guard case .failure(let failure) = record.reply else { return }
            #expect(failure.reason.kind == .unavailable)
            #expect(failure.reason.retryAt == time.now + .seconds(30))
            #expect(transport.count == 2)
        }
    }

    @Test func `a server that says it has nothing left is not asked before its reset`() async throws
    {
        try await VirtualTime.run { time in
            let transport = TimedTransport(time) { _ in
                (
                    .zero,
                    .decision(
                        "a",
                        headers: [
                            ("x-ratelimit-remaining-requests", "0"),
                            ("x-ratelimit-reset-requests", "4s"),
                        ]
                    )
                )
            }
            let client = try client(time, transport)
            _ = await client.ask(request(asked), timeout: .seconds(1))
            _ = await client.ask(request(asked), timeout: .seconds(1))
            #expect(transport.starts == [.zero, .seconds(4)])
        }
    }

    // MARK: Votes

    @Test func `a vote without n is a call a sample, all at once`() async throws {
        try await VirtualTime.run { time in
            let transport = TimedTransport(time) { number in
                (.milliseconds(50), .responses(number <= 4 ? "a" : "b"))
            }
            let client = try client(time, transport, shape: .responses)
            let record = await client.ask(request(.vote, samples: 5), timeout: .seconds(1))
            guard case .answer(let answer) = record.reply else {
                Issue.record("\(record.reply)")
                return
            }
            #expect(answer.output == ["action": "a"])
            #expect(answer.confidence.value == 0.8)
            #expect(answer.samples.count == 5)
            #expect(record.attempts.count == 5)
            #expect(record.usage.input == 50)
            #expect(time.uptime == .milliseconds(50))
            #expect(try client.mostCost(of: request(.vote, samples: 5)).picodollars > 0)
        }
    }

    @Test func `a sample that failed counts against the vote`() async throws {
        try await VirtualTime.run { time in
            let transport = TimedTransport(time) { number in
                (.zero, number == 1 ? .status(400) : .responses("a"))
            }
            let client = try client(time, transport, shape: .responses)
            let record = await client.ask(request(.vote, samples: 4), timeout: .seconds(1))
            guard case .answer(let answer) = record.reply else { return }
            #expect(answer.confidence.value == 0.75)
            #expect(answer.confidence.note == "1 of 4 samples failed")
        }
    }

    // MARK: Second calls

    @Test func `a slow call gets a second beside it, and the first answer counts`() async throws {
        try await VirtualTime.run { time in
            let transport = TimedTransport(time) { number in
                (number == 1 ? .seconds(10) : .milliseconds(100), .decision("a"))
            }
            let client = try client(time, transport, times: ModelTimes(hedge: .seconds(1)))
            let record = await client.ask(request(asked), timeout: .seconds(20))
            #expect(record.isAnswer)
            #expect(record.attempts.count == 2)
            #expect(record.attempts[0].failure?.detail == "overtaken by a second call")
            #expect(record.attempts[0].cost > .zero)
            #expect(record.attempts[1].duration == .milliseconds(100))
            #expect(client.gate.load.inFlight == 0)
        }
    }

    @Test func `the most a call can cost counts its second`() async throws {
        try await VirtualTime.run { time in
            let transport = TimedTransport(time) { _ in (.zero, .decision("a")) }
            let once = try client(time, transport).mostCost(of: request(asked))
            let hedged = try client(time, transport, times: ModelTimes(hedge: .seconds(1)))
                .mostCost(of: request(asked))
            #expect(hedged == once * 2)
        }
    }

    @Test func `a call that answers in time has no second`() async throws {
        try await VirtualTime.run { time in
            let transport = TimedTransport(time) { _ in (.milliseconds(900), .decision("a")) }
            let client = try client(time, transport, times: ModelTimes(hedge: .seconds(1)))
            let record = await client.ask(request(asked), timeout: .seconds(20))
            #expect(record.attempts.count == 1)
            #expect(transport.count == 1)
        }
    }

    @Test func `a second call is not made where the model takes no more`() async throws {
        try await VirtualTime.run { time in
            let transport = TimedTransport(time) { _ in (.seconds(5), .decision("a")) }
            let client = try client(
                time,
                transport,
                limits: ModelLimits(concurrency: 1),
                times: ModelTimes(hedge: .seconds(1))
            )
            let record = await client.ask(request(asked), timeout: .seconds(20))
            #expect(record.isAnswer)
            #expect(transport.count == 1)
        }
    }

    // MARK: Answers kept

    @Test func `the very same request is answered again without a call, and says so`() async throws
    {
        try await VirtualTime.run { time in
            let transport = TimedTransport(time) { _ in (.zero, .decision("a")) }
            let cache = MemoryCache()
            let client = try client(time, transport, keep: .seconds(60), cache: cache)
            let first = await client.ask(request(asked), timeout: .seconds(1))
            let again = await client.ask(request(asked), timeout: .seconds(1))
            #expect(transport.count == 1)
            #expect(again.cachedAt == time.now)
            #expect(again.attempts.isEmpty)
            #expect(again.cost == .zero)
            #expect(first.cachedAt == nil)
            guard case .answer(let one) = first.reply, case .answer(let two) = again.reply else {
                return
            }
            #expect(one.output == two.output)
            #expect(one.confidence == two.confidence)
            try await time.sleep(for: .seconds(61))
            _ = await client.ask(request(asked), timeout: .seconds(1))
            #expect(transport.count == 2)
        }
    }

    @Test func `an answer of another version of the model is not given again`() async throws {
        try await VirtualTime.run { time in
            let transport = TimedTransport(time) { number in
                (.zero, .decision("a", version: "m-\(number)"))
            }
            let cache = MemoryCache()
            let client = try client(time, transport, keep: .seconds(60), cache: cache)
            _ = await client.ask(request(asked), timeout: .seconds(1))
            let other = ModelRequest(
                messages: [Message(role: .user, content: [.text("Other")])],
                output: Self.output,
                confidence: request(asked).confidence
            )
            _ = await client.ask(other, timeout: .seconds(1))
            _ = await client.ask(request(asked), timeout: .seconds(1))
            #expect(transport.count == 3)
        }
    }

    @Test func `failures and the samples of a vote are never kept`() async throws {
        try await VirtualTime.run { time in
            let transport = TimedTransport(time) { _ in (.zero, .status(400)) }
            let cache = MemoryCache()
            let failing = try client(time, transport, keep: .seconds(60), cache: cache)
            _ = await failing.ask(request(asked), timeout: .seconds(1))
            #expect(cache.count == 0)
            let samples = TimedTransport(time) { _ in (.zero, .responses("a")) }
            let voting = try client(
                time,
                samples,
                shape: .responses,
                keep: .seconds(60),
                cache: cache
            )
            _ = await voting.ask(request(.vote, samples: 3), timeout: .seconds(1))
            #expect(samples.count == 3)
            #expect(cache.count == 0)
        }
    }

    // MARK: Keys

    @Test func `a key is read for each call, and one that cannot be read is waited for`()
        async throws
    {
        try await VirtualTime.run { time in
            let reads = Mutex(0)
            let key = SecretKey { () throws(ModelError) in
                let number = reads.withLock { reads -> Int in
                    reads += 1
                    return reads
                }
                if number == 1 { throw .secret("the file is being replaced") }
                return try Secret("sk-\(number)")
            }
            let transport = TimedTransport(time) { _ in (.zero, .decision("a")) }
            let client = try client(time, transport, key: key)
            let record = await client.ask(request(asked), timeout: .seconds(5))
            #expect(record.isAnswer)
            #expect(record.attempts.map { $0.failure?.kind } == [.unavailable, nil])
            _ = await client.ask(request(asked), timeout: .seconds(5))
            #expect(reads.withLock { $0 } == 3)
        }
    }
}
