import Models
import Runs
import Storage
import Synchronization
import TestSupport
import Testing
import Values

@testable import Engine

/// An engine that stops leaves every run as the next one can take it up.
struct RunStopTests {
    @Test func `a call that stopping cuts short is no failure: the next engine makes it again`()
        async throws
    {
        let flow = """
            flow: call
            steps: [{id: call, http: {method: GET, url: "https://slow.example/"}}]
            """
        let calls = Calls()
        try await VirtualTime.run { time in
            let store = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
            let transport = FakeTransport { _ throws(TransportError) in
                calls.note()
                if calls.count > 1 { return HTTPReply(status: 200, body: []) }
                do {
                    try await time.sleep(for: .seconds(30))
                } catch {
                    throw TransportError(.cancelled, "the engine stops")
                }
                return HTTPReply(status: 200, body: [])
            }
            let flows = ["call": flow]
            let first = try await RunWorld(time, flows: flows, store: store, transport: transport)
            let id = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await first.driver.run() }
                let id = try await first.start("call")
                _ = try await first.run(id) { $0.active[0]?.attempt == 1 }
                first.driver.stop()
                try await group.waitForAll()
                return id
            }
            let stopped = try #require(try await store.run(id))
            #expect(stopped.active[0]?.failure == nil)
            guard case .leased = stopped.active[0]?.state else {
                Issue.record("the step is \(String(describing: stopped.active[0]))")
                return
            }
            let second = try await RunWorld(time, flows: flows, store: store, transport: transport)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await second.driver.run() }
                let run = try await second.run(id)
                #expect(run.state == .completed)
                second.driver.stop()
                try await group.waitForAll()
            }
            #expect(calls.count == 2)
        }
    }

    private final class Calls: Sendable {
        private let number = Mutex(0)
        var count: Int { number.withLock { $0 } }
        func note() { number.withLock { $0 += 1 } }
    }
}
