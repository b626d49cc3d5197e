import Access
import Decisions
import Engine
import Gateway
import Storage
import TestSupport
import Testing
import Values

/// What those who follow the log are told.
struct EventTests {
    @Test func `what happens to a decision is told at once, in order and without its values`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let listener = Listener()
                let response = await world.follow(world.secrets[.operator] ?? "")
                #expect(response.status == 200)
                let headers = Dictionary(response.headers.map { ($0.name, $0.value) }) { $1 }
                #expect(headers["content-type"] == "text/event-stream")
                #expect(headers["cache-control"] == "no-store")
                #expect(headers["x-accel-buffering"] == "no")
                try await listener.listening(to: response) {
                    _ = try await world.refund(12)
                    _ = try await world.refund(50)
                    try await time.sleep(for: .milliseconds(50))
                    #expect(try listener.events.map(\.kind) == ["decided", "review_opened"])
                    let list = try await world.send("GET", "/v1/reviews", as: .reviewer)
                    let review = list.body["reviews"]?.array?.first?["review"]?.string ?? ""
                    for (act, body) in [
                        ("claim", [:]), ("decide", ["output": ["action": "reject"]]),
                    ]
                        as [(String, JSON)]
                    {
                        let path = "/v1/reviews/\(review):\(act)"
                        let done = try await world.send("POST", path, as: .reviewer, body)
                        #expect(done.status == 200)
                    }
                    try await time.sleep(for: .milliseconds(50))
                    let events = try listener.events
                    #expect(events.map(\.id) == [5, 6, 7, 8])
                    #expect(events[0].data["route"] == "rules")
                    #expect(events[0].data["state"] == "decided")
                    #expect(events[1].data["queue"] == "refunds")
                    #expect(events[2].kind == "review_claimed")
                    #expect(events[3].data["review"] == .string(review))
                    #expect(events[3].data["state"] == "decided")
                    #expect(events[3].data["policy"] == "refund")
                    #expect(events.allSatisfy { $0.data["sequence"]?.integer == $0.id })
                }
                #expect(listener.text.hasPrefix("retry: 2000\nid: 4.0\n\n"))
                for word in ["action", "amount", "payload", "\"rule\":", "because", "right"] {
                    #expect(!listener.text.contains(word), "\(word) is told")
                }
            }
        }
    }

    @Test func `a model's way to an answer, an audit and an outcome are told blind`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let listener = Listener()
                let response = await world.follow(world.secrets[.reviewer] ?? "", after: 4)
                try await listener.listening(to: response) {
                    let triage: JSON = ["policy": "triage", "input": ["message": "hello"]]
                    _ = try await world.send("POST", "/v1/decisions", as: .agent, triage)
                    let audited: JSON = ["policy": "audited", "input": ["amount": 1]]
                    let asked = try await world.send("POST", "/v1/decisions", as: .agent, audited)
                    let id = asked.body["decision"]?.string ?? ""
                    let outcome: JSON = ["output": ["action": "reject"]]
                    _ = try await world.send(
                        "POST",
                        "/v1/decisions/\(id)/outcome",
                        as: .agent,
                        outcome
                    )
                    try await time.sleep(for: .seconds(1))
                    let events = try listener.events
                    #expect(
                        events.map(\.kind) == [
                            "accepted", "decided", "decided", "audit_drawn", "outcome_reported",
                        ]
                    )
                    #expect(events[0].data["state"] == "asking")
                    #expect(events[1].data["reason"] == "confident")
                    #expect(events[3].data["queue"] == "audits")
                    // Its facts do not say whose decision it is; the store does.
                    #expect(events[4].data["policy"] == "audited")
                }
                for word in ["action", "hello", "reject", "right", "outcome\"", "confidence\""] {
                    #expect(!listener.text.contains(word), "\(word) is told")
                }
            }
        }
    }

    @Test func `who comes back hears every event once, from the log and live`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let secret = world.secrets[.admin] ?? ""
                var last: Int64 = 0
                var heard: [Int64] = []
                for round in 0..<6 {
                    let listener = Listener()
                    let response = await world.follow(
                        secret,
                        after: last,
                        // What the address says is older than the header.
                        query: [("after", "1")]
                    )
                    try await listener.listening(to: response) {
                        for number in 0..<40 {
                            _ = try await world.refund(Double(number))
                            if number % 8 == round { try await time.sleep(for: .milliseconds(3)) }
                        }
                    }
                    let events = try listener.events
                    heard += events.map(\.id)
                    last = heard.last ?? 0
                    _ = try await world.refund(1)
                }
                let listener = Listener()
                let response = await world.follow(secret, query: [("after", "\(last)")])
                try await listener.listening(to: response) {
                    try await time.sleep(for: .seconds(1))
                }
                heard += try listener.events.map(\.id)
                #expect(heard == Array(1...(try await world.store.head().count)))
            }
        }
    }

    @Test func `each is told what they may see`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let scoped = try await world.tokens.create(
                    name: "scoped",
                    role: .admin,
                    policies: ["audited"],
                    lasting: nil,
                    by: "test"
                ).secret
                _ = try await world.refund(1, as: .agent)
                _ = try await world.refund(2, as: .operator)
                let audited: JSON = ["policy": "audited", "input": ["amount": 1]]
                _ = try await world.send("POST", "/v1/decisions", as: .operator, audited)
                func heard(_ secret: String?, _ query: (String, String)...) async throws -> [Int64]
                {
                    let listener = Listener()
                    let response = await world.follow(secret ?? "", after: 0, query: query)
                    try await listener.listening(to: response) {
                        try await time.sleep(for: .seconds(1))
                    }
                    return try listener.events.map(\.id)
                }
                #expect(try await heard(world.secrets[.admin]) == Array(1...9))
                #expect(try await heard(world.secrets[.operator]) == [6, 7, 8, 9])
                #expect(try await heard(world.secrets[.reviewer]) == [6, 7, 8, 9])
                #expect(try await heard(world.secrets[.agent]) == [6])
                #expect(try await heard(scoped) == [8, 9])
                let operators = world.secrets[.operator]
                #expect(try await heard(operators, ("policy", "refund")) == [6, 7])
                #expect(try await heard(operators, ("kind", "audit_drawn")) == [9])
                #expect(
                    try await heard(operators, ("kind", "decided"), ("policy", "audited")) == [8]
                )
                #expect(try await heard(operators, ("kind", "administered")) == [])
            }
        }
    }

    @Test(arguments: [
        ("after", "x", "'after' does not fit"), ("after", "-1", "'N.M'"),
        ("after", "4.", "'120.45'"),
        ("after", "04", "'N' alone"), ("after", "4.0.0", "'N.M'"), ("after", "", "'N.M'"),
        ("after", "99", "the log ends with entry 4"),
        ("after", "4.1", "the last change of a run is number 0"), ("run", "x", "no identifier"),
        ("kind", "run_gap", "kind"), ("kind", "decidd", "did you mean 'decided'?"),
        ("polic", "x", "did you mean 'policy'?"),
    ])
    func `what cannot be followed is a problem`(
        _ name: String,
        _ value: String,
        _ word: String
    ) async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let response = await world.follow(
                world.secrets[.agent] ?? "",
                query: [(name, value)]
            )
            #expect(response.status == 400)
            #expect(String(decoding: response.body, as: UTF8.self).contains(word))
        }
    }

    @Test(arguments: ["x", "4.", "-1", "4.0.0", "4,0", "99999999999999999999"])
    func `an id that no event had is refused with the form of one, not passed over`(
        id: String
    ) async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            // What the address says does not stand in for it.
            let response = await world.follow(
                world.secrets[.agent] ?? "",
                from: id,
                query: [("after", "1")]
            )
            #expect(response.status == 400)
            let told = String(decoding: response.body, as: UTF8.self)
            #expect(told.contains("'Last-Event-ID' does not fit"))
            #expect(told.contains("'N.M'"))
        }
    }

    @Test func `a sign of life comes each 15 s, and ends with the token`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let listener = Listener()
                let token = try #require(try await world.tokens.all().first { $0.role == .agent })
                let response = await world.follow(world.secrets[.agent] ?? "")
                let stream = try #require(response.stream)
                let began = time.now
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await stream(listener.writer) }
                    func beats() -> Int { listener.text.split(separator: "\n\n").count - 1 }
                    try await time.sleep(for: .milliseconds(14_900))
                    #expect(beats() == 0)
                    try await time.sleep(for: .seconds(1))
                    #expect(beats() == 1)
                    try await time.sleep(for: .seconds(30))
                    #expect(beats() == 3)
                    _ = try await world.tokens.revoke(token.id, by: "ann")
                    // It ends by itself.
                    try await group.waitForAll()
                }
                #expect(time.now - began < .seconds(63))
                #expect(try listener.events.isEmpty)
            }
        }
    }

    @Test func `events that never pause do not keep a revoked token alive`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let listener = Listener()
                let token = try #require(try await world.tokens.all().first { $0.role == .admin })
                let response = await world.follow(world.secrets[.admin] ?? "")
                let stream = try #require(response.stream)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await stream(listener.writer) }
                    group.addTask {
                        for number in 0..<80 {
                            _ = try await world.refund(Double(number))
                            try await time.sleep(for: .milliseconds(250))
                        }
                    }
                    _ = try await world.tokens.revoke(token.id, by: "ann")
                    try await group.waitForAll()
                }
                let told = try listener.events.count
                #expect(told > 50 && told < 70)
            }
        }
    }

    @Test func `so many may follow, and who leaves makes room`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let secret = world.secrets[.agent] ?? ""
            var open: [GatewayResponse] = []
            for _ in 0..<Engine.Limits.listeners { open.append(await world.follow(secret)) }
            #expect(open.allSatisfy { $0.status == 200 })
            let full = await world.follow(secret)
            #expect(full.status == 503)
            #expect(full.headers.contains { $0.name == "retry-after" })
            #expect(world.service.events.listeners == Engine.Limits.listeners)
            open.removeLast()
            #expect(await world.follow(secret).status == 200)
            open = []
            #expect(world.service.events.listeners == 0)
        }
    }

    @Test func `a slow client holds nobody, and reads what it missed from the log`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let secret = world.secrets[.admin] ?? ""
                let slow = Listener(before: {
                    do { try await time.sleep(for: .seconds(20)) } catch { return }
                })
                let fast = Listener()
                let first = try #require(await world.follow(secret).stream)
                let second = try #require(await world.follow(secret).stream)
                let count: UInt64 = 4_500
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await first(slow.writer) }
                    group.addTask { await second(fast.writer) }
                    try await time.sleep(for: .milliseconds(1))
                    // As another process would: nobody here is told of the commit.
                    for start in stride(from: UInt64(1), through: count, by: 900) {
                        _ = try await world.store.commit(
                            (start..<start + 900).map { StoreFixture.decided($0) }
                        )
                    }
                    try await time.sleep(for: .seconds(1))
                    #expect(try fast.events.map(\.id) == Array(5...Int64(count) + 4))
                    #expect(slow.text.isEmpty)
                    try await time.sleep(for: .seconds(3_000))
                    group.cancelAll()
                    try await group.waitForAll()
                }
                #expect(try slow.events.map(\.id) == Array(5...Int64(count) + 4))
            }
        }
    }

    @Test func `a client that is gone frees its place, and a server that stops ends streams`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let began = time.now
            try await world.serving {
                let secret = world.secrets[.admin] ?? ""
                let gone = Listener()
                let stays = Listener()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for listener in [gone, stays] {
                        let response = await world.follow(secret)
                        group.addTask { await response.stream?(listener.writer) }
                    }
                    try await time.sleep(for: .seconds(1))
                    gone.leave()
                    _ = try await world.refund(1)
                    try await group.next()
                    #expect(world.service.events.listeners == 1)
                    world.service.stop()
                    try await group.waitForAll()
                }
                #expect(try stays.events.count == 1)
                #expect(world.service.events.listeners == 0)
                #expect(await world.follow(secret).status == 503)
            }
            #expect(time.now - began < .seconds(2))
        }
    }
}
