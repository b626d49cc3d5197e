import Foundation
import Testing
import Values

/// Whole runs by the built program: people on the command line, workers and callers over HTTP.
@Suite(.serialized)  // Each test starts processes that share two cores.
struct RunEndToEndTests {
    private let program: Program

    init() throws {
        program = try Program()
        try program.write("stepgate.yaml", "models: {}\n")
        try program.write(
            "Flows/order.yaml",
            """
            flow: order
            stages: [approval, payout, told]
            input: {order: string, amount: number}
            fields: {amount: number}
            steps:
              - id: approve
                stage: approval
                review: {queue: finance, approvals: 2, show: {amount: "${{ input.amount }}"}}
              - id: pay
                stage: payout
                work: {kind: pay, output: {reference: string}}
                with: {order: "${{ input.order }}"}
              - id: back
                stage: told
                wait: {callback: {output: {ok: boolean}}}
              - id: paid
                wait: {event: {type: com.example.paid, match: event.data.order == input.order}}
            output: {reference: "${{ steps.pay.output.reference }}"}
            """
        )
        try program.write(
            "Flows/onboarding.yaml",
            """
            flow: onboarding
            stages: [account, mailbox]
            input: {name: string}
            steps:
              - id: account
                stage: account
                work: {kind: account, output: {login: string}}
                with: {name: "${{ input.name }}"}
              - id: mailbox
                stage: mailbox
                work: {kind: mailbox, output: {address: string}}
                with: {login: "${{ steps.account.output.login }}"}
                on_failure: pause
            output:
              login: "${{ steps.account.output.login }}"
              address: "${{ steps.mailbox.output.address }}"
            """
        )
    }

    private func claim(_ server: Server, _ token: String, _ kind: String) async throws -> JSON {
        let answer = try await Wire.send(
            server.url + "/v1/work:claim",
            "POST",
            token,
            #"{"kinds":["\#(kind)"],"worker":"w1"}"#,
            ["Prefer": "wait=10"]
        )
        return try #require(answer.body["work"]?.array?.first, "\(answer.body)")
    }

    private func end(
        _ server: Server,
        _ token: String,
        _ item: JSON,
        _ word: String,
        _ members: String
    ) async throws -> Int {
        let path = item["path"]?.string ?? ""
        let epoch = item["epoch"]?.integer ?? 0
        let body = #"{"epoch":\#(epoch),\#(members)}"#
        return try await Wire.send(server.url + "\(path):\(word)", "POST", token, body).status
    }

