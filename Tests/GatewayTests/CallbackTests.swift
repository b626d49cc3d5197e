import Access
import Decisions
import Gateway
import Storage
import TestSupport
import Testing
import Values
import Webhooks

/// What the gateway makes of `callback_url`.
struct CallbackTests {
    private func ask(
        _ world: GatewayWorld,
        _ url: JSON,
        amount: Double = 5,
        _ headers: [String: String] = [:]
    ) async throws -> (status: Int, headers: [String: String], body: JSON) {
        let body: JSON = [
            "policy": "refund", "input": ["amount": .double(amount)], "callback_url": url,
        ]
        return try await world.send("POST", "/v1/decisions", as: .agent, body, headers)
    }

    @Test(arguments: [
        "http://127.0.0.1:9200/hook", "http://localhost/hook", "http://[::1]/",
        "http://169.254.169.254/latest/meta-data", "http://10.0.0.8/", "http://[::ffff:10.0.0.8]/",
        "ftp://example.com/", "https://ann:secret@example.com/", "https://example.com/#x",
        "http://2130706433/", "",
    ])
    func `a callback URL that may not be is refused at once, with its pointer`(
        _ url: String
    )
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let answer = try await ask(world, .string(url))
            #expect(answer.status == 422)
            #expect(answer.body["type"] == "urn:stepgate:problem:invalid-callback")
            #expect(answer.body["errors"]?.array?.first?["pointer"] == "/callback_url")
            #expect(!answer.body.compactText.contains("ann"))
            #expect(try await world.store.head().count == Int64(world.secrets.count))
        }
    }

    @Test func `a callback URL is text, and has at most so many bytes`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            #expect(try await ask(world, 7).status == 422)
            #expect(try await ask(world, .null).status == 422)
            let long =
                "https://example.com/" + String(repeating: "x", count: Webhooks.Limits.urlBytes)
            #expect(try await ask(world, .string(long)).status == 422)
        }
    }

    @Test func `private places may be allowed`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time, allowsPrivateCallbacks: true)
            #expect(try await ask(world, "http://127.0.0.1:1/hook").status == 200)
            #expect(try await ask(world, "http://127.0.0.1:1/#x").status == 422)
        }
    }

    @Test func `who asks about a decision is told what became of its callback`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            func shown(_ answer: JSON) async throws -> JSON? {
                let id = answer["decision"]?.string ?? ""
                return try await world.send("GET", "/v1/decisions/\(id)", as: .agent)
                    .body["callback"]
            }
            let decided = try await ask(world, "https://example.com/hook")
            #expect(decided.status == 200)
            #expect(
                try await shown(decided.body) == [
                    "url": "https://example.com/hook", "state": "sending", "attempts": 0,
                    "next_at": .string(time.now.rfc3339), "last_error": .null,
                ]
            )
            let pending = try await ask(world, "https://example.com/hook", amount: 50)
            #expect(pending.status == 202)
            #expect(try await shown(pending.body)?["state"] == "waiting")
            let id = pending.body["decision"]?.string ?? ""
            let gone = try await world.send("POST", "/v1/decisions/\(id):withdraw", as: .agent)
            #expect(gone.status == 200)
            #expect(try await shown(pending.body)?["state"] == "sending")
            let without = try await world.refund(5)
            #expect(try await shown(without.body) == nil)
        }
    }

    @Test func `a model's step is accepted with its callback, which is due when it is decided`()
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time) { (.seconds(3), 0.95) }
            try await world.serving {
                let body: JSON = [
                    "policy": "triage", "input": ["message": "hello"],
                    "callback_url": "https://example.com/hook",
                ]
                let answer = try await world.send(
                    "POST",
                    "/v1/decisions",
                    as: .agent,
                    body,
                    ["prefer": "wait=0"]
                )
                #expect(answer.status == 202)
                let id = try #require(Identifier(answer.body["decision"]?.string ?? ""))
                #expect(try await world.store.callback(id)?.progress.state == .waiting)
                try await time.sleep(for: .seconds(4))
                let kept = try #require(try await world.store.callback(id))
                #expect(kept.progress.state == .sending)
                #expect(kept.progress.finalAt == kept.progress.nextAt)
            }
        }
    }

    @Test func `a key stands for its input and its callback`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let key = ["idempotency-key": "k1"]
            let first = try await ask(world, "https://example.com/a", key)
            let again = try await ask(world, "https://example.com/a", key)
            #expect(again.status == 200)
            #expect(again.body["decision"] == first.body["decision"])
            let other = try await ask(world, "https://example.com/b", key)
            #expect(other.status == 422)
            #expect(other.body["type"] == "urn:stepgate:problem:idempotency-key-reused")
        }
    }
}
