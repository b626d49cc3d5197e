import Access
import Decisions
import Engine
import Models
import Storage
import Synchronization
import TestSupport
import Testing
import Values
import Webhooks

/// The courier in virtual time: what it sends when, and what it remembers.
@Suite(.timeLimit(.minutes(1)))
struct CallbackCourierTests {
    @Test func `a result is sent once, as Standard Webhooks has it, and only to public places`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await CourierWorld(time) { _, _ in CourierWorld.answer(204) }
            try await world.asked(1)
            try await world.delivering { try await time.sleep(for: .seconds(600)) }
            #expect(world.receiver.calls.count == 1)
            let call = try #require(world.receiver.calls.first)
            #expect(call.url == "https://example.com/hook")
            #expect(call.reach == .direct(publicOnly: true))
            #expect(call.limit == 65_536)
            #expect(call.firstByte == .seconds(15))
            #expect(call.timeout == .seconds(20))
            #expect(call.timeout < Engine.Limits.callbackLease)
            let body = try JSON.read(call.body)
            #expect(body["type"] == "decision.decided")
            #expect(body["data"]?["decision"]?.string == StoreFixture.id(1).description)
            #expect(body["data"]?["output"] == ["action": "refund"])
            let view = DecisionView(
                record: try #require(try await world.store.decision(StoreFixture.id(1))),
                output: ["action": "refund"]
            )
            #expect(body["data"] == view.json)
            let secret = WebhookSecret(
                store: try await world.store.secret(),
                token: CourierWorld.token
            )
            let message = WebhookMessage(
                of: StoreFixture.id(1),
                .decided,
                at: StoreFixture.now,
                view.json
            )
            let headers = message.headers(at: call.at, secret: secret)
            #expect(call.headers == Dictionary(uniqueKeysWithValues: headers.map { ($0, $1) }))
            let kept = try #require(try await world.callback(1))
            #expect(kept.state == .delivered)
            #expect(kept.attempts == 1)
        }
    }

    @Test func `what another process makes final is found by the next look`() async throws {
        try await VirtualTime.run { time in
            let world = try await CourierWorld(time, allowsPrivate: true) { _, _ in
                CourierWorld.answer(200)
            }
            try await world.asked(1, .review)
            try await world.delivering {
                try await time.sleep(for: .seconds(30))
                #expect(world.receiver.calls.isEmpty)
                var record = try #require(try await world.store.decision(StoreFixture.id(1)))
                record.state = .withdrawn
                record.updatedAt = time.now
                let decided = time.now
                let change = Change(
                    entries: [StoreFixture.entry(record, .withdrawn)],
                    decision: .update(record)
                )
                _ = try await world.store.commit([change])
                try await time.sleep(for: .seconds(1))
                let call = try #require(world.receiver.calls.first)
                #expect(call.at - decided <= .milliseconds(500))
                #expect(call.reach == .direct(publicOnly: false))
                let body = try JSON.read(call.body)
                #expect(body["type"] == "decision.withdrawn")
                #expect(body["data"]?["output"] == .null)
            }
        }
    }

    @Test func `a commit of this process is sent without waiting for a look`() async throws {
        try await VirtualTime.run { time in
            let world = try await CourierWorld(time) { _, _ in CourierWorld.answer(200) }
            try await world.delivering {
                try await time.sleep(for: .milliseconds(1_250))
                try await world.asked(1)
                let decided = time.now
                world.courier.wake()
                try await time.sleep(for: .milliseconds(1))
                #expect(world.receiver.calls.first?.at == decided)
            }
        }
    }

    @Test func `what fails is tried again on the schedule under one id, and then given up`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await CourierWorld(time) { _, number throws(TransportError) in
                if number == 2 { throw TransportError(.connect, "nothing listens") }
                return CourierWorld.answer(number == 1 ? 302 : 500)
            }
            try await world.asked(1)
            try await world.delivering {
                try await time.sleep(for: .seconds(7))
                #expect(try await world.callback(1)?.lastError == "nothing listens")
                try await time.sleep(for: .seconds(343))
            }
            let calls = world.receiver.calls
            #expect(calls.count == 3)
            #expect(Set(calls.map { $0.headers["webhook-id"] }).count == 1)
            #expect(Set(calls.map { $0.headers["webhook-signature"] }).count == 3)
            #expect(Set(calls.map(\.body)).count == 1)
            let waits = zip(calls.dropFirst(), calls).map { $0.at - $1.at }
            #expect(waits[0] >= .seconds(5) && waits[0] <= .seconds(6))
            #expect(waits[1] >= .seconds(300) && waits[1] <= .seconds(331))
            var last = try #require(try await world.store.callback(StoreFixture.id(1)))
            #expect(last.progress.lastError == "answered 500")
            while last.progress.attempts < Callback.schedule.count - 1 {
                last.record(.failed("x"), at: time.now - .seconds(90_000), chance: 0)
            }
            #expect(try await world.store.keep([last]) == [true])
            let next = try await CourierWorld(time, store: world.store) { _, _ in
                CourierWorld.answer(500)
            }
            try await next.delivering { try await time.sleep(for: .seconds(600)) }
            #expect(next.receiver.calls.count == 1)
            let kept = try #require(try await world.callback(1))
            #expect(kept.state == .exhausted)
            #expect(kept.attempts == 10)
            #expect(kept.nextAt == nil)
        }
    }

    @Test func `a person sends what was given up again`() async throws {
        try await VirtualTime.run { time in
            let world = try await CourierWorld(time) { _, number in
                CourierWorld.answer(number == 1 ? 410 : 200)
            }
            let desk = CallbackDesk(
                store: world.store,
                surroundings: Surroundings(clock: time, chance: world.chance)
            )
            try await world.asked(1)
            try await world.asked(2, .review)
            try await world.delivering {
                try await time.sleep(for: .seconds(600))
                #expect(world.receiver.calls.count == 1)
                #expect(try await world.callback(1)?.state == .stopped)
                let sent = try await desk.send(StoreFixture.id(1))
                #expect(sent.progress.state == .sending)
                try await time.sleep(for: .seconds(1))
                #expect(try await world.callback(1)?.state == .delivered)
            }
            let pending = await #expect(throws: EngineError.self) {
                try await desk.send(StoreFixture.id(2))
            }
            #expect(pending?.code == .refused)
            let missing = await #expect(throws: EngineError.self) {
                try await desk.send(StoreFixture.id(3))
            }
            #expect(missing?.code == .unknown)
            #expect(try await desk.list(CallbackQuery()).count == 2)
        }
    }

    @Test(arguments: ["120", "Fri, 15 Jan 2027 08:02:00 GMT"])
    func `a receiver's wait is honoured, as seconds and as a date`(_ wait: String) async throws {
        try await VirtualTime.run { time in
            let world = try await CourierWorld(time) { _, number in
                CourierWorld.answer(number == 1 ? 503 : 200, retryAfter: wait)
            }
            try await world.asked(1)
            try await world.delivering { try await time.sleep(for: .seconds(300)) }
            let calls = world.receiver.calls
            #expect(calls.count == 2)
            let waited = try #require(calls.last).at - calls[0].at
            #expect(waited >= .seconds(119) && waited <= .seconds(121))
        }
    }
}

