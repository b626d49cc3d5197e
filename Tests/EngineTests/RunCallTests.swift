import Models
import Runs
import Storage
import Synchronization
import TestSupport
import Testing
import Values

@testable import Engine

/// Calls that http steps make, beside everything else.
@Suite struct RunCallTests {
    @Test func `calls that take long keep no other step waiting`() async throws {
        let slow = """
            flow: slow
            input: {amount: number}
            steps: [{id: call, http: {method: GET, url: "https://slow.example/x"}}]
            """
        let quick = """
            flow: quick
            input: {amount: number}
            steps: [{id: ask, decide: refund, with: input}]
            """
        let clock = Clock()
        let transport = FakeTransport { _ throws(TransportError) in
            await clock.wait()
            return HTTPReply(status: 200, body: [])
        }
        try await RunWorld.run(["slow": slow, "quick": quick], transport: transport) { world in
            clock.attach(world.time)
            for _ in 0..<Limits.stepsAtOnce + 50 {
                _ = try await world.start("slow", ["amount": 1])
            }
            try await world.time.sleep(for: .seconds(5))
            let begun = world.time.now
            let id = try await world.start("quick", ["amount": 1])
            #expect(try await world.run(id).state == .completed)
            #expect(world.time.now < begun + .seconds(2))
        }
    }

    /// Lets a service take forty seconds of the world's time.
    private final class Clock: Sendable {
        private let time = Mutex<VirtualTime?>(nil)

        func attach(_ time: VirtualTime) { self.time.withLock { $0 = time } }

        func wait() async {
            do {
                try await time.withLock { $0 }?.sleep(for: .seconds(40))
            } catch {
                return
            }
        }
    }
}
