import Decisions
import Engine
import Models
import Storage
import TestSupport
import Testing
import Values

struct JobTests {
    @Sendable private static func input(_ number: Int) -> JSON {
        [
            "message": .string(number % 17 == 0 ? "odd" : "message \(number)"),
            "amount": .int(Int64(number % 50)),
        ]
    }

    /// A model that is sure of some, unsure of others, and now and then broken.
    @Sendable private static func answer(_ call: HTTPCall) async throws(TransportError) -> HTTPReply
    {
        let digest = Digest(of: call.body).bytes
        if digest[0] < 10 { throw TransportError(.connect, "nothing listens") }
        if digest[0] < 20 { return HTTPReply(status: 200, headers: [], body: Array("<html>".utf8)) }
        if digest[1] < 30 { await Task.yield() }
        return FakeTransport.decision(
            digest[2] < 128 ? "refund" : "reject",
            Double(digest[3]) / 255
        )
    }

    private func run(_ world: World, lines: Int = 1_000) async throws -> Told {
        var job = Job(
            engine: try await world.engine(),
            policy: "refund",
            concurrency: 8,
            clock: world.clock,
            source: Lines(lines, Self.input),
            observer: Told()
        )
        try await job.run()
        return job.observer
    }

    private func trace() async throws -> [[UInt8]] {
        let thread = SingleThread()
        defer { thread.stop() }
        return try await withTaskExecutorPreference(thread) {
            let world = try World(answer: Self.answer)
            _ = try await run(world)
            return try await world.store.wholeLog().map { $0.hash.bytes + $0.bytes }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func
        `a thousand decisions run twice under one thread leave the same trace, byte for byte`()
        async throws
    {
        let first = try await trace()
        #expect(first.count > 1_000)
        #expect(try await trace() == first)
    }

    @Test func `every line has one decision, and none is left asking`() async throws {
        let world = try World(answer: Self.answer)
        let told = try await run(world)
        #expect(told.results.map(\.0).sorted() == Array(0..<1_000))
        let records = try await world.store.decisions(DecisionQuery(limit: 10_000))
        #expect(records.count == 1_000)
        #expect(Set(records.map(\.key)).count == 1_000)
        #expect(records.allSatisfy { $0.state == .decided || $0.state == .review })
        #expect(Set(records.compactMap(\.route)) == [.rules, .model, .review])
        #expect(try await world.store.verified().isWhole)
    }

    @Test func `a job run again decides nothing twice and tells the same`() async throws {
        let world = try World(answer: Self.answer)
        let first = try await run(world, lines: 200)
        let head = try await world.store.head()
        let again = try await run(world, lines: 200)
        #expect(try await world.store.head() == head)
        func ids(_ told: Told) -> [Int: Identifier] {
            Dictionary(
                uniqueKeysWithValues: told.results.compactMap { place, result in
                    guard case .settled(let view) = result else { return nil }
                    return (place, view.record.id)
                }
            )
        }
        #expect(ids(first) == ids(again))
    }

    @Test func `an outage that does not end goes where the policy says, and says why`() async throws
    {
        let world = try World { _ async throws(TransportError) in
            throw TransportError(.connect, "nothing listens at x")
        }
        let began = world.clock.now
        _ = try await run(world, lines: 100)
        let records = try await world.store.decisions(DecisionQuery(limit: 1_000))
        let unavailable = records.filter { $0.reason == "model-unavailable" }
        #expect(!unavailable.isEmpty)
        #expect(unavailable.allSatisfy { $0.state == .review })
        #expect(world.clock.now - began >= .seconds(900))
        #expect(try await world.store.asking(after: nil, limit: 10).isEmpty)
    }

    @Test func `what an engine left asking is resumed by the next, under a new epoch`() async throws
    {
        let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
        let world = try World(store: store) { _ async throws(TransportError) in
            FakeTransport.decision("reject", 0.99)
        }
        let engine = try await world.engine()
        let begun = try await engine.begin(
            [World.step(1, ["message": "hello", "amount": 40])],
            under: "refund"
        )
        guard case .asking(let left) = try #require(begun.first) else {
            Issue.record("\(begun)")
            return
        }
        _ = try await run(world, lines: 0)
        let record = try #require(try await store.decision(left.id))
        #expect(record.state == .decided)
        #expect(record.epoch == 2)
        // The engine that was thought dead comes late: its result does not count, its call does.
        let late = try await engine.ask(left)
        guard case .settled(let view) = late else {
            Issue.record("\(late)")
            return
        }
        #expect(view.record.state == record.state)
        #expect(view.record.epoch == record.epoch)
        #expect(view.record.confidence == record.confidence)
        let entries = try await store.entries(of: view.record)
        #expect(entries.count == 4)
        let last = try JSON.read(try #require(entries.last).bytes)
        #expect(last["kind"] == "model_called")
        #expect(last["facts"]?["late"] == true)
        #expect(try await store.tallies(since: Instant(microseconds: 0)).first?.calls == 2)
    }

    @Test func `a step settled between its look-up and its telling is told as settled`()
        async throws
    {
        // A store that lets what was resumed be settled before it answers what a batch asked.
        let memory = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
        let store = SlowClaims(store: memory)
        let world = try World(store: store) { _ async throws(TransportError) in
            FakeTransport.decision("reject", 0.99)
        }
        let begun = try await world.engine().begin(
            [World.step(0, ["message": "hello", "amount": 40])],
            under: "refund"
        )
        guard case .asking(let left) = try #require(begun.first) else {
            Issue.record("\(begun)")
            return
        }
        store.waitFor(left.id)
        var job = Job(
            engine: try await world.engine(),
            policy: "refund",
            concurrency: 1,
            clock: world.clock,
            source: Lines(1) { _ in ["message": "hello", "amount": 40] },
            observer: Told()
        )
        try await job.run()
        let (_, result) = try #require(job.observer.results.first)
        guard case .settled(let view) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(view.record.state == .decided)
        #expect(view.output == ["action": "reject"])
    }

    @Test func `a key used with another input is refused, and the first decision stands`()
        async throws
    {
        let world = try World(answer: Self.answer)
        let engine = try await world.engine()
        let first = World.step(1, ["message": "a", "amount": 5])
        let second = World.step(1, ["message": "b", "amount": 5])
        let begun = try await engine.begin([first, first, second], under: "refund")
        guard case .settled(let view) = begun[0], case .known(let same) = begun[1],
            case .keyTaken(let id) = begun[2]
        else {
            Issue.record("\(begun)")
            return
        }
        #expect(view.record.id == same.record.id)
        #expect(id == view.record.id)
    }

    @Test func `an input that does not fit is refused with every failing pointer`() async throws {
        let world = try World(answer: Self.answer)
        let begun = try await world.engine().begin(
            [World.step(1, ["message": 3, "amount": "x", "more": true])],
            under: "refund"
        )
        guard case .refused(let failures) = try #require(begun.first) else {
            Issue.record("\(begun)")
            return
        }
        #expect(failures.map(\.pointer.description).sorted() == ["/amount", "/message", "/more"])
        #expect(try await world.store.head() == .empty)
    }
}
