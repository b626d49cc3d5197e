import Access
import Decisions
import Engine
import Gateway
import Storage
import TestSupport
import Testing
import Values

/// Many steps in one request.
struct BatchTests {
    private static func refund(_ amount: Int, _ key: String? = nil) -> String {
        let key = key.map { #","key":"\#($0)""# } ?? ""
        return #"{"policy":"refund","input":{"amount":\#(amount)}\#(key)}"#
    }

    @Test(arguments: [1, 7, 100_000])
    func `lines are answered in their order, and a bad one fails itself only`(
        _ size: Int
    ) async throws {
        let text =
            [
                Self.refund(5), "", Self.refund(50, "a") + "\r", #"{"policy": refund}"#, " \r",
                #"{"policy":"refnd","input":{}}"#,
                #"{"policy":"refund","input":{"amount":"x","more":1}}"#,
                Self.refund(51, "a"), Self.refund(50, "a"),
                #"{"policy":"refund","input":{"amount":1},"kye":"b"}"#,
                #"{"policy":"refund","input":{"amount":1},"key":7}"#,
                #"{"policy":"audited","input":{"amount":1}}"#,
            ].joined(separator: "\n")
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let answer = try await world.batch(.of(text, by: size))
                #expect(answer.status == 200)
                #expect(answer.headers["content-type"] == "application/x-ndjson")
                let lines = answer.lines
                #expect(lines.map { $0["line"]?.integer } == [1, 3, 4, 6, 7, 8, 9, 10, 11, 12])
                #expect(
                    lines.map { $0["status"]?.integer } == [
                        200, 202, 400, 404, 422, 422, 202, 422, 422, 200,
                    ]
                )
                #expect(lines[0]["decision"]?["output"] == ["action": "refund"])
                let id = try #require(lines[1]["decision"]?["decision"]?.string)
                #expect(lines[1]["location"] == .string("/v1/decisions/\(id)"))
                #expect(lines[1]["decision"]?["output"] == .null)
                #expect(lines[6]["decision"]?["decision"] == .string(id))
                #expect(lines[2]["problem"]?["detail"]?.string?.hasPrefix("line 4, col") == true)
                let near = try #require(lines[3]["problem"]?["detail"]?.string)
                #expect(near.contains("did you mean 'refund'?"))
                let pointers = lines[4]["problem"]?["errors"]?.array?.map { $0["pointer"] }
                #expect(pointers?.count == 2)
                let reused = "urn:stepgate:problem:idempotency-key-reused"
                #expect(lines[5]["problem"]?["type"] == .string(reused))
                let stranger = try #require(lines[7]["problem"]?["detail"]?.string)
                #expect(stranger.contains("did you mean 'key'?"))
                #expect(try await world.store.decisions(DecisionQuery()).count == 3)
                #expect(try await world.store.verified().isWhole)
            }
        }
    }

    @Test(arguments: [
        #"{"policy":"refnd","input":{}}"#, #"{"policy":"refund","input":{"amount":"x"}}"#,
        #"{"policy":"refund"}"#, "[]",
    ])
    func `a bad line is told as the same request alone is`(_ text: String) async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let alone = try await world.send(
                "POST",
                "/v1/decisions",
                as: .agent,
                try JSON.read(text)
            )
            // What is no stream, such as a small body that was read, is taken as well.
            let response = await world.gateway.handle(
                GatewayRequest(
                    method: "POST",
                    path: "/v1/decisions:batch",
                    headers: [
                        "authorization": "Bearer \(world.secrets[.agent] ?? "")",
                        "content-type": "application/x-ndjson",
                    ],
                    body: Array(text.utf8)
                )
            )
            let listener = Listener()
            await response.stream?(listener.writer)
            let line = try #require(try listener.lines.first)
            #expect(line["problem"]?["errors"] == alone.body["errors"])
            #expect(line["problem"]?["type"] == alone.body["type"])
            #expect(line["problem"]?["detail"] == alone.body["detail"])
            #expect(line["status"]?.integer == Int64(alone.status))
        }
    }

    @Test func `what has arrived is committed before the rest is there`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let upload = Upload()
                let answer = try await withThrowingTaskGroup { group in
                    group.addTask { try await world.batch(upload).lines.count }
                    upload.send((1...5).map { Self.refund($0) + "\n" }.joined() + "{\"policy\"")
                    try await time.sleep(for: .seconds(1))
                    #expect(try await world.store.head().count == 5 + 4)
                    upload.send(#":"refund","input":{"amount":6}}"#)
                    try await time.sleep(for: .seconds(1))
                    #expect(try await world.store.head().count == 5 + 4)
                    upload.finish()
                    return try await group.next()
                }
                #expect(answer == 6)
                #expect(try await world.store.head().count == 6 + 4)
            }
        }
    }

    @Test(arguments: [GatewayBody.Failure.cut, .tooLarge])
    func `a broken upload keeps what came, found again by each line's key`(
        _ failure: GatewayBody.Failure
    ) async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let lines = (1...4).map { Self.refund($0, "k\($0)") + "\n" }.joined()
                let upload = Upload()
                // The last byte is missing, so the fourth line is not whole.
                upload.send(Array(lines.utf8.dropLast(2)))
                upload.fail(failure)
                let cut = try await world.batch(upload)
                #expect(cut.status == (failure == .cut ? 400 : 413))
                let kept = try await world.store.decisions(DecisionQuery())
                #expect(Set(kept.map(\.key)) == ["k1", "k2", "k3"])
                let again = try await world.batch(.of(lines, by: 50))
                let ids = again.lines.compactMap { $0["decision"]?["decision"]?.string }
                #expect(ids.count == 4)
                #expect(kept.allSatisfy { ids.contains($0.id.description) })
                #expect(try await world.store.decisions(DecisionQuery()).count == 4)
            }
        }
    }

    @Test func `a batch has so many lines, and what came before the next is kept`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let text =
                String(repeating: "x\n\n", count: Limits.batchLines - 1) + Self.refund(1) + "\n"
            let whole = try await world.batch(.of(text, by: 10_000))
            #expect(whole.status == 200)
            #expect(whole.lines.count == Limits.batchLines)
            #expect(whole.lines.last?["status"] == 200)
            let upload = Upload.of(text + Self.refund(2), by: 10_000)
            let more = try await world.batch(upload)
            #expect(more.status == 413)
            let detail = try #require(more.lines.first?["detail"]?.string)
            #expect(detail.contains("10000") && detail.contains("kept"))
            #expect(try await world.store.decisions(DecisionQuery()).count == 2)
        }
    }

    @Test func `an upload that is refused is not waited for`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let upload = Upload()
            upload.send(Self.refund(1) + "\n" + String(repeating: "x\n", count: Limits.batchLines))
            #expect(try await world.batch(upload).status == 413)
            #expect(try await world.store.decisions(DecisionQuery()).count == 1)
        }
    }

    @Test func `a batch has so many bytes, and a line as many as a body`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let upload = Upload()
            let long = [UInt8](repeating: 0x20, count: Gateway.bodyLimit)
            upload.send(Self.refund(1) + "\n")
            upload.send(long)
            upload.send(Self.refund(2) + "\n")
            upload.send(Self.refund(3))
            upload.finish()
            let answer = try await world.batch(upload)
            #expect(answer.lines.map { $0["status"]?.integer } == [200, 413, 200])
            #expect(answer.lines.map { $0["line"]?.integer } == [1, 2, 3])
            let large = Upload()
            large.send(Self.refund(4) + "\n")
            large.send([UInt8](repeating: 0x20, count: Gateway.streamedBodyLimit))
            let refused = try await world.batch(large)
            #expect(refused.status == 413)
            #expect(refused.lines.first?["detail"]?.string?.contains("67108864 bytes") == true)
            #expect(try await world.store.decisions(DecisionQuery()).count == 3)
        }
    }

    @Test func `lines that ask a model are waited for together, as long as is asked for`()
        async throws
    {
        let line = #"{"policy":"triage","input":{"message":"m"}}"# + "\n"
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time) { (.seconds(5), 0.95) }
            try await world.serving {
                let began = time.now
                let lines = String(repeating: line, count: 3) + Self.refund(50)
                let answer = try await world.batch(.of(lines, by: 1_000))
                #expect(answer.lines.map { $0["status"]?.integer } == [200, 200, 200, 202])
                #expect(answer.lines[0]["decision"]?["route"] == "model")
                #expect(time.now - began < .seconds(6))
                let short = try await world.batch(
                    .of(lines, by: 9),
                    as: .agent,
                    ["prefer": "wait=2"]
                )
                #expect(short.headers["preference-applied"] == "wait=2")
                #expect(short.lines.map { $0["status"]?.integer } == [202, 202, 202, 202])
                #expect(short.lines[0]["decision"]?["state"] == "asking")
                #expect(short.lines[0]["location"]?.string?.hasPrefix("/v1/decisions/") == true)
            }
        }
    }

    @Test func `who may not ask is told before anything of the body is read`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let upload = Upload()
            let refused = try await world.batch(upload, as: .reviewer)
            #expect(refused.status == 403)
            #expect(upload.reads == 0)
            #expect(Gateway.pace(method: "POST", path: "/v1/decisions:batch") == .streamed)
            #expect(Gateway.pace(method: "GET", path: "/v1/decisions:batch") == .usual)
            #expect(Gateway.pace(method: "POST", path: "/v1/decisions") == .brief)
        }
    }

    @Test func `a token revoked during an upload is worth nothing from then on`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let token = try #require(try await world.tokens.all().first { $0.role == .agent })
            let upload = Upload()
            let lines = try await withThrowingTaskGroup { group in
                group.addTask { try await world.batch(upload).lines }
                upload.send(Self.refund(1) + "\n")
                try await time.sleep(for: .seconds(1))
                _ = try await world.tokens.revoke(token.id, by: "ann")
                upload.send(Self.refund(2))
                upload.finish()
                return try await group.next()
            }
            #expect(lines?.map { $0["status"]?.integer } == [200, 401])
            #expect(try await world.store.decisions(DecisionQuery()).count == 1)
        }
    }

    @Test func `a server that stops takes no further lines, and tells each`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            let upload = Upload()
            let answer = try await world.serving {
                try await withThrowingTaskGroup { group in
                    group.addTask { try await world.batch(upload).lines }
                    upload.send(Self.refund(1) + "\n")
                    try await time.sleep(for: .seconds(1))
                    world.service.stop()
                    upload.send(Self.refund(2))
                    upload.finish()
                    return try await group.next()
                }
            }
            #expect(answer?.map { $0["status"]?.integer } == [200, 503])
        }
    }

    @Test func `an answer that would grow without bound is told in brief`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            // Each line is wrong at many places whose long names are told.
            let name = String(repeating: "n", count: 20_000)
            let members = (0..<90).map { #""\#(name)\#($0)":1"# }.joined(separator: ",")
            let line = #"{"policy":"refund","input":{"amount":1,\#(members)}}"# + "\n"
            let upload = Upload()
            for _ in 0..<7 { upload.send(line) }
            upload.send(Self.refund(1))
            upload.finish()
            let answer = try await world.batch(upload)
            #expect(answer.text.utf8.count < Limits.batchAnswerBytes + (1 << 20))
            #expect(answer.lines.count == 8)
            #expect(answer.lines[0]["problem"]?["errors"]?.array?.count == 90)
            #expect(answer.lines[6]["problem"]?["errors"] == nil)
            #expect(answer.lines[6]["status"] == 422)
            #expect(answer.lines[7]["decision"]?["output"] == ["action": "refund"])
        }
    }
}
