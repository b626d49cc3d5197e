import Access
import TestSupport
import Testing
import Values

/// Runs and steps that wait for their rate, over HTTP.
struct RunRateTests {
    private static let often = """
        input: {id: string}
        rate: "1/m:1"
        steps: [{id: do, work: {kind: odd}, rate: "1/h:1"}]
        """

    @Test func `what waits for its rate says so, and until when`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time, flows: ["often": Self.often])
            try await world.serving {
                let first = try await world.start("often", ["id": "1"])
                let second = try await world.start("often", ["id": "2"])
                let waiting = try await world.run(second)
                #expect(waiting["state"] == "queued")
                let minute = time.now + .seconds(60)
                #expect(waiting["begins_at"]?.string == minute.rfc3339)
                #expect(try await world.run(first)["begins_at"] == nil)
                #expect(try await world.claim("odd").count == 1)
                try await time.sleep(for: .seconds(61))
                #expect(try await world.run(second)["state"] == "running")
                #expect(try await world.claim("odd").isEmpty)
                let step = try await world.step("do", of: second)
                #expect(step["woken_by"]?["kind"] == "rate")
                #expect(step["woken_by"]?["key"] == "often/do")
                let flow = try await world.send("GET", "/v1/flows/often", as: .operator)
                #expect(flow.body["rate"] == "1/m")
                #expect(flow.body["steps"]?.array?.first?["rate"] == "1/h")
            }
        }
    }
}
