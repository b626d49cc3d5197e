import Access
import Decisions
import Engine
import Gateway
import Storage
import TestSupport
import Testing
import Values

/// Who may do what.
struct AccessTests {
    @Test func `without a good token nothing but health is told`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            for path in ["/v1/decisions", "/v1/reviews", "/v1/policies"] {
                let answer = try await world.send("GET", path, as: nil)
                #expect(answer.status == 401)
                #expect(answer.headers["www-authenticate"] == "Bearer")
            }
            #expect(try await world.send("GET", "/healthz", as: nil).status == 200)
            #expect(try await world.send("GET", "/readyz", as: nil).status == 200)
            let wrong = await world.handle(
                GatewayRequest(
                    method: "GET",
                    path: "/v1/policies",
                    headers: ["authorization": "Bearer sgt_0000"]
                )
            )
            #expect(wrong.status == 401)
            try await time.sleep(for: .seconds(3_600))
            #expect(try await world.send("GET", "/v1/policies", as: .admin).status == 401)
        }
    }

    @Test func `a revoked token is worth nothing within a second`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let token = try #require(try await world.tokens.all().first { $0.role == .agent })
            #expect(try await world.send("GET", "/v1/policies", as: .agent).status == 200)
            _ = try await world.tokens.revoke(token.id, by: "ann")
            // What the store said a moment ago still counts, so the store is not asked each time.
            #expect(try await world.send("GET", "/v1/policies", as: .agent).status == 200)
            try await time.sleep(for: .seconds(1))
            #expect(try await world.send("GET", "/v1/policies", as: .agent).status == 401)
            let log = try await world.store.wholeLog()
            let acts = try log.compactMap { try JSON.read($0.bytes)["facts"]?["act"]?.string }
            #expect(acts.filter { $0 == "token_created" }.count == Role.allCases.count)
            #expect(acts.last == "token_revoked")
        }
    }

    @Test func `an agent can never decide a review, and nobody their own request`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                _ = try await world.refund(50, as: .admin)
                let list = try await world.send("GET", "/v1/reviews", as: .reviewer)
                let review = list.body["reviews"]?.array?.first?["review"]?.string ?? ""
                for act in [
                    "claim", "renew", "approve", "edit", "decide", "reject", "release", "reassign",
                ] {
                    for role in [Role.agent, .operator] {
                        let tried = try await world.send(
                            "POST",
                            "/v1/reviews/\(review):\(act)",
                            as: role,
                            ["output": ["action": "refund"], "reason": "no"]
                        )
                        #expect(tried.status == 403)
                    }
                }
                let own = try await world.send(
                    "POST",
                    "/v1/reviews/\(review):decide",
                    as: .admin,
                    ["output": ["action": "refund"]]
                )
                #expect(own.status == 409)
                let other = try await world.send(
                    "POST",
                    "/v1/reviews/\(review):decide",
                    as: .reviewer,
                    ["output": ["action": "refund"]]
                )
                #expect(other.status == 200)
                #expect(other.body["decision"]?["state"] == "decided")
            }
        }
    }

    @Test func `a token asks about its own policies only`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let made = try await world.tokens.create(
                name: "bot",
                role: .agent,
                policies: ["triage"],
                lasting: nil,
                by: "test"
            )
            func send(
                _ method: String,
                _ path: String,
                _ body: String = ""
            ) async -> GatewayResponse {
                await world.handle(
                    GatewayRequest(
                        method: method,
                        path: path,
                        headers: [
                            "authorization": "Bearer \(made.secret)",
                            "content-type": "application/json",
                        ],
                        body: Array(body.utf8)
                    )
                )
            }
            let denied = await send(
                "POST",
                "/v1/decisions",
                #"{"policy":"refund","input":{"amount":1}}"#
            )
            #expect(denied.status == 403)
            let listed = try JSON.read(await send("GET", "/v1/policies").body)
            #expect(listed["policies"]?.array?.compactMap { $0["policy"]?.string } == ["triage"])
        }
    }

    @Test func `who audits sees the answer nowhere before they have given theirs`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let made = try await world.send(
                    "POST",
                    "/v1/decisions",
                    as: .agent,
                    ["policy": "audited", "input": ["amount": 1]]
                )
                #expect(made.status == 200)
                let place = "/v1/decisions/\(made.body["decision"]?.string ?? "")"
                let hidden = try await world.send("GET", place, as: .reviewer)
                #expect(hidden.status == 403)
                #expect(hidden.body["type"] == "urn:stepgate:problem:blind")
                let list = try await world.send("GET", "/v1/reviews", as: .reviewer)
                let review = list.body["reviews"]?.array?.first?["review"]?.string ?? ""
                let shown = try await world.send("GET", "/v1/reviews/\(review)", as: .reviewer)
                #expect(shown.body["draft"] == .null)
                #expect(shown.body["input"] == ["amount": 1])
                let decided = try await world.send(
                    "POST",
                    "/v1/reviews/\(review):decide",
                    as: .reviewer,
                    ["output": ["action": "reject"]]
                )
                #expect(decided.status == 200)
                #expect(try await world.send("GET", place, as: .reviewer).status == 200)
            }
        }
    }

    @Test func `what is not of a token's policies is not there, whatever its role`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let asked = try await world.refund(50)
                let decision = asked.body["decision"]?.string ?? ""
                let list = try await world.send("GET", "/v1/reviews", as: .reviewer)
                let review = list.body["reviews"]?.array?.first?["review"]?.string ?? ""
                for role in [Role.reviewer, .operator, .admin] {
                    let secret = try await world.tokens.create(
                        name: "scoped",
                        role: role,
                        policies: ["triage"],
                        lasting: nil,
                        by: "test"
                    ).secret
                    func send(_ method: String, _ path: String) async throws -> (Int, JSON) {
                        let response = await world.handle(
                            GatewayRequest(
                                method: method,
                                path: path,
                                headers: ["authorization": "Bearer \(secret)"]
                            )
                        )
                        return (response.status, try JSON.read(response.body))
                    }
                    #expect(try await send("GET", "/v1/decisions/\(decision)").0 == 404)
                    #expect(try await send("GET", "/v1/decisions").1["decisions"] == [])
                    #expect(try await send("GET", "/v1/reviews").1["reviews"] == [])
                    #expect(try await send("GET", "/v1/reviews/\(review)").0 == 404)
                    if role != .operator {
                        #expect(try await send("POST", "/v1/reviews/\(review):claim").0 == 404)
                    }
                    if role != .reviewer {
                        #expect(
                            try await send("POST", "/v1/decisions/\(decision):withdraw").0 == 404
                        )
                    }
                }
            }
        }
    }
}
