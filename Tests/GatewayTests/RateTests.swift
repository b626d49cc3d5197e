import Access
import Engine
@testable import Gateway
import Storage
import Telemetry
import TestSupport
import Testing
import Values

/// How often a token may ask, and how often somebody may guess one.
struct RateTests {
    private func send(_ world: GatewayWorld, _ secret: String) async -> GatewayResponse {
        await world.gateway.handle(
            GatewayRequest(
                method: "GET",
                path: "/v1/policies",
                headers: ["authorization": "Bearer \(secret)"]
            )
        )
    }

    private func header(_ response: GatewayResponse, _ name: String) -> String? {
        response.headers.first { $0.name == name }?.value
    }

    @Test func `a token beyond its rate is told when to come again, and others are not held up`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let slow = try await world.tokens.create(
                name: "slow",
                role: .agent,
                policies: nil,
                lasting: nil,
                rate: Rate("10/m:2"),
                by: "test"
            )
            let first = await send(world, slow.secret)
            #expect(first.status == 200)
            #expect(header(first, "ratelimit-policy") == #""token";q=2;w=12"#)
            #expect(header(first, "ratelimit") == #""token";r=1;t=6"#)
            #expect(await send(world, slow.secret).status == 200)
            let refused = await send(world, slow.secret)
            #expect(refused.status == 429)
            #expect(try JSON.read(refused.body)["type"] == "urn:stepgate:problem:rate-limited")
            #expect(header(refused, "retry-after") == "6")
            #expect(header(refused, "ratelimit") == #""token";r=0;t=6"#)
            #expect(refused.headers.count { $0.name == "ratelimit-policy" } == 1)
            #expect(try await world.send("GET", "/v1/policies", as: .agent).status == 200)
            try await time.sleep(for: .seconds(6))
            #expect(await send(world, slow.secret).status == 200)
            #expect(await send(world, slow.secret).status == 429)
            let limited = world.metrics.value(.rateLimited, .init("token"))
            #expect(limited == 2)
        }
    }

    @Test func `the server's rate is for tokens without one, and without any nobody is held up`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time, rate: Rate("3/s"))
            var statuses: [Int] = []
            for _ in 0..<4 {
                statuses.append(try await world.send("GET", "/v1/policies", as: .agent).status)
            }
            #expect(statuses == [200, 200, 200, 429])
            #expect(try await world.send("GET", "/healthz", as: nil).status == 200)
            let free = try await GatewayWorld(time)
            for _ in 0..<300 {
                let answer = try await free.send("GET", "/v1/policies", as: .agent)
                #expect(answer.status == 200)
                #expect(answer.headers["ratelimit"] == nil)
            }
        }
    }

    @Test func `who guesses is soon not listened to, and a token known to be good is`() async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            #expect(try await world.send("GET", "/v1/policies", as: .agent).status == 200)
            var statuses: [Int: Int] = [:]
            for number in 0..<500 {
                statuses[await send(world, "sgt_\(number)").status, default: 0] += 1
            }
            #expect(statuses == [401: 100, 429: 400])
            let refused = await send(world, "sgt_x")
            #expect(try JSON.read(refused.body)["type"] == "urn:stepgate:problem:too-many-failures")
            #expect(header(refused, "retry-after") == "1")
            #expect(world.metrics.value(.rateLimited, .init("authentication")) == 401)
            // The same bad token again is no new guess: what the store said of it is remembered.
            #expect(await send(world, "sgt_1").status == 401)
            #expect(try await world.send("GET", "/v1/policies", as: .agent).status == 200)
            try await time.sleep(for: .milliseconds(1_500))
            for number in 500..<600 { _ = await send(world, "sgt_\(number)") }
            #expect(await send(world, "sgt_y").status == 429)
            // It was seen good before, so it is looked up whatever others guess.
            #expect(try await world.send("GET", "/v1/policies", as: .agent).status == 200)
            #expect(try await world.send("GET", "/v1/policies", as: .reviewer).status == 429)
            try await time.sleep(for: .seconds(1))
            #expect(try await world.send("GET", "/v1/policies", as: .reviewer).status == 200)
        }
    }

    private struct SlowTokens: WrappingStore {
        let store: MemoryStore
        let time: VirtualTime

        func token(_ digest: Digest) async throws(StoreError) -> AccessToken? {
            do {
                try await time.sleep(for: .milliseconds(5))
            } catch {
                throw StoreError(.unavailable, "cancelled")
            }
            return try await store.token(digest)
        }
    }

    @Test func `all who come with a good token after a start are let in, however many at once`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let gatekeeper = Gatekeeper(
                store: SlowTokens(store: world.store, time: time),
                standard: nil,
                now: { time.now }
            )
            func letIn(_ secrets: [String]) async -> [Int: Int] {
                await withTaskGroup(of: Int.self) { group in
                    for secret in secrets {
                        group.addTask {
                            do throws(Problem) {
                                return try await gatekeeper.token(secret) == nil ? 401 : 200
                            } catch {
                                return error.status
                            }
                        }
                    }
                    return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
                }
            }
            let good = try #require(world.secrets[.agent])
            #expect(await letIn(Array(repeating: good, count: 300)) == [200: 300])
            #expect(await letIn(Array(repeating: "sgt_x", count: 300)) == [401: 300])
            #expect(await letIn((0..<300).map { "sgt_\($0)" }) == [401: 99, 429: 201])
        }
    }

    @Test func `a request for many things costs as many, and more than a burst never goes through`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time, rate: Rate("10/s"))
            let token = try #require(try await world.tokens.all().first)
            let gatekeeper = world.gateway.gatekeeper
            let left = try gatekeeper.take(8, of: token)
            #expect(left.last?.value == #""token";r=2;t=1"#)
            func refused(_ count: Int) -> Problem? {
                do throws(Problem) {
                    _ = try gatekeeper.take(count, of: token)
                    return nil
                } catch {
                    return error
                }
            }
            #expect(refused(3)?.status == 429)
            #expect(refused(11)?.status == 413)
            #expect(refused(11)?.headers.contains { $0.name == "retry-after" } == false)
            #expect(refused(2) == nil)
        }
    }

    @Test func `while the store does not answer, nobody is taken for one who guesses`() async throws
    {
        final class Silent: WrappingStore {
            let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))

            func token(_ digest: Digest) async throws(StoreError) -> AccessToken? {
                throw StoreError(.unavailable, "the disk is gone")
            }
        }
        let gatekeeper = Gatekeeper(store: Silent(), standard: nil) { Instant(microseconds: 0) }
        for _ in 0..<300 {
            await #expect(throws: Problem.self) {
                do throws(Problem) {
                    _ = try await gatekeeper.token("sgt_1")
                } catch {
                    #expect(error.status == 503)
                    throw error
                }
            }
        }
    }

    @Test func `a good token's first use is no failure`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            for _ in 0..<300 {
                let made = try await world.tokens.create(
                    name: "t",
                    role: .agent,
                    policies: nil,
                    lasting: nil,
                    by: "test"
                )
                #expect(await send(world, made.secret).status == 200)
            }
        }
    }
}
