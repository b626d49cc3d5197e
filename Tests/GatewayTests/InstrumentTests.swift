import Access
import Engine
import Gateway
import Telemetry
import TestSupport
import Testing
import Values

/// What is counted and told of requests.
struct InstrumentTests {
    private func metrics(_ world: GatewayWorld, _ role: Role?) async -> GatewayResponse {
        var headers: [String: String] = [:]
        if let role { headers["authorization"] = "Bearer \(world.secrets[role] ?? "")" }
        return await world.gateway.handle(
            GatewayRequest(method: "GET", path: "/metrics", headers: headers)
        )
    }

    @Test func `operators and admins see the metrics, others do not`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            #expect(await metrics(world, nil).status == 401)
            #expect(await metrics(world, .agent).status == 403)
            #expect(await metrics(world, .reviewer).status == 403)
            #expect(await metrics(world, .admin).status == 200)
            let page = await metrics(world, .operator)
            #expect(page.status == 200)
            #expect(
                page.headers.contains {
                    $0.name == "content-type"
                        && $0.value == "text/plain; version=0.0.4; charset=utf-8"
                }
            )
        }
    }

    @Test func `requests and decisions are counted by what they came to`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                _ = try await world.refund(12)
                _ = try await world.refund(50, ["prefer": "wait=0"])
                _ = try await world.send(
                    "POST",
                    "/v1/decisions",
                    as: .agent,
                    ["policy": "triage", "input": ["message": "m"]]
                )
                _ = try await world.send("BREW", "/v1/pots", as: nil)
                try await time.sleep(for: .seconds(3))
                let text = String(decoding: await metrics(world, .operator).body, as: UTF8.self)
                for line in [
                    #"stepgate_decisions_total{policy="refund",route="rules",state="decided"} 1"#,
                    #"stepgate_decisions_total{policy="refund",route="review",state="review"} 1"#,
                    #"stepgate_decisions_total{policy="triage",route="none",state="asking"} 1"#,
                    #"stepgate_decisions_total{policy="triage",route="model",state="decided"} 1"#,
                    #"stepgate_model_calls_total{model="fast",result="answered"} 1"#,
                    #"stepgate_http_requests_total{route="/v1/decisions",method="POST",status="2xx"} 3"#,
                    #"stepgate_http_requests_total{route="none",method="other",status="4xx"} 1"#,
                    #"stepgate_http_request_seconds_count{route="/v1/decisions",method="POST"} 3"#,
                    #"stepgate_queue_age_seconds{queue="refunds"} 3.02"#,
                    "stepgate_asking_age_seconds 0", "stepgate_store_up 1",
                    #"stepgate_build_info{version="1"} 1"#,
                ] {
                    #expect(text.contains("\n\(line)\n"), "\(line) is missing in\n\(text)")
                }
            }
        }
    }

    @Test func `a review counts its decision once, and an audit's verdict counts none`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                _ = try await world.refund(50, ["prefer": "wait=0"])
                _ = try await world.send(
                    "POST",
                    "/v1/decisions",
                    as: .agent,
                    ["policy": "audited", "input": ["amount": 1]]
                )
                let list = try await world.send("GET", "/v1/reviews", as: .reviewer)
                let reviews = list.body["reviews"]?.array ?? []
                #expect(reviews.count == 2)
                for review in reviews {
                    let decided = try await world.send(
                        "POST",
                        "/v1/reviews/\(review["review"]?.string ?? ""):decide",
                        as: .reviewer,
                        ["output": ["action": "reject"]]
                    )
                    #expect(decided.status == 200)
                }
                let metrics = world.metrics
                #expect(metrics.value(.decisions, Labels("refund", "review", "review")) == 1)
                #expect(metrics.value(.decisions, Labels("refund", "review", "decided")) == 1)
                #expect(metrics.value(.decisions, Labels("audited", "rules", "decided")) == 1)
                #expect(metrics.value(.decisions, Labels("audited", "review", "decided")) == nil)
            }
        }
    }

    @Test func `each decision asked for is told with its reason and its caller`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let answer = try await world.refund(12)
                let line = try #require(world.lines.all.last)
                #expect(line["event"] == "decision")
                #expect(line["decision"] == answer.body["decision"])
                #expect(line["policy"] == "refund")
                #expect(line["release"] == answer.body["release"])
                #expect(line["route"] == "rules")
                #expect(line["state"] == "decided")
                #expect(line["reason"] == answer.body["reason"])
                #expect(line["caller"] == "agent")
                #expect(line["status"] == 200)
                #expect(line["duration_seconds"] != nil)
                _ = try await world.send("GET", "/v1/policies", as: .agent)
                #expect(world.lines.all.last?["event"] == "request")
                #expect(world.lines.all.last?["path"] == "/v1/policies")
            }
        }
    }

    @Test func `refusals are told with path and token, and a flood of them is summed up`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let agent = try #require(try await world.tokens.all().first { $0.role == .agent })
            _ = try await world.send("GET", "/v1/reviews", as: .agent)
            let line = try #require(world.lines.all.last)
            #expect(line["event"] == "refused")
            #expect(line["level"] == "warn")
            #expect(line["status"] == 403)
            #expect(line["path"] == "/v1/reviews")
            #expect(line["token"]?.string == agent.id.description)
            for _ in 0..<1_000 { _ = try await world.send("GET", "/v1/reviews", as: nil) }
            #expect(world.lines.all.count == 40)
            try await time.sleep(for: .seconds(1))
            _ = try await world.send("GET", "/v1/reviews", as: nil)
            #expect(world.lines.all.last?["untold"] == 961)
        }
    }

    @Test func `no secret, input or output is in the log, whatever is asked`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let secret = try await world.tokens.create(
                    name: "bot",
                    role: .agent,
                    policies: nil,
                    lasting: nil,
                    by: "test"
                ).secret
                let planted = "planted-in-the-input"
                let bodies: [(String, String)] = [
                    ("/v1/decisions", #"{"policy":"triage","input":{"message":"\#(planted)"}}"#),
                    ("/v1/decisions", #"{"policy":"triage","input":{"other":"\#(planted)"}}"#),
                    ("/v1/decisions", #"{"policy":"\#(planted)","input":{}}"#),
                    ("/v1/decisions", planted), ("/v1/decisions/\(planted)/outcome", "{}"),
                    ("/\(secret)", "{}"), ("/v1/decisions/\(secret):withdraw", "{}"),
                ]
                for (path, body) in bodies {
                    for header in ["Bearer \(secret)", "Bearer \(planted)", secret] {
                        _ = await world.gateway.handle(
                            GatewayRequest(
                                method: "POST",
                                path: path,
                                query: [("token", secret), (planted, "1")],
                                headers: ["authorization": header, "idempotency-key": planted],
                                body: Array(body.utf8)
                            )
                        )
                    }
                }
                _ = await world.gateway.handle(
                    GatewayRequest(method: planted, path: "/\(planted)")
                )
                let text = world.lines.text
                #expect(world.lines.all.count >= bodies.count)
                for word in [secret, planted, "sgt_"] + Array(world.secrets.values) {
                    #expect(!text.contains(word), "\(word) is in the log")
                }
                let page = String(decoding: await metrics(world, .admin).body, as: UTF8.self)
                #expect(!page.contains(planted) && !page.contains("sgt_"))
            }
        }
    }
}
