import Decisions
import Foundation
import FoundationNetworking
import Storage
import StorageSQLite
import Synchronization
import Testing
import Values

/// A server that is killed again and again while all kinds of clients ask.
@Suite(.serialized)  // It starts processes that share two cores.
struct KillTests {
    /// What the clients were told, and what they are still to hear.
    private final class Told: Sendable {
        private struct State {
            /// The decision of each key, as the first answer said.
            var decisions: [String: String] = [:]
            var states: [Int: Int] = [:]
            var contradictions: [String] = []
            var callbacks: Set<String> = []
            var isOver = false
        }

        private let state = Mutex(State())
        /// One for each key acknowledged.
        let news: AsyncStream<Void>
        private let tell: AsyncStream<Void>.Continuation

        init() { (news, tell) = AsyncStream.makeStream() }

        var decisions: [String: String] { state.withLock { $0.decisions } }
        var states: [Int: Int] { state.withLock { $0.states } }
        var contradictions: [String] { state.withLock { $0.contradictions } }
        var callbacks: Set<String> { state.withLock { $0.callbacks } }
        var isOver: Bool { state.withLock { $0.isOver } }

        func note(_ key: String, _ id: String, _ status: Int, hasCallback: Bool = false) {
            state.withLock { state in
                if let known = state.decisions[key], known != id {
                    state.contradictions.append("\(key): \(known), then \(id)")
                }
                state.decisions[key] = id
                state.states[status, default: 0] += 1
                if hasCallback { state.callbacks.insert(id) }
            }
            tell.yield()
        }

        func end() { state.withLock { $0.isOver = true } }
    }

    /// One request with its key, which is sent until it is answered.
    private struct Step: Sendable {
        let key: String
        let body: String
        var wait = 0
        var hasCallback = false
    }

    private static let kills =
        ProcessInfo.processInfo.environment["STEPGATE_KILLS"].flatMap { Int($0) } ?? 6

    private let program: Program
    private let model: PracticeModel
    private let receiver: CallbackReceiver