    @Test(.timeLimit(.minutes(2)))
    func
        `people approve, a worker pays, a callback and an event come, and the run ends`()
        async throws
    {
        let input = #"{"order": "O-1", "amount": 700}"#
        let begun = try program.run("run", "start", "order", "--input", input, "--key", "a")
        #expect(begun.code == 0, "\(begun.errors)")
        let server = try Server(program)
        defer { server.process.terminate() }
        let id = begun.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let again = try program.json(
            "run",
            "start",
            "order",
            "--input",
            input,
            "--key",
            "a",
            "--wait",
            "10s"
        )
        #expect(again["run"]?.string == id)
        #expect(again["new"] == false)
        let stuck = try program.json("stuck", "--stage", "approval")
        #expect(stuck.array?.first?["holder"]?["queue"] == "finance")
        let review = try #require(stuck.array?.first?["holder"]?["review"]?.string)
        for person in ["ada", "bob"] {
            #expect(try program.run("review", "approve", review, "--as", person).code == 0)
        }
        let token = try program.token("agent")
        let item = try await claim(server, token, "pay")
        #expect(item["input"] == ["order": "O-1"])
        let shown = try program.run("run", "show", String(id.prefix(13)))
        #expect(shown.output.contains("w1@agent"), "\(shown.output)\(shown.errors)")
        let owned = try program.json("run", "list", "--owner", "w1@agent")
        #expect(owned.array?.map { $0["run"]?.string } == [id], "\(owned)")
        let held = try program.json("stuck", "--owner", "w1@agent")
        #expect(held.array?.map { $0["run"]?.string } == [id], "\(held)")
        #expect(try program.json("stuck", "--owner", "nobody") == [])
        let output = #""output":{"reference":"R-1"}"#
        #expect(try await end(server, token, item, "complete", output) == 200)
        let run = try program.json("run", "show", id)
        let steps = run["steps"]?.array ?? []
        let addresses = steps.compactMap { $0["callback_url"]?.string }
        let address = try #require(addresses.first)
        let called = try await Wire.send(server.url + address, "POST", nil, #"{"ok":true}"#)
        #expect(called.status == 200)
        let sent = try program.json(
            "run",
            "event",
            "com.example.paid",
            "--data",
            #"{"order": "O-1"}"#
        )
        #expect(sent["taken"] == 1)
        let watched = try program.run("run", "watch", id)
        #expect(watched.code == 0)
        #expect(watched.output.contains("pay succeeded"), "\(watched.output)")
        let ended = try program.json("run", "list", "--field", "amount>100", "--state", "completed")
        #expect(ended.array?.first?["run"]?.string == id)
    }

    @Test(.timeLimit(.minutes(2)))
    func
        `what the command line does to a run is told to those who follow, and they go on after a break`()
        async throws
    {
        let server = try Server(program)
        defer { server.process.terminate() }
        let token = try program.token("operator")
        func follow(_ more: String) throws -> BareClient {
            let client = try BareClient(port: try #require(UInt16(server.port)))
            #expect(
                client.send(
                    "GET /v1/events?flow=order HTTP/1.1\r\nHost: x\r\n"
                        + "Authorization: Bearer \(token)\r\n\(more)\r\n"
                )
            )
            return client
        }
        let first = try follow("")
        #expect(first.text(until: "retry: 2000").hasPrefix("HTTP/1.1 200"))
        let input = #"{"order": "O-1", "amount": 700}"#
        let begun = try program.run("run", "start", "order", "--input", input)
        let id = begun.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let started = first.text(until: "event: run_started")
        #expect(started.contains("event: run_started"), "\(started)")
        // Acts of another process, of which this one sees the rows alone.
        #expect(try program.run("run", "pause", id).code == 0)
        #expect(first.text(until: "event: run_paused").contains("event: run_paused"))
        #expect(try program.run("run", "cancel", id).code == 0)
        let told = first.text(until: "event: run_cancelled")
        #expect(told.contains("event: run_cancelled"), "\(told)")
        let ids = told.split(separator: "\r\n").flatMap { $0.split(separator: "\n") }
            .filter { $0.hasPrefix("id: ") }.map { String($0.dropFirst(4)) }
        let paused = try #require(ids.first { $0.hasSuffix(".2") }, "\(ids)")
        let again = try follow("Last-Event-ID: \(paused)\r\n")
            .text(until: "event: run_cancelled")
        #expect(again.contains("event: run_cancelled"))
        #expect(!again.contains("event: run_paused"))
        #expect(again.contains(#""state":"cancelled""#))
        let wrong = try follow("Last-Event-ID: x\r\n").text(until: "'N.M'")
        #expect(wrong.hasPrefix("HTTP/1.1 400") && wrong.contains("'N.M'"))
    }

    @Test(.timeLimit(.minutes(2)))
    func
        `a step that failed is mended, and the run goes on with what was done before it`()
        async throws
    {
        let server = try Server(program)
        defer { server.process.terminate() }
        let agent = try program.token("agent")
        let started = try await Wire.send(
            server.url + "/v1/runs",
            "POST",
            agent,
            #"{"flow":"onboarding","input":{"name":"Ada"}}"#
        )
        #expect(started.status == 201)
        let id = try #require(started.body["run"]?.string)
        let account = try await claim(server, agent, "account")
        let login = #""output":{"login":"a b"}"#
        #expect(try await end(server, agent, account, "complete", login) == 200)
        let mailbox = try await claim(server, agent, "mailbox")
        let why = #""message":"no such name""#
        #expect(try await end(server, agent, mailbox, "fail", why) == 200)
        let letters = try program.json("dead-letter", "list")
        #expect(letters.array?.first?["step"] == "mailbox")
        let letter = try program.json("dead-letter", "show", id, "mailbox")
        #expect(letter["input"] == ["login": "a b"])
        #expect(letter["failure"]?["message"] == "no such name")
        #expect(try program.run("run", "skip", id, "account").code == 1)
        let mended = #"{"login": "ab"}"#
        let redriven = try program.run(
            "dead-letter",
            "redrive",
            id,
            "mail",
            "--input",
            mended,
            "--as",
            "grace"
        )
        #expect(redriven.code == 0, "\(redriven.errors)")
        let second = try await claim(server, agent, "mailbox")
        #expect(second["input"] == ["login": "ab"])
        let address = #""output":{"address":"ab@example.com"}"#
        #expect(try await end(server, agent, second, "complete", address) == 200)
        #expect(try program.run("run", "watch", id).code == 0)
        let run = try program.json("run", "show", id)
        #expect(run["output"] == ["login": "a b", "address": "ab@example.com"])
    }

    @Test(.timeLimit(.minutes(2)))
    func `an http step calls into this machine only where that is allowed`() throws {
        try program.write(
            "Flows/call.yaml",
            """
            flow: call
            input: {url: string}
            steps:
              - id: call
                http: {method: GET, url: "${{ input.url }}", response: {status: string}}
            output: {status: "${{ steps.call.output.body.status }}"}
            """
        )
        for options in [["--allow-private-http"], []] {
            let server = try Server(program, options)
            let run = try program.json(
                "run",
                "start",
                "call",
                "--input",
                #"{"url": "\#(server.url)/healthz"}"#,
                "--wait",
                "10s"
            )
            if options.isEmpty {
                #expect(run["state"] == "dead", "\(run)")
                let letters = try program.json("dead-letter", "list")
                #expect(letters.array?.first?["failure"]?["kind"] == "refused", "\(letters)")
            } else {
                #expect(run["output"] == ["status": "ok"], "\(run)")
            }
            server.process.terminate()
            server.process.waitUntilExit()
            #expect(server.process.terminationStatus == 0)
        }
    }
}
