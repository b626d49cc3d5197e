import Decisions
import Engine
import Models
import Storage
import Synchronization
import TestSupport
import Values
import Webhooks

/// A courier over a store in memory, and a receiver made of a function.
struct CourierWorld: Sendable {
    /// One call as the receiver saw it.
    struct Call: Sendable {
        let at: Instant
        let url: String
        let headers: [String: String]
        let body: [UInt8]
        let reach: Reach
        let limit: Int
        let firstByte: Duration?
        let timeout: Duration
    }

    final class Receiver: HTTPTransport {
        private struct State {
            var calls: [Call] = []
            var underWay: [String: Int] = [:]
            var most: [String: Int] = [:]
            var mostAtAll = 0
        }

        private let time: VirtualTime
        private let state = Mutex(State())
        private let answer: @Sendable (String, Int) async throws(TransportError) -> HTTPReply

        init(
            _ time: VirtualTime,
            _ answer: @escaping @Sendable (String, Int) async throws(TransportError) -> HTTPReply
        ) {
            self.time = time
            self.answer = answer
        }

        var calls: [Call] { state.withLock { $0.calls } }
        /// The most that were under way at once, by host and in all.
        var most: [String: Int] { state.withLock { $0.most } }
        var mostAtAll: Int { state.withLock { $0.mostAtAll } }

        func send(_ call: HTTPCall) async throws(TransportError) -> HTTPReply {
            let headers = call.headers.map { header in
                if case .plain(let value) = header.value { return (header.name, value) }
                return (header.name, "secret")
            }
            let host = String(call.url.split(separator: "/")[1])
            let seen = Call(
                at: time.now,
                url: call.url,
                headers: Dictionary(uniqueKeysWithValues: headers),
                body: call.body,
                reach: call.reach,
                limit: call.responseLimit,
                firstByte: call.firstByteTimeout,
                timeout: call.timeout
            )
            let number = state.withLock { state in
                state.calls.append(seen)
                state.underWay[host, default: 0] += 1
                state.most[host] = max(state.most[host] ?? 0, state.underWay[host] ?? 0)
                state.mostAtAll = max(state.mostAtAll, state.underWay.values.reduce(0, +))
                return state.calls.count
            }
            defer { state.withLock { $0.underWay[host, default: 1] -= 1 } }
            return try await answer(host, number)
        }
    }

    let time: VirtualTime
    let store: any Store
    let receiver: Receiver
    let courier: CallbackCourier
    let chance: SeededChance
    static let token = StoreFixture.id(900)

    init(
        _ time: VirtualTime,
        store: any Store = MemoryStore(secret: [UInt8](repeating: 3, count: 32)),
        allowsPrivate: Bool = false,
        answer: @escaping @Sendable (String, Int) async throws(TransportError) -> HTTPReply
    ) async throws {
        self.time = time
        self.store = store
        chance = SeededChance(seed: 1)
        receiver = Receiver(time, answer)
        courier = try await CallbackCourier(
            store: store,
            transport: receiver,
            surroundings: Surroundings(clock: time, chance: chance),
            allowsPrivate: allowsPrivate
        )
    }

    /// Commits a decision whose result is to be sent.
    func asked(
        _ number: UInt64,
        _ state: DecisionState = .decided,
        host: String = "example.com",
        output: JSON = ["action": "refund"]
    ) async throws {
        var record = StoreFixture.record(number, state: state)
        record.updatedAt = time.now
        let part = StoreFixture.part("/output", output)
        let change = Change(
            entries: [StoreFixture.entry(record, payload: [part])],
            decision: .insert(record, key: nil),
            callback: Callback(
                decision: record.id,
                url: try CallbackURL("https://\(host)/hook"),
                token: Self.token
            )
        )
        _ = try await store.commit([change])
    }

    func callback(_ number: UInt64) async throws -> Callback.Progress? {
        try await store.callback(StoreFixture.id(number))?.progress
    }

    /// Delivers while the work goes on.
    func delivering(_ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await courier.run() }
            try await work()
            courier.stop()
            try await group.waitForAll()
        }
    }

    static func answer(_ status: Int, retryAfter: String? = nil) -> HTTPReply {
        HTTPReply(
            status: status,
            headers: retryAfter.map { [("retry-after", $0)] } ?? [],
            body: []
        )
    }
}