    init() throws {
        program = try Program()
        _ = try program.run("init", ".")
        model = try PracticeModel(program)
        receiver = try CallbackReceiver()
        try program.write(
            "stepgate.yaml",
            "models: {m: {shape: decisions, model: practice-1, "
                + "url: \"http://127.0.0.1:\(model.port)/v1\"}}"
        )
        try program.write("Prompts/p.prompt", #"{{fence message tag="message"}}"#)
        // Of the starter only its examples are wanted, which the practice model learns from.
        for name in ["message-triage", "refund-limit"].flatMap({
            ["\($0).yaml", "\($0).cases.yaml"]
        }) {
            try FileManager.default.removeItem(atPath: program.folder + "/Policies/" + name)
        }
        try FileManager.default.removeItem(atPath: program.folder + "/Flows")
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
        try program.write(
            "Policies/triage.yaml",
            """
            policy: triage
            autonomy: supervised
            input: {message: string}
            output: {intent(enum): [order_status, refund_request, none_of_these]}
            model:
              prompt: p
              use: m
              confidence: {from: probability, of: intent}
              on_failure: {wait: 10m, then: review}
            accept: [{threshold: 0.5}]
            """
        )
    }

    private static func step(_ client: Int, _ number: Int, callback: UInt16) -> Step {
        let key = "k-\(client)-\(number)"
        func refund(_ amount: Int, _ more: String = "") -> String {
            #"{"policy":"refund","input":{"amount":\#(amount)}\#(more)}"#
        }
        switch client {
        case 0, 1: return Step(key: key, body: refund(number % 20))
        case 2: return Step(key: key, body: refund(21 + number))
        case 3:
            let more = #","callback_url":"http://127.0.0.1:\#(callback)/""#
            return Step(key: key, body: refund(number % 20, more), hasCallback: true)
        default:
            let text = #"{"policy":"triage","input":{"message":"Where is order \#(number)?"}}"#
            return Step(key: key, body: text, wait: client == 4 ? 0 : 5)
        }
    }

    /// Sends it until it is answered: a client that hears nothing asks again with its key.
    private static func send(_ step: Step, _ port: String, _ token: String, _ told: Told) async {
        while true {
            let reply = try? await Wire.send(
                "http://127.0.0.1:\(port)/v1/decisions",
                "POST",
                token,
                step.body,
                ["Idempotency-Key": "\"\(step.key)\"", "Prefer": "wait=\(step.wait)"]
            )
            guard let reply, [200, 202].contains(reply.status),
                let id = reply.body["decision"]?.string
            else { continue }
            told.note(step.key, id, reply.status, hasCallback: step.hasCallback)
            return
        }
    }

    /// Sends a batch until all its lines are answered.
    private static func sendBatch(
        _ number: Int,
        _ port: String,
        _ token: String,
        _ told: Told
    ) async {
        guard let url = URL(string: "http://127.0.0.1:\(port)/v1/decisions:batch") else { return }
        let lines = (0..<20).map { line in
            let message = #"{"policy":"triage","input":{"message":"Order \#(line)?"}"#
            let amount = #"{"policy":"refund","input":{"amount":\#(line * 2)}"#
            return (line % 5 == 0 ? message : amount) + #","key":"b-\#(number)-\#(line)"}"#
        }
        while true {
            var request = URLRequest(url: url, timeoutInterval: 20)
            request.httpMethod = "POST"
            request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
            request.setValue("application/x-ndjson", forHTTPHeaderField: "Content-Type")
            request.httpBody = Data(lines.joined(separator: "\n").utf8)
            guard let (data, response) = try? await URLSession.shared.data(for: request),
                (response as? HTTPURLResponse)?.statusCode == 200
            else { continue }
            var isWhole = true
            let answers = data.split(separator: UInt8(ascii: "\n"))
            for answer in answers {
                guard let answer = try? JSON.read([UInt8](answer)),
                    let line = answer["line"]?.integer,
                    let id = answer["decision"]?["decision"]?.string
                else {
                    isWhole = false
                    continue
                }
                let status = Int(answer["status"]?.integer ?? 0)
                told.note("b-\(number)-\(line - 1)", id, status)
            }
            if isWhole, answers.count == lines.count { return }
        }
    }

    @Test(.timeLimit(.minutes(30)))
    func `killed under load, nothing that was answered is lost, and each key has one decision`()
        async throws
    {
        let options = ["--allow-private-callbacks"]
        var server = try Server(program, options)
        try #require(server.port != "", "it did not start")
        let agent = try program.token("agent")
        let port = server.port
        let (told, callback) = (Told(), receiver.port)
        let begun = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<7 {
                group.addTask {
                    var number = 0
                    while !told.isOver {
                        if client < 6 {
                            let step = Self.step(client, number, callback: callback)
                            await Self.send(step, port, agent, told)
                        } else {
                            await Self.sendBatch(number, port, agent, told)
                        }
                        number += 1
                    }
                }
            }
            var heard = told.news.makeAsyncIterator()
            for _ in 0..<Self.kills {
                for _ in 0..<Int.random(in: 1...120) { await heard.next() }
                kill(server.process.processIdentifier, SIGKILL)
                server.process.waitUntilExit()
                server = try Server(program, port: port, options)
                try #require(server.port == port, "it did not start again")
            }
            told.end()
            try await group.waitForAll()
        }
        let loaded = ContinuousClock.now - begun
        try await end(server)
        try await check(told)
        Attachment.record(
            "\(Self.kills) kills; \(told.decisions.count) keys acknowledged (\(told.states)) in "
                + "\(loaded); all ended after \(ContinuousClock.now - begun)",
            named: "kills.txt"
        )
    }

    /// Lets the last server run until nothing is `asking` any more, and stops it.
    private func end(_ server: Server) async throws {
        let person = try program.token("operator")
        var asking: Int?
        while asking != 0 {
            let page = try await Wire.send(
                server.url + "/v1/decisions?state=asking&limit=10",
                "GET",
                person
            )
            try #require(page.status == 200)
            asking = page.body["decisions"]?.array?.count
        }
        server.process.terminate()
        server.process.waitUntilExit()
        #expect(server.process.terminationStatus == 0)
    }

    private func check(_ told: Told) async throws {
        let decisions = try program.json("decisions", "list", "--limit", "10000").array ?? []
        try #require(decisions.count < 10_000)
        #expect(told.contradictions == [])
        let byKey = Dictionary(grouping: decisions, by: { $0["key"]?.string ?? "" })
        #expect(byKey.values.allSatisfy { $0.count == 1 })
        for (key, id) in told.decisions {
            #expect(byKey[key]?.first?["decision"]?.string == id, "\(key)")
        }
        #expect(decisions.count == told.decisions.count)
        let states = Set(decisions.compactMap { $0["state"]?.string })
        #expect(states.isSubset(of: ["decided", "review"]), "\(states)")
        let logged = try await logged()
        #expect(told.decisions.values.allSatisfy { logged.contains($0) })
        let verified = try program.run("log", "verify")
        #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
    }

    /// The decisions that the log has entries of.
    private func logged() async throws -> Set<String> {
        let path = program.folder + "/.stepgate/store.db"
        let store = try SQLiteStore(path, mode: .reader, secret: [])
        var ids: Set<String> = []
        var next: Int64 = 1
        while true {
            let page = try await store.entries(from: next, limit: 1_000)
            if page.isEmpty { break }
            for entry in page {
                if let id = try JSON.read(entry.bytes)["decision"]?.string { ids.insert(id) }
            }
            next += Int64(page.count)
        }
        await store.close()
        return ids
    }
}
