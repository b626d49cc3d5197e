import Foundation
import FoundationNetworking
import Synchronization
import Testing
import Values

/// Releases that change under a server at work, by the built program.
@Suite(.serialized)  // Each test starts processes that share two cores.
struct ReleaseTests {
    private let program: Program

    init() throws {
        program = try Program()
        try program.write("stepgate.yaml", "models: {}\n")
        try write(bound: 10)
    }

    private func write(bound: Int) throws {
        try program.write(
            "Policies/refund.yaml",
            """
            policy: refund
            autonomy: manual
            input: {amount: number}
            output: {action(enum): [refund, reject]}
            rules: [{id: small, when: input.amount <= \(bound), decide: {action: refund}}]
            """
        )
    }

    private func ask(_ url: String, _ token: String) async throws -> (status: Int, body: JSON) {
        try await Wire.send(
            url + "/v1/decisions",
            "POST",
            token,
            #"{"policy":"refund","input":{"amount":50}}"#,
            ["Prefer": "wait=0"]
        )
    }

    /// Asks until an answer is decided under that release; how long that took.
    private func until(
        _ release: String,
        _ url: String,
        _ token: String
    ) async throws -> Duration {
        let clock = ContinuousClock()
        let start = clock.now
        while true {
            let answer = try await ask(url, token)
            #expect([200, 202].contains(answer.status))
            if answer.body["release"]?.string == release { return clock.now - start }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a promotion and a rollback from another process take effect, and no request is dropped`()
        async throws
    {
        let server = try Server(program)
        let (url, agent) = (server.url, try program.token("agent"))
        let first = try #require(try await ask(url, agent).body["release"]?.string)
        let isOver = Flag()
        let (asked, failed) = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var (asked, failed) = (0, 0)
                    while !isOver.isUp {
                        let answer = try? await ask(url, agent)
                        asked += 1
                        if ![200, 202].contains(answer?.status ?? 0) { failed += 1 }
                    }
                    return (asked, failed)
                }
            }
            try write(bound: 100)
            let draft = try program.json("release", "--note", "larger refunds", "--as", "ada")
            let second = try #require(draft["release"]?.string)
            #expect(second != first)
            #expect(try await ask(url, agent).body["release"]?.string == first)
            #expect(try program.run("promote", String(second.prefix(12)), "--as", "ada").code == 0)
            let there = try await until(second, url, agent)
            #expect(try await ask(url, agent).status == 200)
            #expect(try program.run("rollback", "--as", "bob").code == 0)
            let back = try await until(first, url, agent)
            print("in effect after \(there), rolled back after \(back)")
            isOver.raise()
            return try await group.reduce(into: (0, 0)) { $0 = ($0.0 + $1.0, $0.1 + $1.1) }
        }
        #expect(asked > 0)
        #expect(failed == 0)
        let list = try program.json("releases")
        #expect(list["live"]?.string == first)
        let acts = list["promotions"]?.array?.map { $0["act"]?.string }
        #expect(acts == ["rolled_back", "promoted", "promoted"])
        #expect(list["releases"]?.array?.first?["note"]?.string == "larger refunds")
        server.process.terminate()
        server.process.waitUntilExit()
        #expect(try program.run("log", "verify").code == 0)
    }

    @Test(.timeLimit(.minutes(2)))
    func
        `a watched folder goes live when it is valid, and a broken change keeps the last good one`()
        async throws
    {
        let server = try Server(program, ["--watch"])
        let (url, agent) = (server.url, try program.token("agent"))
        let first = try #require(try await ask(url, agent).body["release"]?.string)
        try program.write("Policies/refund.yaml", "policy: refund\nautonomi: manual\n")
        var told = ""
        while !told.contains("keeps serving") {
            let more = server.errors.fileHandleForReading.availableData
            if more.isEmpty { break }
            told += String(decoding: more, as: UTF8.self)
        }
        #expect(told.contains("\"fix\":\"write 'autonomy'"))
        #expect(told.contains("Policies/refund.yaml"))
        #expect(try await ask(url, agent).body["release"]?.string == first)
        try write(bound: 100)
        let check = try program.json("check")
        let second = try #require(check["release"]?.string)
        _ = try await until(second, url, agent)
        #expect(try await ask(url, agent).status == 200)
        let list = try program.json("releases")
        #expect(list["promotions"]?.array?.first?["act"]?.string == "watched")
        server.process.terminate()
        server.process.waitUntilExit()
        #expect(server.process.terminationStatus == 0)

        // What was live stays so, whatever the folder says.
        try program.write("Policies/refund.yaml", "policy: refund\nautonomi: manual\n")
        let again = try Server(program)
        #expect(try await ask(again.url, agent).body["release"]?.string == second)
        again.process.terminate()
        again.process.waitUntilExit()
    }
}

/// Raised once, seen by all.
private final class Flag: Sendable {
    private let state = Mutex(false)

    var isUp: Bool { state.withLock { $0 } }

    func raise() { state.withLock { $0 = true } }
}
