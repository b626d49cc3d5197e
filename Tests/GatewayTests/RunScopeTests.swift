import Access
import Engine
import Gateway
import TestSupport
import Testing
import Values

/// What a token for some flows may do beside them.
struct RunScopeTests {
    @Test func `who may see a flow may see what it asks people, and nobody else's questions`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time, flows: RunFlows.all)
            try await world.serving {
                let id = try await world.start("approve", ["amount": 700])
                try await time.sleep(for: .seconds(2))
                #expect(try await world.step("agree", of: id)["holder"]?["kind"] == "review")
                for (scope, count) in [("flow:approve", 1), ("flow:pay", 0), ("refund", 0)] {
                    let made = try await world.tokens.create(
                        name: scope,
                        role: .reviewer,
                        policies: [scope],
                        lasting: nil,
                        by: "test"
                    )
                    let answer = await world.handle(
                        GatewayRequest(
                            method: "GET",
                            path: "/v1/reviews",
                            headers: ["authorization": "Bearer \(made.secret)"]
                        )
                    )
                    let reviews = try JSON.read(answer.body)["reviews"]?.array
                    #expect(reviews?.count == count, "\(scope)")
                }
            }
        }
    }
}
