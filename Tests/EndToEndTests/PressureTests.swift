import Foundation
import FoundationNetworking
import Testing
import Values

/// A server whose disk takes nothing for a while.
@Suite(.serialized)  // Each test starts processes that share two cores.
struct PressureTests {
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

    /// Bounds how large the files may become that a process writes, as a full disk does.
    private func bound(_ process: Process, _ size: String) throws {
        let tool = Process()
        tool.executableURL = URL(filePath: "/usr/bin/prlimit")
        tool.arguments = ["--pid", "\(process.processIdentifier)", "--fsize=\(size)"]
        try tool.run()
        tool.waitUntilExit()
        try #require(tool.terminationStatus == 0)
    }

    @Test(.timeLimit(.minutes(2)))
    func `a full disk stops acknowledging, reads go on, and it recovers by itself`() async throws {
        let server = try Server(program)
        let (url, agent) = (server.url, try program.token("agent"))
        func ask(_ key: String) async throws -> (status: Int, body: JSON) {
            try await Wire.send(
                url + "/v1/decisions",
                "POST",
                agent,
                #"{"policy":"refund","input":{"amount":5}}"#,
                ["Idempotency-Key": "\"\(key)\""]
            )
        }
        let first = try await ask("a")
        #expect(first.status == 200)
        let id = try #require(first.body["decision"]?.string)

        try bound(server.process, "4096:unlimited")
        for number in 0..<20 {
            let refused = try await ask("full-\(number)")
            #expect(refused.status == 503)
            #expect(refused.body["type"]?.string == "urn:stepgate:problem:unavailable")
        }
        #expect(try await Wire.send(url + "/v1/decisions/\(id)", "GET", agent).status == 200)
        #expect(try await Wire.send(url + "/readyz", "GET", nil).status == 200)

        try bound(server.process, "unlimited:unlimited")
        // The same keys: what was refused was not remembered, and what is taken on now is one each.
        for number in 0..<20 { #expect(try await ask("full-\(number)").status == 200) }
        #expect(try await ask("a").body["decision"]?.string == id)
        server.process.terminate()
        server.process.waitUntilExit()
        #expect(server.process.terminationStatus == 0)
        #expect(try program.json("decisions", "list", "--limit", "100").array?.count == 21)
        #expect(try program.run("log", "verify").code == 0)
    }
}
