import Access
import Gateway
import TestSupport
import Testing
import Values

/// What steps wait for from outside.
struct WorkTests {
    func serving(
        _ work: @escaping @Sendable (GatewayWorld) async throws -> Void
    ) async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time, flows: RunFlows.all)
            try await world.serving { try await work(world) }
        }
    }

    @Test func `a worker claims, says that it is at it, and completes`() async throws {
        try await serving { world in
            let id = try await world.start("pay", ["order": "O-1", "amount": 1])
            let item = try #require(try await world.claim("pay").first)
            #expect(item["input"] == ["order": "O-1"])
            #expect(item["attempt"] == 1)
            let path = item["path"]?.string ?? ""
            let epoch = item["epoch"] ?? .null
            let step = try await world.step("pay", of: id)
            #expect(step["state"] == "leased")
            #expect(step["holder"]?["name"] == "w1@agent")
            #expect(try await world.claim("pay").isEmpty)
            let beat = try await world.send(
                "POST",
                "\(path):heartbeat",
                as: .agent,
                ["epoch": epoch, "lease": "5m"]
            )
            #expect(beat.status == 200)
            try await world.time.sleep(for: .seconds(60))
            let misfit = try await world.send(
                "POST",
                "\(path):complete",
                as: .agent,
                ["epoch": epoch, "output": ["reference": 7]]
            )
            #expect(misfit.status == 422)
            let done: JSON = ["epoch": epoch, "output": ["reference": "R-1"]]
            let other = try await world.send("POST", "\(path):complete", as: .operator, done)
            #expect(other.status == 409)
            let ended = try await world.send("POST", "\(path):complete", as: .agent, done)
            #expect(ended.status == 200)
            let late = try await world.send("POST", "\(path):complete", as: .agent, done)
            #expect(late.status == 409)
            try await world.time.sleep(for: .seconds(2))
            #expect(try await world.run(id)["output"] == ["reference": "R-1"])
        }
    }

    @Test func `a worker that waits is told as soon as there is work`() async throws {
        try await serving { world in
            async let claimed = world.claim("other", "pay", wait: 30)
            try await world.time.sleep(for: .seconds(3))
            let began = world.time.now
            _ = try await world.start("pay", ["order": "O-1", "amount": 1])
            #expect(try await claimed.count == 1)
            #expect(world.time.now - began < .milliseconds(100))
            let none = try await world.claim("pay", wait: 2)
            #expect(none.isEmpty)
        }
    }

    @Test func `a failed step is a dead letter, and goes on with a mended input`() async throws {
        try await serving { world in
            let id = try await world.start("pay", ["order": "bad", "amount": 1])
            let item = try #require(try await world.claim("pay").first)
            let failed = try await world.send(
                "POST",
                "\(item["path"]?.string ?? ""):fail",
                as: .agent,
                ["epoch": item["epoch"] ?? .null, "message": "no such order"]
            )
            #expect(failed.body["state"] == "dead")
            let letters = try await world.send("GET", "/v1/dead-letters", as: .reviewer)
            let letter = try #require(letters.body["dead_letters"]?.array?.first)
            #expect(letter["step"] == "pay")
            #expect(letter["failure"]?["message"] == "no such order")
            let path = "/v1/dead-letters/\(id)/pay:redrive"
            let mended: JSON = ["input": ["order": "good"]]
            #expect(try await world.send("POST", path, as: .reviewer, mended).status == 403)
            let again = try await world.send("POST", path, as: .operator, mended)
            #expect(again.body["state"] == "running")
            #expect(try await world.send("POST", path, as: .operator, mended).status == 409)
            let other = try #require(try await world.claim("pay").first)
            #expect(other["input"] == ["order": "good"])
            let empty = try await world.send("GET", "/v1/dead-letters", as: .reviewer)
            #expect(empty.body["dead_letters"] == [])
        }
    }

    @Test func `a failed step is retried or skipped`() async throws {
        try await serving { world in
            let id = try await world.start("pay", ["order": "bad", "amount": 1])
            let item = try #require(try await world.claim("pay").first)
            let path = item["path"]?.string ?? ""
            let failure: JSON = ["epoch": item["epoch"] ?? .null, "message": "no", "retry": true]
            _ = try await world.send("POST", "\(path):fail", as: .agent, failure)
            let steps = "/v1/runs/\(id)/steps"
            let unknown = try await world.send("POST", "\(steps)/nope:retry", as: .operator)
            #expect(unknown.status == 404)
            let retried = try await world.send("POST", "\(steps)/pay:retry", as: .operator)
            #expect(retried.body["state"] == "running")
            let misfit = try await world.send(
                "POST",
                "\(steps)/pay:skip",
                as: .operator,
                ["output": ["reference": 7]]
            )
            #expect(misfit.status == 422)
            #expect(misfit.body["type"]?.string == "urn:stepgate:problem:invalid-output")
            #expect(misfit.body["detail"]?.string?.contains("/reference") == true)
            #expect(try await world.run(id)["state"] == "running")
            let skipped = try await world.send(
                "POST",
                "\(steps)/pay:skip",
                as: .operator,
                ["output": ["reference": "by hand"]]
            )
            #expect(skipped.status == 200)
            try await world.time.sleep(for: .seconds(2))
            #expect(try await world.run(id)["output"] == ["reference": "by hand"])
        }
    }

    @Test func `a callback counts once, by its address alone`() async throws {
        try await serving { world in
            let id = try await world.start("outside", ["order": "O-1"])
            let address = try await world.step("back", of: id)["callback_url"]?.string ?? ""
            #expect(address.hasPrefix("/v1/callbacks/"))
            let seen = try await world.send("GET", "/v1/runs/\(id)", as: .reviewer)
            #expect(seen.body["steps"]?.array?.first?["callback_url"] == nil)
            let forged = try await world.send("POST", address + "0", as: nil, ["ok": true])
            #expect(forged.status == 404)
            let misfit = try await world.send("POST", address, as: nil, ["ok": 1])
            #expect(misfit.status == 422)
            #expect(try await world.send("POST", address, as: nil, ["ok": true]).status == 200)
            #expect(try await world.send("POST", address, as: nil, ["ok": true]).status == 409)
            var limited = false
            for _ in 0..<40 {
                let answer = try await world.send("POST", address, as: nil, ["ok": true])
                if answer.status == 429 { limited = true }
            }
            #expect(limited)
        }
    }

    @Test func `an event is taken by those who wait for one like it`() async throws {
        try await serving { world in
            let id = try await world.start("outside", ["order": "O-1"])
            let address = try await world.step("back", of: id)["callback_url"]?.string ?? ""
            _ = try await world.send("POST", address, as: nil, ["ok": true])
            try await world.time.sleep(for: .seconds(2))
            func send(_ order: String, _ type: String = "application/json") async throws -> JSON {
                let event: JSON = [
                    "specversion": "1.0", "id": "1", "source": "/shop", "traceparent": "00-1",
                    "type": "com.example.paid", "data": ["order": .string(order)],
                ]
                return try await world.send(
                    "POST",
                    "/v1/events",
                    as: .agent,
                    event,
                    ["content-type": type]
                ).body
            }
            #expect(try await send("O-2") == ["taken": 0])
            #expect(try await send("O-1", "application/cloudevents+json") == ["taken": 1])
            #expect(try await send("O-1") == ["taken": 0])
            let wrong = try await world.send("POST", "/v1/events", as: .agent, ["type": "a"])
            #expect(wrong.status == 422)
            try await world.time.sleep(for: .seconds(2))
            #expect(try await world.run(id)["output"] == ["paid": ["order": "O-1"]])
        }
    }

    @Test func `what happens to runs is logged and counted`() async throws {
        try await serving { world in
            _ = try await world.start("quick", ["text": "a"])
            let id = try await world.start("pay", ["order": "O-1", "amount": 1])
            let item = try #require(try await world.claim("pay").first)
            _ = try await world.send(
                "POST",
                "\(item["path"]?.string ?? ""):fail",
                as: .agent,
                ["epoch": item["epoch"] ?? .null, "message": "no"]
            )
            let events = world.lines.all.compactMap { $0["event"]?.string }
            #expect(events.filter { $0 == "run_started" }.count == 2)
            #expect(events.contains("run_ended") && events.contains("run_dead"))
            #expect(world.lines.text.contains(id))
            let page = await world.gateway.handle(
                GatewayRequest(
                    method: "GET",
                    path: "/metrics",
                    headers: ["authorization": "Bearer \(world.secrets[.operator] ?? "")"]
                )
            )
            let text = String(decoding: page.body, as: UTF8.self)
            for line in [
                #"stepgate_run_attempts_total{flow="pay",by="worker",result="failed"} 1"#,
                #"stepgate_runs_ended_total{flow="quick",state="completed"} 1"#,
                #"stepgate_runs{flow="pay",state="dead"} 1"#, "stepgate_run_due_lag_seconds 0",
            ] {
                #expect(text.contains(line), "\(line)")
            }
        }
    }
}

