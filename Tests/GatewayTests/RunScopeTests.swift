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

    @Test func `what is stuck, who has it, since when: the longest first, for who may see it`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time, flows: RunFlows.all)
            try await world.serving {
                let first = try await world.start("approve", ["amount": 700])
                try await time.sleep(for: .seconds(2_400))
                let second = try await world.start("approve", ["amount": 800])
                try await time.sleep(for: .seconds(2))
                let all = try await world.send(
                    "GET",
                    "/v1/stuck",
                    as: .operator,
                    query: [("flow", "approve")]
                )
                let rows = try #require(all.body["stuck"]?.array)
                #expect(rows.map { $0["run"]?.string } == [first, second].map { "\($0)" })
                #expect(rows[0]["step"] == "agree")
                #expect(rows[0]["holder"]?["kind"] == "review")
                #expect(rows[0]["holder"]?["queue"]?.string != nil)
                let since = try #require(rows[0]["since"]?.string.flatMap { Instant(rfc3339: $0) })
                #expect(time.now - since >= .seconds(2_400))
                let over = try await world.send(
                    "GET",
                    "/v1/stuck",
                    as: .reviewer,
                    query: [("over", "30m")]
                )
                #expect(over.body["stuck"]?.array?.compactMap { $0["run"]?.string } == ["\(first)"])
                let review = try #require(rows[1]["holder"]?["review"]?.string)
                let claim = "/v1/reviews/\(review):claim"
                let claimed = try await world.send("POST", claim, as: .reviewer)
                #expect(claimed.status == 200)
                for path in ["/v1/stuck", "/v1/runs"] {
                    let list = path == "/v1/stuck" ? "stuck" : "runs"
                    for (owner, expected) in [("reviewer", ["\(second)"]), ("somebody", [])] {
                        let query = [("owner", owner)]
                        let mine = try await world.send("GET", path, as: .reviewer, query: query)
                        let runs = mine.body[list]?.array?.compactMap { $0["run"]?.string }
                        #expect(runs == expected, "\(path) \(owner): \(mine.body)")
                    }
                }
                let soon = [("over", "soon")]
                #expect(
                    try await world.send("GET", "/v1/stuck", as: .reviewer, query: soon).status
                        == 400
                )
                let one = try await world.send(
                    "GET",
                    "/v1/stuck",
                    as: .admin,
                    query: [("limit", "1")]
                )
                #expect(one.body["stuck"]?.array?.count == 1)
                let made = try await world.tokens.create(
                    name: "elsewhere",
                    role: .operator,
                    policies: ["flow:pay"],
                    lasting: nil,
                    by: "test"
                )
                let answer = await world.handle(
                    GatewayRequest(
                        method: "GET",
                        path: "/v1/stuck",
                        headers: ["authorization": "Bearer \(made.secret)"]
                    )
                )
                #expect(try JSON.read(answer.body)["stuck"]?.array?.isEmpty == true)
            }
        }
    }
}
