import Access
import Decisions
import Engine
import Gateway
import Storage
import TestSupport
import Testing
import Values

struct GatewayTests {
    @Test func `a rule's decision is answered at once, and explained to who asked`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let answer = try await world.refund(12)
                #expect(answer.status == 200)
                #expect(answer.body["output"] == ["action": "refund"])
                #expect(answer.body["route"] == "rules")
                let id = try #require(answer.body["decision"]?.string)
                let shown = try await world.send("GET", "/v1/decisions/\(id)", as: .agent)
                #expect(shown.status == 200)
                #expect(shown.body["input"] == ["amount": 12.0])
                #expect(shown.body["entries"]?.array?.first?["kind"] == "decided")
                let other = try await world.tokens.create(
                    name: "other",
                    role: .agent,
                    policies: nil,
                    lasting: nil,
                    by: "test"
                )
                let hidden = await world.handle(
                    GatewayRequest(
                        method: "GET",
                        path: "/v1/decisions/\(id)",
                        headers: ["authorization": "Bearer \(other.secret)"]
                    )
                )
                #expect(hidden.status == 404)
            }
        }
    }

    @Test func `a model's decision is waited for, and one of a person is pending`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let body: JSON = ["policy": "triage", "input": ["message": "hello"]]
                let answer = try await world.send("POST", "/v1/decisions", as: .agent, body)
                #expect(answer.status == 200)
                #expect(answer.body["route"] == "model")
                let pending = try await world.refund(50)
                #expect(pending.status == 202)
                #expect(pending.body["state"] == "review")
                #expect(pending.body["output"] == .null)
                let id = pending.body["decision"]?.string ?? ""
                #expect(pending.headers["location"] == "/v1/decisions/\(id)")
                #expect(pending.headers["retry-after"] != nil)
            }
        }
    }

    @Test func `a caller that waits is told when a person has decided, and not before`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let began = time.now
                let (answer, waited) = try await withThrowingTaskGroup { group in
                    group.addTask {
                        let answer = try await world.refund(50, as: .agent, ["prefer": "wait=30"])
                        return (answer.status, answer.body, time.now - began)
                    }
                    try await time.sleep(for: .seconds(5))
                    let list = try await world.send("GET", "/v1/reviews", as: .reviewer)
                    let review = list.body["reviews"]?.array?.first?["review"]?.string ?? ""
                    let decided = try await world.send(
                        "POST",
                        "/v1/reviews/\(review):decide",
                        as: .reviewer,
                        ["output": ["action": "reject"]]
                    )
                    #expect(decided.status == 200)
                    let first = try await group.next()
                    return try (#require(first), #require(first).2)
                }
                #expect(answer.0 == 200)
                #expect(answer.1["output"] == ["action": "reject"])
                #expect(waited >= .seconds(5) && waited < .seconds(6))
                let late = try await world.refund(60, as: .agent, ["prefer": "wait=2"])
                #expect(late.status == 202)
                #expect(late.headers["preference-applied"] == "wait=2")
            }
        }
    }

    @Test func `a model that is down holds nobody longer than they wait, and nothing is lost`()
        async throws
    {
        try await VirtualTime.run { time in
            let began = time.now
            let world = try await GatewayWorld(time) {
                (.milliseconds(5), time.now - began < .seconds(300) ? nil : 0.95)
            }
            try await world.serving {
                let body: JSON = ["policy": "triage", "input": ["message": "hello"]]
                let answer = try await world.send("POST", "/v1/decisions", as: .agent, body)
                #expect(answer.status == 202)
                #expect(answer.body["state"] == "asking")
                let id = try #require(answer.body["decision"]?.string.flatMap(Identifier.init))
                let view = try await world.service.view(of: id, .settled, within: .seconds(900))
                #expect(view.record.state == .decided)
                #expect(time.now - began < .seconds(600))
            }
        }
    }

    @Test func `the same key is the same decision, and another input is refused`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let key = ["idempotency-key": "\"k-1\""]
                let first = try await world.refund(50, as: .agent, key)
                let again = try await world.refund(50, as: .agent, ["idempotency-key": "k-1"])
                #expect(first.body["decision"] == again.body["decision"])
                #expect(again.status == 202)
                let other = try await world.refund(51, as: .agent, key)
                #expect(other.status == 422)
                #expect(other.body["type"] == "urn:stepgate:problem:idempotency-key-reused")
                // Another token's keys are its own.
                let stranger = try await world.refund(51, as: .operator, key)
                #expect(stranger.status == 202)
                #expect(try await world.store.decisions(DecisionQuery()).count == 2)
            }
        }
    }

    @Test(arguments: [
        ("{", 400, "invalid-json"), (#"{"policy":"refund","policy":1}"#, 400, "invalid-json"),
        ("[]", 400, "invalid-body"), (#"{"policy":"refund"}"#, 422, "invalid-body"),
        (#"{"policy":"refund","input":{},"x":1}"#, 422, "invalid-body"),
        (#"{"policy":"refnd","input":{}}"#, 404, "unknown-policy"),
        (#"{"policy":"refund","input":{"amount":"x"}}"#, 422, "invalid-input"),
    ])
    func `what cannot be decided is a problem that says why`(
        _ text: String,
        _ status: Int,
        _ code: String
    ) async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let response = await world.handle(
                GatewayRequest(
                    method: "POST",
                    path: "/v1/decisions",
                    headers: [
                        "authorization": "Bearer \(world.secrets[.agent] ?? "")",
                        "content-type": "application/json",
                    ],
                    body: Array(text.utf8)
                )
            )
            #expect(response.status == status)
            #expect(response.headers.contains { $0.value == "application/problem+json" })
            let problem = try JSON.read(response.body)
            #expect(problem["type"] == .string("urn:stepgate:problem:\(code)"))
            #expect(problem["status"] == .int(Int64(status)))
            if code == "invalid-input" {
                #expect(problem["errors"]?.array?.first?["pointer"] == "/amount")
            }
        }
    }

    @Test func `a server that stops tells whoever waits how things stand`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let began = time.now
            let answer = try await world.serving {
                try await withThrowingTaskGroup { group in
                    group.addTask {
                        try await world.refund(50, as: .agent, ["prefer": "wait=60"]).status
                    }
                    try await time.sleep(for: .seconds(3))
                    world.service.stop()
                    return try await group.next()
                }
            }
            #expect(answer == 202)
            #expect(time.now - began < .seconds(4))
            let refused = try await world.refund(5)
            #expect(refused.status == 503)
            #expect(refused.headers["retry-after"] == "1")
        }
    }

    @Test func `a claim is renewed by who holds it, and by nobody else`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                _ = try await world.refund(50)
                let list = try await world.send("GET", "/v1/reviews", as: .reviewer)
                let id = list.body["reviews"]?.array?.first?["review"]?.string ?? ""
                let early = try await world.send("POST", "/v1/reviews/\(id):renew", as: .reviewer)
                #expect(early.status == 409)
                let claimed = try await world.send("POST", "/v1/reviews/\(id):claim", as: .reviewer)
                #expect(claimed.status == 200)
                try await time.sleep(for: .seconds(300))
                let renewed = try await world.send("POST", "/v1/reviews/\(id):renew", as: .reviewer)
                func lease(_ answer: JSON) -> String? {
                    answer["review"]?["seats"]?.array?.first?["lease_until"]?.string
                }
                let (before, after) = (lease(claimed.body) ?? "", lease(renewed.body) ?? "")
                #expect(before < after)
                let other = try await world.send("POST", "/v1/reviews/\(id):renew", as: .admin)
                #expect(other.status == 409)
            }
        }
    }

    @Test func `what turned out to be right is kept, and compared with what was answered`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let decided = try await world.refund(5)
                let id = decided.body["decision"]?.string ?? ""
                let path = "/v1/decisions/\(id)/outcome"
                let outcome: JSON = ["output": ["action": "reject"]]
                #expect(try await world.send("POST", path, as: .agent, outcome).status == 200)
                let shown = try await world.send("GET", "/v1/decisions/\(id)", as: .agent)
                let last = try #require(shown.body["entries"]?.array?.last)
                #expect(last["kind"] == "outcome_reported")
                #expect(last["facts"]?["outcome"]?["right"] == false)
                #expect(shown.body["output"] == ["action": "refund"])
                let wrong = try await world.send(
                    "POST",
                    path,
                    as: .agent,
                    ["output": ["action": "dance"]]
                )
                #expect(wrong.status == 422)
                let pending = try await world.refund(50)
                let early = try await world.send(
                    "POST",
                    "/v1/decisions/\(pending.body["decision"]?.string ?? "")/outcome",
                    as: .agent,
                    outcome
                )
                #expect(early.status == 409)
                #expect(try await world.store.verified().isWhole)
            }
        }
    }

    @Test func `a pending step is withdrawn with its review, and its waiter told`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let waited = try await withThrowingTaskGroup { group in
                    group.addTask {
                        try await world.refund(50, as: .agent, ["prefer": "wait=30"]).body
                    }
                    try await time.sleep(for: .seconds(2))
                    let list = try await world.send("GET", "/v1/reviews", as: .reviewer)
                    let review = try #require(list.body["reviews"]?.array?.first)
                    let id = review["decision"]?.string ?? ""
                    let done = try await world.send(
                        "POST",
                        "/v1/decisions/\(id):withdraw",
                        as: .agent
                    )
                    #expect(done.status == 200)
                    let again = try await world.send(
                        "POST",
                        "/v1/decisions/\(id):withdraw",
                        as: .agent
                    )
                    #expect(again.status == 409)
                    let open = try await world.send("GET", "/v1/reviews", as: .reviewer)
                    #expect(open.body["reviews"] == [])
                    return try await group.next()
                }
                #expect(waited?["state"] == "withdrawn")
            }
        }
    }

    @Test func `a step withdrawn while its model is asked stays withdrawn, and the call is kept`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time) { (.seconds(10), 0.95) }
            try await world.serving {
                let body: JSON = ["policy": "triage", "input": ["message": "hello"]]
                let asked = try await world.send(
                    "POST",
                    "/v1/decisions",
                    as: .agent,
                    body,
                    ["prefer": "wait=1"]
                )
                #expect(asked.body["state"] == "asking")
                let id = asked.body["decision"]?.string ?? ""
                #expect(
                    try await world.send("POST", "/v1/decisions/\(id):withdraw", as: .agent).status
                        == 200
                )
                try await time.sleep(for: .seconds(20))
                let shown = try await world.send("GET", "/v1/decisions/\(id)", as: .agent)
                #expect(shown.body["state"] == "withdrawn")
                #expect(shown.body["entries"]?.array?.last?["facts"]?["late"] == true)
                let models = try await world.send("GET", "/v1/models", as: .operator)
                #expect(models.body["models"]?.array?.first?["last_day"]?["calls"] == 1)
            }
        }
    }

    @Test(arguments: [
        ("GET", "/v1/nowhere", 404), ("DELETE", "/v1/decisions", 405),
        ("GET", "/v1/decisions/not-an-id", 404),
        ("GET", "/v1/decisions/019a9f3e-0000-7000-8000-000000000000", 404),
        ("POST", "/v1/reviews/019a9f3e-0000-7000-8000-000000000000:claim", 404),
        ("POST", "/v1/reviews/019a9f3e-0000-7000-8000-000000000000:dance", 404),
    ])
    func `what is not there is told`(_ method: String, _ path: String, _ status: Int) async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let answer = try await world.send(method, path, as: .admin)
            #expect(answer.status == status)
            if status == 405 { #expect(answer.headers["allow"] == "POST, GET, HEAD, OPTIONS") }
        }
    }

    @Test func `lists come in pages that meet`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                for amount in 0..<7 { _ = try await world.refund(Double(amount)) }
                var seen: [String] = []
                var cursor: String?
                repeat {
                    var query = [("limit", "3")]
                    if let cursor { query.append(("cursor", cursor)) }
                    let page = try await world.send(
                        "GET",
                        "/v1/decisions",
                        as: .operator,
                        query: query
                    )
                    seen +=
                        page.body["decisions"]?.array?.compactMap { $0["decision"]?.string } ?? []
                    cursor = page.body["next"]?.string
                } while cursor != nil
                #expect(seen.count == 7)
                #expect(Set(seen).count == 7)
                let wrong = try await world.send(
                    "GET",
                    "/v1/decisions",
                    as: .operator,
                    query: [("polcy", "refund")]
                )
                #expect(wrong.status == 400)
                #expect(wrong.body["detail"]?.string?.contains("did you mean 'policy'?") == true)
            }
        }
    }
}