extension CallbackCourierTests {
    /// A store that cannot be written for a while: as if the process died before it recorded.
    private final class DyingStore: WrappingStore {
        let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
        private let isDead = Mutex(false)

        func die(_ isDead: Bool) { self.isDead.withLock { $0 = isDead } }

        func keep(_ callbacks: [Callback]) async throws(StoreError) -> [Bool] {
            if isDead.withLock({ $0 }) { throw StoreError(.unavailable, "the process is gone") }
            return try await store.keep(callbacks)
        }
    }

    @Test func `a crash between sending and recording sends it again under the same id`()
        async throws
    {
        try await VirtualTime.run { time in
            let store = DyingStore()
            let world = try await CourierWorld(time, store: store) { _, number in
                if number == 1 { store.die(true) }
                return CourierWorld.answer(200)
            }
            try await world.asked(1)
            try await world.delivering { try await time.sleep(for: .seconds(1)) }
            #expect(world.receiver.calls.count == 1)
            #expect(try await world.callback(1)?.state == .sending)
            store.die(false)
            let next = try await CourierWorld(time, store: store) { _, _ in
                CourierWorld.answer(200)
            }
            let claimed = StoreFixture.now
            try await next.delivering { try await time.sleep(for: .seconds(120)) }
            let again = next.receiver.calls
            #expect(again.count == 1)
            let first = try #require(world.receiver.calls.first)
            #expect(again.first?.headers["webhook-id"] == first.headers["webhook-id"])
            #expect(again.first?.body == first.body)
            let waited = try #require(again.first).at - claimed
            #expect(waited >= Engine.Limits.callbackLease && waited <= .seconds(61))
            #expect(try await world.callback(1)?.state == .delivered)
            #expect(try await world.callback(1)?.attempts == 1)
        }
    }

