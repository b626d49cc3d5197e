import Foundation
import Synchronization
import Testing
import Values

/// A server that drives runs, killed again and again while they are started and worked at.
@Suite(.serialized)  // It starts processes that share two cores.
struct RunKillTests {
    /// What was acknowledged.
    private final class Told: Sendable {
        private struct State {
            /// The run of each key, as the first answer said.
            var runs: [String: String] = [:]
            /// Attempts whose completion was acknowledged.
            var completed: Set<String> = []
            var contradictions: [String] = []
            var isOver = false
        }

        private let state = Mutex(State())
        /// One for each acknowledgement.
        let news: AsyncStream<Void>
        private let tell: AsyncStream<Void>.Continuation

        init() { (news, tell) = AsyncStream.makeStream() }

        var runs: [String: String] { state.withLock { $0.runs } }
        var completed: Set<String> { state.withLock { $0.completed } }
        var contradictions: [String] { state.withLock { $0.contradictions } }
        var isOver: Bool { state.withLock { $0.isOver } }

        func started(_ key: String, _ run: String) {
            state.withLock { state in
                if let known = state.runs[key], known != run {
                    state.contradictions.append("\(key): \(known), then \(run)")
                }
                state.runs[key] = run
            }
            tell.yield()
        }

        func completed(_ attempt: String) {
            state.withLock { state in
                if !state.completed.insert(attempt).inserted {
                    state.contradictions.append("\(attempt) was accepted twice")
                }
            }
            tell.yield()
        }

        func end() { state.withLock { $0.isOver = true } }
    }

    private static let kills =
        ProcessInfo.processInfo.environment["STEPGATE_KILLS"].flatMap { Int($0) } ?? 5

    private let program: Program

    init() throws {
        program = try Program()
        try program.write("stepgate.yaml", "models: {}")
        try program.write(
            "Policies/refund.yaml",
            """
            policy: refund
            autonomy: manual
            input: {amount: number}
            output: {action(enum): [refund, reject]}
            rules: [{id: all, when: input.amount <= 1000, decide: {action: refund}}]
            """
        )
        try program.write(
            "Flows/order.yaml",
            """
            flow: order
            stages: [deciding, packing]
            input: {amount: number, tags(array): string}
            steps:
              - {id: first, stage: deciding, decide: refund, with: {amount: "${{ input.amount }}"}}
              - {id: second, decide: refund, with: {amount: "${{ input.amount }}"}}
              - id: parts
                each:
                  in: input.tags
                  as: tag
                  limit: 2
                  do: [{id: part, decide: refund, with: {amount: "${{ input.amount }}"}}]
              - {id: pack, stage: packing, work: {kind: pack}, timeout: 2s}
              - {id: last, set: {done: true}}
            """
        )
    }

    private static func start(
        _ client: Int,
        _ port: String,
        _ token: String,
        _ told: Told
    ) async {
        var number = 0
        while !told.isOver {
            let key = "k-\(client)-\(number)"
            let body =
                #"{"flow":"order","input":{"amount":\#(number % 50),"tags":["a","b","c"]}}"#
            let reply = try? await Wire.send(
                "http://127.0.0.1:\(port)/v1/runs",
                "POST",
                token,
                body,
                ["Idempotency-Key": "\"\(key)\""]
            )
            guard let reply, [200, 201].contains(reply.status),
                let run = reply.body["run"]?.string
            else { continue }
            told.started(key, run)
            number += 1
        }
    }

    /// Claims and completes until all is over; what it hears nothing of it may do again.
    private static func work(_ port: String, _ token: String, _ told: Told) async {
        let url = "http://127.0.0.1:\(port)/v1/work"
        while !told.isOver {
            let claimed = try? await Wire.send(
                url + ":claim",
                "POST",
                token,
                #"{"kinds":["pack"],"worker":"w","limit":5}"#
            )
            for item in claimed?.body["work"]?.array ?? [] {
                guard let run = item["run"]?.string, let step = item["step"]?.string,
                    let epoch = item["epoch"]?.integer
                else { continue }
                let done = try? await Wire.send(
                    url + "/\(run)/\(step):complete",
                    "POST",
                    token,
                    #"{"epoch":\#(epoch),"output":{"packed":true}}"#
                )
                if done?.status == 200 { told.completed("\(run)/\(step)") }
            }
        }
    }

    @Test(.timeLimit(.minutes(30)))
    func `killed under load, every run that was acknowledged ends, each step once`() async throws {
        var server = try Server(program, ["--watch"])
        try #require(server.port != "", "it did not start")
        let (agent, person) = (try program.token("agent"), try program.token("operator"))
        let port = server.port
        let told = Told()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<3 { group.addTask { await Self.start(client, port, agent, told) } }
            group.addTask { await Self.work(port, agent, told) }
            var heard = told.news.makeAsyncIterator()
            for _ in 0..<Self.kills {
                for _ in 0..<Int.random(in: 1...60) { await heard.next() }
                kill(server.process.processIdentifier, SIGKILL)
                server.process.waitUntilExit()
                server = try Server(program, port: port, ["--watch"])
                try #require(server.port == port, "it did not start again")
            }
            told.end()
            try await group.waitForAll()
        }
        try await end(server, agent, person)
        try check(told)
        Attachment.record(
            "\(Self.kills) kills; \(told.runs.count) runs acknowledged, "
                + "\(told.completed.count) attempts",
            named: "run-kills.txt"
        )
    }

    /// Works until every run has ended, and stops the server.
    private func end(_ server: Server, _ agent: String, _ person: String) async throws {
        let rest = Told()
        let (port, url) = (server.port, server.url)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await Self.work(port, agent, rest) }
            var live: Int?
            while live != 0 {
                let page = try await Wire.send(
                    url + "/v1/runs?state=running&limit=10",
                    "GET",
                    person
                )
                try #require(page.status == 200, "\(page)")
                live = page.body["runs"]?.array?.count
            }
            rest.end()
            try await group.waitForAll()
        }
        server.process.terminate()
        server.process.waitUntilExit()
        #expect(server.process.terminationStatus == 0)
    }

    private func check(_ told: Told) throws {
        #expect(told.contradictions == [])
        #expect(!told.runs.isEmpty)
        let examined = try program.run("doctor", "--dry-run")
        #expect(examined.code == 0, "\(examined.output)\(examined.errors)")
        for (key, id) in told.runs {
            let run = try program.json("run", "show", id)
            #expect(run["state"]?.string == "completed", "\(key): \(run["state"] ?? .null)")
            #expect(run["output"]?["done"] == true)
        }
        let verified = try program.run("log", "verify")
        #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
    }
}
