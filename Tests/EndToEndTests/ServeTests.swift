import Foundation
import FoundationNetworking
import Testing
import Values

/// The gateway by the built program over real sockets, and stopped.
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
}
