import Foundation
import FoundationNetworking
import Testing
import Values

/// What a server writes to standard error while it serves.
@Suite(.serialized)  // Each test starts processes that share two cores.
struct LogEndToEndTests {
    private let program: Program

    init() throws {
        program = try Program()
        try program.write("stepgate.yaml", "models: {}\n")
        try program.write(
            "Policies/refund.yaml",
            """
            policy: refund
            autonomy: manual
            input: {amount: number}
            output: {action(enum): [refund, reject]}
            rules: [{id: small, when: input.amount <= 20, decide: {action: refund}}]
            """
        )
    }

    private func send(
        _ url: String,
        _ token: String?,
        _ body: String? = nil
    ) async throws -> (status: Int, text: String) {
        var request = URLRequest(url: try #require(URL(string: url)), timeoutInterval: 20)
        request.httpMethod = body == nil ? "GET" : "POST"
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        // Foundation would say that it is a form.
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = body.map { Data($0.utf8) }
        let (data, response) = try await URLSession.shared.data(for: request)
        return (
            (response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self)
        )
    }

    @Test(.timeLimit(.minutes(2)))
    func `a server writes one object a line, from its start to its stop, and is measured`()
        async throws
    {
        let (output, errors) = (Pipe(), Pipe())
        let process = try program.start(
            ["serve", "--port", "0", "--json", "--log", "json", "--rate", "2/h"],
            output: output,
            errors: errors
        )
        var told = Data()
        while (try? JSON.read([UInt8](told))) == nil {
            let more = output.fileHandleForReading.availableData
            try #require(!more.isEmpty)
            told += more
        }
        let first = try JSON.read([UInt8](told))
        let url = try #require(first["url"]?.string)
        let admin = try #require(first["admin_token"]?.string)
        let made = try program.json(
            "token",
            "create",
            "--name",
            "ops",
            "--role",
            "operator",
            "--rate",
            "100/s"
        )
        let operating = try #require(made["secret"]?.string)
        #expect(made["rate"] == "100/s")
        let body = #"{"policy":"refund","input":{"amount":12345e-3}}"#
        #expect(try await send(url + "/v1/decisions", admin, body).status == 200)
        #expect(try await send(url + "/v1/decisions", nil, body).status == 401)
        #expect(try await send(url + "/v1/policies", admin).status == 200)
        #expect(try await send(url + "/v1/policies", admin).status == 429)
        let page = try await send(url + "/metrics", operating)
        #expect(page.status == 200)
        let decided = #"stepgate_decisions_total{policy="refund",route="rules",state="decided"} 1"#
        #expect(page.text.contains(decided))
        #expect(page.text.contains("\nprocess_resident_memory_bytes "))
        #expect(page.text.contains("\nprocess_open_fds "))
        #expect(page.text.contains("\nstepgate_rate_limited_total{limit=\"token\"} 1\n"))
        process.terminate()
        let text = String(
            decoding: errors.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let lines = try text.split(separator: "\n").map { try JSON.read(Array($0.utf8)) }
        #expect(
            lines.compactMap { $0["event"]?.string } == [
                "started", "decision", "refused", "refused", "stopping", "stopped",
            ]
        )
        #expect(lines.allSatisfy { $0["time"]?.string?.hasSuffix("Z") == true })
        for secret in [admin, operating, "12345", "12.345"] { #expect(!text.contains(secret)) }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a log that nobody reads holds neither the server up nor its end, and may go`()
        async throws
    {
        let (output, errors) = (Pipe(), Pipe())
        let process = try program.start(
            ["serve", "--port", "0", "--json", "--log-level", "debug"],
            output: output,
            errors: errors
        )
        let told = output.fileHandleForReading.availableData
        let url = try #require(try JSON.read([UInt8](told))["url"]?.string)
        // More than the 64 KiB that a pipe holds.
        for _ in 0..<1_000 { #expect(try await send(url + "/healthz", nil).status == 200) }
        // And a reader who has gone does not take the server along.
        try errors.fileHandleForReading.close()
        for _ in 0..<10 { #expect(try await send(url + "/healthz", nil).status == 200) }
        process.terminate()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func `a word that is no format, level or rate is told`() throws {
        for (option, value) in [("--log", "xml"), ("--log-level", "loud"), ("--rate", "often")] {
            let ended = try program.run("serve", option, value)
            #expect(ended.code == 2)
            #expect(ended.errors.contains("got '\(value)'"), "\(ended.errors)")
        }
    }
}
