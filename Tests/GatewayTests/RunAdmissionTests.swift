import Access
import Gateway
import TestSupport
import Testing
import Values

/// What the document says of requests about runs is what is let in, and nothing else is.
struct RunAdmissionTests {
    private func serving(
        _ work: @escaping @Sendable (GatewayWorld) async throws -> Void
    ) async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time, flows: RunFlows.all)
            try await world.serving { try await work(world) }
        }
    }

    private func list(
        _ world: GatewayWorld,
        _ name: String,
        _ value: String,
        of path: String = "/v1/runs"
    ) async throws -> Int {
        try await world.send("GET", path, as: .reviewer, query: [(name, value)]).status
    }

    private func post(
        _ world: GatewayWorld,
        _ path: String,
        _ text: String
    ) async throws -> (status: Int, body: JSON) {
        let response = await world.handle(
            GatewayRequest(
                method: "POST",
                path: path,
                headers: [
                    "authorization": "Bearer \(world.secrets[.agent] ?? "")",
                    "content-type": "application/json",
                ],
                body: Array(text.utf8)
            )
        )
        return (response.status, try JSON.read(response.body))
    }

    @Test func `a lease is any time up to a day, and none beyond it`() async throws {
        try await serving { world in
            for lease in ["1ms", "9999999ms", "60s", "86400s", "5m", "1440m", "1h", "24h"] {
                let body = #"{"kinds": ["pay"], "lease": "\#(lease)"}"#
                #expect(try await post(world, "/v1/work:claim", body).status == 200, "\(lease)")
            }
            for lease in ["0s", "86401s", "1441m", "25h", "1d", "999999h", "1.5h", "", "1h\n"] {
                let body: JSON = ["kinds": ["pay"], "lease": .string(lease)]
                let answer = try await post(world, "/v1/work:claim", body.compactText)
                #expect(answer.status == 422, "\(lease)")
                #expect(answer.body["errors"]?.array?.first?["pointer"] == "/lease")
            }
        }
    }

    @Test func `a whole number is one however it is written`() async throws {
        try await serving { world in
            for limit in ["26", "26.0", "2.6e1", "1E2"] {
                let body = #"{"kinds": ["pay"], "limit": \#(limit)}"#
                let answer = try await post(world, "/v1/work:claim", body)
                #expect(answer.status == 200, "\(limit)")
            }
            for limit in ["26.5", "1e3", "0.0", "-1", "\"26\"", "1e300"] {
                let body = #"{"kinds": ["pay"], "limit": \#(limit)}"#
                let answer = try await post(world, "/v1/work:claim", body)
                #expect(answer.status == 422, "\(limit)")
            }
        }
    }

    @Test func `an epoch, and a place in a history, is a count that every reader holds`()
        async throws
    {
        try await serving { world in
            let id = try await world.start("pay", ["order": "O-1", "amount": 1])
            let path = "/v1/work/\(id)/pay:heartbeat"
            #expect(try await post(world, path, #"{"epoch": 9007199254740991}"#).status == 409)
            #expect(try await post(world, path, #"{"epoch": 9007199254740992}"#).status == 422)
            let history = "/v1/runs/\(id)/history"
            #expect(try await list(world, "cursor", "9007199254740991", of: history) == 200)
            #expect(try await list(world, "cursor", "9007199254740992", of: history) == 400)
        }
    }

    @Test(arguments: [
        ("over", "999999d"), ("over", "9999999h"), ("over", "0ms"), ("sort", "amount"),
        ("sort", "-amount"), ("sort", "nothing_like_it"), ("field", "amount>0"),
        ("field", "order=a b"), ("field", "order=\u{301}"), ("flow", ""), ("stage", ""),
        ("caller", ""),
    ])
    func `a list of runs takes every form that the document allows`(
        _ name: String,
        _ value: String
    ) async throws {
        try await serving { world in
            _ = try await world.start("pay", ["order": "O-1", "amount": 1])
            #expect(try await list(world, name, value) == 200)
        }
    }

    @Test(arguments: [
        ("over", ""), ("over", "2"), ("over", "1000000d"), ("over", "999999999d"),
        ("over", "-1h"), ("sort", ""), ("sort", "-"), ("sort", "Amount"), ("field", ""),
        ("field", "amount"), ("field", "amount>"), ("field", "amount> "), ("field", ">1"),
        ("field", "amount=\u{85}"), ("cursor", ""), ("cursor", "x"),
        ("cursor", "019a9f3e-1c2d-7a4b-8c5d-6e7f80910a2b."),
    ])
    func `what a list of runs cannot read is refused by its name`(
        _ name: String,
        _ value: String
    ) async throws {
        try await serving { world in
            let answer = try await world.send(
                "GET",
                "/v1/runs",
                as: .reviewer,
                query: [(name, value)]
            )
            #expect(answer.status == 400)
            #expect(answer.body["type"] == "urn:stepgate:problem:invalid-query")
            #expect(answer.body["detail"]?.string?.contains("'\(name)'") == true)
        }
    }

    @Test func `a list of runs has so many conditions at most, and none too long`() async throws {
        try await serving { world in
            func listed(_ count: Int) async throws -> Int {
                let query = Array(repeating: ("field", "amount>0"), count: count)
                return try await world.send("GET", "/v1/runs", as: .reviewer, query: query).status
            }
            let long = "order=" + String(repeating: "x", count: 194)
            let statuses = [
                try await listed(16), try await listed(17), try await list(world, "field", long),
                try await list(world, "field", long + "x"),
            ]
            #expect(statuses == [200, 400, 200, 400])
        }
    }

    @Test func `each cursor that an answer gives is taken by the same list`() async throws {
        try await serving { world in
            for number: Int64 in 1...3 {
                let id = try await world.start("pay", ["order": "O-1", "amount": .int(number)])
                let item = try #require(try await world.claim("pay").first)
                _ = try await world.send(
                    "POST",
                    "/v1/work/\(id)/pay:fail",
                    as: .agent,
                    ["epoch": item["epoch"] ?? .null, "message": "no"]
                )
            }
            let lists =
                ["newest", "oldest", "stage", "amount", "-amount", "order"].map {
                    ("/v1/runs", "runs", [("sort", $0)])
                } + [("/v1/dead-letters", "dead_letters", [])]
            for (path, name, query) in lists {
                var seen = 0
                var next: String?
                repeat {
                    let more = next.map { [("cursor", $0)] } ?? []
                    let page = try await world.send(
                        "GET",
                        path,
                        as: .reviewer,
                        query: query + more + [("limit", "1")]
                    )
                    #expect(page.status == 200, "\(page.body)")
                    seen += page.body[name]?.array?.count ?? 0
                    next = page.body["next"]?.string
                } while next != nil && seen < 10
                #expect(seen == 3, "\(path) \(query)")
            }
            for cursor in ["", "x", "019a9f3e-1c2d-7a4b-8c5d-6e7f80910a2b"] {
                #expect(try await list(world, "cursor", cursor, of: "/v1/dead-letters") == 400)
            }
            #expect(try await list(world, "flow", "", of: "/v1/dead-letters") == 200)
        }
    }

    @Test func `an event says its data in one form, and a time that there is`() async throws {
        try await serving { world in
            let event: JSON = ["specversion": "1.0", "id": "1", "source": "/a", "type": "t"]
            func send(_ members: (String, JSON)...) async throws -> Int {
                let all = members.reduce(event.object ?? JSONObject(uniqueMembers: [])) {
                    $0.setting($1.0, to: $1.1)
                }
                return try await post(world, "/v1/events", JSON.object(all).compactText).status
            }
            let statuses = [
                try await send(("data", ["a": 1])), try await send(("data_base64", "AA==")),
                try await send(("data", .null), ("data_base64", "AA==")),
                try await send(("time", "2026-03-01T09:30:00Z")),
                try await send(("time", "yesterday")),
            ]
            #expect(statuses == [200, 200, 422, 200, 422])
        }
    }

    @Test func `a number beyond 64 bits is refused with its place, and never rounded`()
        async throws
    {
        try await serving { world in
            let id = try await world.start("outside", ["order": "O-1"])
            let address = try await world.step("back", of: id)["callback_url"]?.string ?? ""
            let huge = try await post(world, address, #"{"ok": 18446744073709551616}"#)
            #expect(huge.status == 422)
            #expect(huge.body["errors"]?.array?.first?["pointer"] == "/ok")
            #expect(try await post(world, address, #"{"ok": true}"#).status == 200)
        }
    }
}
