import Foundation
import FoundationNetworking
import Synchronization
import Testing
import Values

/// The gateway by the built program over real sockets, killed and stopped.
@Suite(.serialized)  // Each test starts processes that share two cores.
struct ServeTests {
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

    /// What the clients were told.
    private final class Told: Sendable {
        private let state = Mutex((answered: [String: String](), isOver: false))

        var answered: [String: String] { state.withLock { $0.answered } }
        var isOver: Bool { state.withLock { $0.isOver } }

        func note(_ key: String, _ id: String) { state.withLock { $0.answered[key] = id } }
        func end() { state.withLock { $0.isOver = true } }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a step is asked, reviewed and answered over the wire, and the server stops when told`()
        async throws
    {
        let server = try Server(program)
        #expect(server.told.contains("the first admin token, shown once: sgt_") || server.url != "")
        let (agent, reviewer) = (try program.token("agent"), try program.token("reviewer"))
        let url = server.url
        let small = try await Wire.send(
            url + "/v1/decisions",
            "POST",
            agent,
            #"{"policy":"refund","input":{"amount":5}}"#
        )
        #expect(small.status == 200)
        #expect(small.body["output"] == ["action": "refund"])
        #expect(try await Wire.send(url + "/v1/reviews", "GET", agent).status == 403)
        let document = try await Wire.send(url + "/v1/openapi.json", "GET", nil)
        #expect(document.body == (try program.json("api")))
        let malformed = try await Wire.send(url + "/v1/decisions?policy=%00", "GET", agent)
        #expect(malformed.status == 400)
        #expect(malformed.body["type"] == "urn:stepgate:problem:malformed")

        let answer = try await withThrowingTaskGroup { group in
            group.addTask {
                try await Wire.send(
                    url + "/v1/decisions",
                    "POST",
                    agent,
                    #"{"policy":"refund","input":{"amount":50}}"#,
                    ["Prefer": "wait=30"]
                )
            }
            var review: String?
            while review == nil {
                let list = try await Wire.send(url + "/v1/reviews", "GET", reviewer)
                review = list.body["reviews"]?.array?.first?["review"]?.string
            }
            // From another process, so that the server must find out by itself.
            let decided = try program.run(
                "review",
                "decide",
                review ?? "",
                "--output",
                #"{"action":"reject"}"#,
                "--as",
                "ada"
            )
            #expect(decided.code == 0, "\(decided.errors)")
            return try await group.next()
        }
        #expect(answer?.status == 200)
        #expect(answer?.body["output"] == ["action": "reject"])

        server.process.terminate()
        server.process.waitUntilExit()
        #expect(server.process.terminationStatus == 0)
        #expect(try program.run("log", "verify").code == 0)
    }

    @Test(.timeLimit(.minutes(3)))
    func `killed under load, nothing that was answered is lost, and each key has one decision`()
        async throws
    {
        var server = try Server(program)
        let agent = try program.token("agent")
        let port = server.port
        let told = Told()
        let kills = 6
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<8 {
                group.addTask {
                    var number = 0
                    while !told.isOver {
                        let key = "k-\(client)-\(number)"
                        // A client that hears nothing asks again with its key until it hears.
                        while true {
                            let reply = try? await Wire.send(
                                "http://127.0.0.1:\(port)/v1/decisions",
                                "POST",
                                agent,
                                #"{"policy":"refund","input":{"amount":\#(number % 30)}}"#,
                                ["Idempotency-Key": "\"\(key)\"", "Prefer": "wait=0"]
                            )
                            guard let reply, [200, 202].contains(reply.status),
                                let id = reply.body["decision"]?.string
                            else { continue }
                            told.note(key, id)
                            break
                        }
                        number += 1
                    }
                }
            }
            for round in 1...kills {
                let wanted = round * 60
                while told.answered.count < wanted { await Task.yield() }
                kill(server.process.processIdentifier, SIGKILL)
                server.process.waitUntilExit()
                server = try Server(program, port: port)
            }
            told.end()
            try await group.waitForAll()
        }
        server.process.terminate()
        server.process.waitUntilExit()
        let decisions = try program.json("decisions", "list", "--limit", "10000").array ?? []
        let known = told.answered
        #expect(known.count >= kills * 60)
        let byKey = Dictionary(
            grouping: decisions,
            by: { $0["key"]?.string ?? "" }
        )
        for (key, id) in known {
            #expect(byKey[key]?.count == 1)
            #expect(byKey[key]?.first?["decision"]?.string == id)
        }
        #expect(decisions.count == known.count)
        #expect(try program.run("log", "verify").code == 0)
    }
}