    @Test func `what is under way when the courier stops is given back, not counted`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await CourierWorld(time) { _, _ throws(TransportError) in
                do {
                    try await time.sleep(for: .seconds(15))
                } catch {
                    throw TransportError(.cancelled, "given up")
                }
                return CourierWorld.answer(200)
            }
            try await world.asked(1)
            try await world.delivering { try await time.sleep(for: .seconds(2)) }
            #expect(world.receiver.calls.count == 1)
            let kept = try #require(try await world.callback(1))
            #expect(kept.state == .sending)
            #expect(kept.attempts == 0)
            #expect(kept.nextAt == time.now)
        }
    }

    @Test func `a host that is slow holds up no other, and has so many at once`() async throws {
        try await VirtualTime.run { time in
            let world = try await CourierWorld(time) { host, _ throws(TransportError) in
                if host == "slow.example" {
                    do {
                        try await time.sleep(for: .seconds(10))
                    } catch {
                        throw TransportError(.cancelled, "given up")
                    }
                }
                return CourierWorld.answer(200)
            }
            for number in 1...50 { try await world.asked(UInt64(number), host: "slow.example") }
            try await world.asked(60, host: "fast.example")
            try await world.delivering {
                try await time.sleep(for: .seconds(1))
                #expect(try await world.callback(60)?.state == .delivered)
                try await time.sleep(for: .seconds(200))
            }
            #expect(world.receiver.most["slow.example"] == Engine.Limits.callbacksToOneHost)
            #expect(world.receiver.calls.count == 51)
            #expect(try await world.callback(50)?.state == .delivered)
        }
    }

    @Test func `at most so many are under way at once`() async throws {
        try await VirtualTime.run { time in
            let world = try await CourierWorld(time) { _, _ throws(TransportError) in
                do {
                    try await time.sleep(for: .seconds(1))
                } catch {
                    throw TransportError(.cancelled, "given up")
                }
                return CourierWorld.answer(200)
            }
            let count = Engine.Limits.callbacksAtOnce * 2 + 1
            for number in 1...count {
                try await world.asked(UInt64(number), host: "h\(number).example")
            }
            try await world.delivering { try await time.sleep(for: .seconds(5)) }
            #expect(world.receiver.mostAtAll == Engine.Limits.callbacksAtOnce)
            #expect(world.receiver.calls.count == count)
        }
    }

    @Test func `what a revoked token asked for is not sent`() async throws {
        try await VirtualTime.run { time in
            let world = try await CourierWorld(time) { _, _ in CourierWorld.answer(200) }
            let token = AccessToken(
                id: CourierWorld.token,
                name: "bot",
                role: .agent,
                policies: nil,
                digest: .zero,
                createdAt: time.now,
                expiresAt: nil,
                revokedAt: time.now
            )
            let entry = Entry(.administered, decision: nil, at: time.now, facts: JSONObject())
            _ = try await world.store.commit([Change(entries: [entry], token: token)])
            try await world.asked(1)
            try await world.delivering { try await time.sleep(for: .seconds(5)) }
            #expect(world.receiver.calls.isEmpty)
            #expect(try await world.callback(1)?.state == .stopped)
            #expect(try await world.callback(1)?.lastError == "the token that asked was revoked")
        }
    }
}