extension WorkTests {
    @Test func `who follows a run is told of its next event as it happens`() async throws {
        try await serving { world in
            let id = try await world.start("pay", ["order": "O-1", "amount": 1])
            let path = "/v1/runs/\(id)/history"
            async let next = world.send(
                "GET",
                path,
                as: .agent,
                nil,
                ["prefer": "wait=30"],
                query: [("cursor", "2")]
            )
            try await world.time.sleep(for: .seconds(3))
            let began = world.time.now
            _ = try await world.claim("pay")
            let told = try await next.body
            #expect(told["events"]?.array?.compactMap { $0["event"]?.string } == ["claimed"])
            #expect(world.time.now - began < .milliseconds(100))
            let none = try await world.send(
                "GET",
                path,
                as: .agent,
                nil,
                ["prefer": "wait=2"],
                query: [("cursor", "3")]
            )
            #expect(none.body["events"] == [])
        }
    }

    @Test func `what a worker asks for is bounded`() async throws {
        try await serving { world in
            for body: JSON in [
                ["kinds": []], ["kinds": .array(Array(repeating: "pay", count: 33))],
                ["kinds": ["pay"], "limit": 101], ["kinds": ["pay"], "lease": "25h"],
                ["kinds": ["pay"], "worker": "a@b"],
            ] {
                let answer = try await world.send("POST", "/v1/work:claim", as: .agent, body)
                #expect(answer.status == 422, "\(body)")
            }
            let reviewer = try await world.send(
                "POST",
                "/v1/work:claim",
                as: .reviewer,
                ["kinds": ["pay"]]
            )
            #expect(reviewer.status == 403)
        }
    }
}
