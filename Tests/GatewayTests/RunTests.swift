import Access
import Engine
import Gateway
import TestSupport
import Testing
import Values

/// Runs over the API: started, looked at, mended.
struct RunTests {
    private func serving(
        _ work: @escaping @Sendable (GatewayWorld) async throws -> Void
    ) async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time, flows: RunFlows.all)
            try await world.serving { try await work(world) }
        }
    }

    private func wait(_ world: GatewayWorld, _ time: Duration = .seconds(2)) async throws {
        try await world.time.sleep(for: time)
    }

    @Test func `flows are listed and shown as a tree`() async throws {
        try await serving { world in
            let list = try await world.send("GET", "/v1/flows", as: .agent)
            let names = list.body["flows"]?.array?.compactMap { $0["flow"]?.string }
            #expect(names == ["approve", "outside", "pay", "quick", "single"])
            let flow = try await world.send("GET", "/v1/flows/pay", as: .reviewer)
            #expect(flow.body["steps"]?.array?.first?["family"] == "work")
            #expect(flow.body["stages"] == ["payout", "told"])
            let other = try await world.send("GET", "/v1/flows/none", as: .reviewer)
            #expect(other.status == 404)
        }
    }

    @Test func `a run is started once for a key, and waited for to its end`() async throws {
        try await serving { world in
            let body: JSON = ["flow": "quick", "input": ["text": "hello"]]
            let headers = ["idempotency-key": "a-1", "prefer": "wait=10"]
            let first = try await world.send("POST", "/v1/runs", as: .agent, body, headers)
            #expect(first.status == 201)
            #expect(first.body["state"] == "completed")
            #expect(first.body["output"] == ["text": "hello"])
            let id = first.body["run"]?.string ?? ""
            #expect(first.headers["location"] == "/v1/runs/\(id)")
            #expect(first.headers["preference-applied"] == "wait=10")
            let again = try await world.send("POST", "/v1/runs", as: .agent, body, headers)
            #expect(again.status == 200)
            #expect(again.body["run"]?.string == id)
            let other = try await world.send(
                "POST",
                "/v1/runs",
                as: .agent,
                ["flow": "quick", "input": ["text": "other"]],
                headers
            )
            #expect(other.status == 422)
            #expect(other.body["type"] == "urn:stepgate:problem:idempotency-key-reused")
        }
    }

    @Test func `what cannot be started is refused, and says why`() async throws {
        try await serving { world in
            func start(_ flow: String, _ input: JSON) async throws -> (Int, String) {
                let answer = try await world.send(
                    "POST",
                    "/v1/runs",
                    as: .agent,
                    ["flow": .string(flow), "input": input]
                )
                return (answer.status, answer.body["type"]?.string ?? "")
            }
            #expect(try await start("quik", [:]) == (404, "urn:stepgate:problem:unknown-flow"))
            #expect(try await start("quick", [:]) == (422, "urn:stepgate:problem:invalid-input"))
            _ = try await world.start("single", ["id": "x"])
            #expect(
                try await start("single", ["id": "x"]) == (
                    409, "urn:stepgate:problem:too-many-runs"
                )
            )
            let reviewer = try await world.send(
                "POST",
                "/v1/runs",
                as: .reviewer,
                ["flow": "quick", "input": ["text": "a"]]
            )
            #expect(reviewer.status == 403)
        }
    }

    @Test func `waiting ends where a run stands still for people`() async throws {
        try await serving { world in
            let began = world.time.now
            let answer = try await world.send(
                "POST",
                "/v1/runs",
                as: .agent,
                ["flow": "approve", "input": ["amount": 700]],
                ["prefer": "wait=30"]
            )
            #expect(answer.body["state"] == "running")
            #expect(world.time.now - began < .seconds(5))
            let id = answer.body["run"]?.string ?? ""
            let run = try await world.run(id)
            #expect(run["stands_still"] == true)
            let step = try await world.step("agree", of: id)
            #expect(step["holder"]?["queue"] == "finance")
            #expect(step["holder"]?["approvals_needed"] == 2)
            #expect(step["woken_by"]?["kind"] == "decision")
            let review = step["holder"]?["review"]?.string ?? ""
            for role in [Role.reviewer, .admin] {
                let path = "/v1/reviews/\(review):approve"
                #expect(try await world.send("POST", path, as: role).status == 200)
            }
            try await wait(world)
            let ended = try await world.run(id)
            #expect(ended["state"] == "completed")
            #expect(ended["output"] == ["approved": true])
        }
    }

    @Test func `lists are filtered by field, stage, age and state, sorted, and paged`() async throws
    {
        try await serving { world in
            for amount in [5, 50, 500] {
                let input: JSON = ["order": "o", "amount": .int(Int64(amount))]
                _ = try await world.start("pay", input)
                try await wait(world, .seconds(60))
            }
            func amounts(_ query: (String, String)...) async throws -> [JSON] {
                let page = try await world.send("GET", "/v1/runs", as: .operator, query: query)
                #expect(page.status == 200, "\(page.body)")
                return page.body["runs"]?.array?.compactMap { $0["fields"]?["amount"] } ?? []
            }
            #expect(try await amounts(("flow", "pay")) == [500, 50, 5])
            #expect(try await amounts(("field", "amount>10"), ("sort", "amount")) == [50, 500])
            #expect(try await amounts(("field", "order=o"), ("sort", "-amount")) == [500, 50, 5])
            #expect(try await amounts(("over", "90s"), ("sort", "stage")) == [5, 50])
            #expect(try await amounts(("stage", "told")) == [])
            #expect(try await amounts(("state", "completed")) == [])
            #expect(try await amounts(("caller", "agent"), ("limit", "1")) == [500])
            let first = try await world.send(
                "GET",
                "/v1/runs",
                as: .operator,
                query: [("sort", "amount"), ("limit", "2")]
            )
            let next = first.body["next"]?.string ?? ""
            #expect(try await amounts(("sort", "amount"), ("cursor", next)) == [500])
            for query in [
                ("over", "long"), ("field", "amount"), ("sort", "-"), ("cursor", "x"),
                ("state", "odd"),
            ] {
                let wrong = try await world.send("GET", "/v1/runs", as: .admin, query: [query])
                #expect(wrong.status == 400, "\(query)")
            }
            let stages = try await world.send("GET", "/v1/stages", as: .reviewer)
            #expect(
                stages.body["stages"] == [
                    [
                        "flow": "pay", "kind": "root", "stage": "payout", "state": "running",
                        "count": 3,
                    ]
                ]
            )
        }
    }

    @Test func `an agent sees its own runs, and a scoped token its flows`() async throws {
        try await serving { world in
            let mine = try await world.start("quick", ["text": "a"])
            let other = try await world.start("quick", ["text": "b"], as: .operator)
            for path in ["", "/history"] {
                let own = try await world.send("GET", "/v1/runs/\(mine)\(path)", as: .agent)
                #expect(own.status == 200)
                let hidden = try await world.send("GET", "/v1/runs/\(other)\(path)", as: .agent)
                #expect(hidden.status == 404)
            }
            let list = try await world.send("GET", "/v1/runs", as: .agent)
            #expect(list.body["runs"]?.array?.count == 1)
            let made = try await world.tokens.create(
                name: "bot",
                role: .admin,
                policies: ["refund", "flow:pay", "work:pay"],
                lasting: nil,
                by: "test"
            )
            func send(_ method: String, _ path: String, _ body: JSON?) async -> Int {
                var headers = ["authorization": "Bearer \(made.secret)"]
                if body != nil { headers["content-type"] = "application/json" }
                let request = GatewayRequest(
                    method: method,
                    path: path,
                    headers: headers,
                    body: body.map { Array($0.compactText.utf8) } ?? []
                )
                return await world.handle(request).status
            }
            let quick: JSON = ["flow": "quick", "input": ["text": "a"]]
            let pay: JSON = ["flow": "pay", "input": ["order": "o", "amount": 1]]
            #expect(await send("POST", "/v1/runs", quick) == 403)
            #expect(await send("POST", "/v1/runs", pay) == 201)
            #expect(await send("GET", "/v1/runs/\(mine)", nil) == 404)
            #expect(await send("GET", "/v1/flows/quick", nil) == 404)
            #expect(await send("POST", "/v1/work:claim", ["kinds": ["pay"]]) == 200)
            #expect(await send("POST", "/v1/work:claim", ["kinds": ["other"]]) == 403)
            let event: JSON = ["specversion": "1.0", "id": "1", "source": "/a", "type": "t"]
            #expect(await send("POST", "/v1/events", event) == 403)
        }
    }

    @Test func `people pause, resume, cancel and restart runs`() async throws {
        try await serving { world in
            let id = try await world.start("pay", ["order": "o", "amount": 1])
            func act(
                _ word: String,
                _ body: JSON? = nil,
                as role: Role = .operator
            ) async throws
                -> (Int, JSON?)
            {
                let path = "/v1/runs/\(id):\(word)"
                let answer = try await world.send("POST", path, as: role, body)
                return (answer.status, answer.body["state"])
            }
            #expect(try await act("pause", as: .agent).0 == 403)
            #expect(try await act("pause", as: .reviewer).0 == 403)
            #expect(try await act("pause") == (200, "paused"))
            #expect(try await world.claim("pay").isEmpty)
            #expect(try await act("resume") == (200, "running"))
            #expect(try await act("resume").0 == 409)
            #expect(try await act("restart", ["step": "pay"]) == (200, "running"))
            #expect(try await act("restart", ["step": "nope"]).0 == 404)
            #expect(try await act("cancel", ["undo": false]) == (200, "cancelled"))
            #expect(try await act("cancel").0 == 409)
            let history = try await world.send("GET", "/v1/runs/\(id)/history", as: .operator)
            let acts = history.body["events"]?.array?.compactMap { $0["act"]?.string }
            #expect(acts == ["pause", "resume", "restart", "cancel"])
        }
    }

    @Test func `a large value is a link that only those who see the run may follow`() async throws {
        try await serving { world in
            let text = String(repeating: "long ", count: 2_000)
            let id = try await world.start("quick", ["text": .string(text)])
            let run = try await world.run(id)
            #expect(run["input"] == .null)
            let href = run["input_at"]?["href"]?.string ?? ""
            let value = try await world.send("GET", href, as: .agent)
            #expect(value.body == ["text": .string(text)])
            let other = try await world.start("quick", ["text": "b"], as: .operator)
            let path = href.replacing(id, with: other)
            #expect(try await world.send("GET", path, as: .operator).status == 404)
            let nowhere = "/v1/runs/\(id)/resources/none"
            #expect(try await world.send("GET", nowhere, as: .operator).status == 404)
        }
    }

    @Test func `many runs start from one upload, each line answered`() async throws {
        try await serving { world in
            let lines = [
                #"{"flow":"quick","input":{"text":"a"},"key":"1"}"#,
                #"{"flow":"quick","input":{"text":"a"},"key":"1"}"#,
                #"{"flow":"quick","input":{}}"#, #"{"flow":"none","input":{}}"#,
                #"{"flow":"single","input":{"id":"x"}}"#, #"{"flow":"single","input":{"id":"x"}}"#,
                "nothing",
            ]
            let response = await world.handle(
                GatewayRequest(
                    method: "POST",
                    path: "/v1/runs:batch",
                    headers: [
                        "authorization": "Bearer \(world.secrets[.agent] ?? "")",
                        "content-type": "application/x-ndjson",
                    ],
                    body: Array(lines.joined(separator: "\n").utf8)
                )
            )
            let listener = Listener()
            await response.stream?(listener.writer)
            let answers = try listener.lines
            #expect(
                answers.map { $0["status"]?.integer } == [201, 200, 422, 404, 201, 409, 400]
            )
            #expect(answers[0]["run"] == answers[1]["run"])
            for line in answers {
                #expect(Contract.live.objections("POST", "/v1/runs:batch", line: line).isEmpty)
            }
        }
    }
}
