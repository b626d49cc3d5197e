import Foundation
import FoundationNetworking
import Synchronization
import TestSupport
import Testing
import Values

/// A server whose store takes nothing for a while, or that is told to stop while it works.
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
    func `uploads that are not sent to their end keep nobody else out`() async throws {
        let server = try Server(program)
        defer { server.process.terminate() }
        let (url, agent) = (server.url, try program.token("agent"))
        let port = try #require(UInt16(server.port))
        // More than may be worked on at once, each with a line and no end.
        var uploads: [BareClient] = []
        for _ in 0..<600 {
            let client = try BareClient(port: port)
            let isSent = client.send(
                "POST /v1/decisions:batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(agent)\r\n"
                    + "Content-Type: application/x-ndjson\r\nContent-Length: 100000\r\n\r\n"
                    + #"{"policy":"refund","input":{"amount":1}}"# + "\n"
            )
            #expect(isSent)
            uploads.append(client)
        }
        let list = try program.token("operator")
        var taken = 0
        while taken < uploads.count {
            let page = try await Wire.send(url + "/v1/decisions?limit=500", "GET", list)
            let rest = page.body["next"]?.string.map { "&cursor=\($0)" }
            let more = try await rest.asyncMap {
                try await Wire.send(url + "/v1/decisions?limit=500\($0)", "GET", list)
            }
            taken =
                (page.body["decisions"]?.array?.count ?? 0)
                + (more?.body["decisions"]?.array?.count ?? 0)
            #expect(page.status == 200)
        }
        #expect(uploads.count == 600)
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
        let lines = (0..<10).map {
            #"{"policy":"refund","input":{"amount":\#($0)},"key":"line-\#($0)"}"#
        }
        let refused = try await Wire.batch(url, agent, lines)
        #expect(refused.map { $0["status"] } == Array(repeating: 503, count: 10))
        #expect(try await Wire.send(url + "/v1/decisions/\(id)", "GET", agent).status == 200)
        #expect(try await Wire.send(url + "/readyz", "GET", nil).status == 200)

        try bound(server.process, "unlimited:unlimited")
        // The same keys: what was refused was not remembered, and what is taken on now is one each.
        for number in 0..<20 { #expect(try await ask("full-\(number)").status == 200) }
        let taken = try await Wire.batch(url, agent, lines)
        #expect(taken.map { $0["status"] } == Array(repeating: 200, count: 10))
        let ids = taken.compactMap { $0["decision"]?["decision"]?.string }
        #expect(Set(ids).count == 10)
        // Sent again, each line is the decision that it was.
        let again = try await Wire.batch(url, agent, lines)
        #expect(again.compactMap { $0["decision"]?["decision"]?.string } == ids)
        #expect(try await ask("a").body["decision"]?.string == id)
        server.process.terminate()
        server.process.waitUntilExit()
        #expect(server.process.terminationStatus == 0)
        #expect(try program.json("decisions", "list", "--limit", "100").array?.count == 31)
        #expect(try program.run("log", "verify").code == 0)
    }

    private final class Shared<Value: Sendable>: Sendable {
        private let value: Mutex<Value>

        init(_ value: Value) { self.value = Mutex(value) }

        func withLock<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
            value.withLock { body(&$0) }
        }
    }

    private struct Told {
        var answered = 0
        var cut = 0
        var isOver = false
    }

    /// What one client was told, and how long that took.
    private struct Reply: Sendable {
        let key: String
        let status: Int
        let decision: String?
        let retryAfter: String?
        let seconds: Double
    }

    /// Of the usual session a client has six connections, where the seventh request waits.
    private static let session: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpMaximumConnectionsPerHost = 32
        return URLSession(configuration: configuration)
    }()

    /// Asks with a key, and says what came; nothing when the connection gave no answer.
    private static func ask(_ url: String, _ token: String, _ key: String) async -> Reply? {
        guard let place = URL(string: url + "/v1/decisions") else { return nil }
        var request = URLRequest(url: place, timeoutInterval: 40)
        request.httpMethod = "POST"
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.setValue("\"\(key)\"", forHTTPHeaderField: "Idempotency-Key")
        request.httpBody = Data(#"{"policy":"refund","input":{"amount":5}}"#.utf8)
        let begun = ContinuousClock.now
        guard let (data, response) = try? await session.data(for: request),
            let answer = response as? HTTPURLResponse
        else { return nil }
        let took = (ContinuousClock.now - begun) / .seconds(1)
        // Every answer is JSON: a decision, or a problem.
        guard let body = try? JSON.read([UInt8](data)) else { return nil }
        return Reply(
            key: key,
            status: answer.statusCode,
            decision: body["decision"]?.string,
            retryAfter: answer.value(forHTTPHeaderField: "Retry-After"),
            seconds: took
        )
    }

    /// How long another process holds the store, and whether that is longer than writes wait.
    @Test(
        .enabled(if: StoreHolder.isHere, "needs python3"),
        .timeLimit(.minutes(2)),
        arguments: [(3, false), (15, true)]
    )
    func `a locked store makes writes wait or refuses them, and reads go on`(
        seconds: Int,
        isLong: Bool
    ) async throws {
        let server = try Server(program)
        let (url, agent) = (server.url, try program.token("agent"))
        let first = try #require(await Self.ask(url, agent, "first"))
        #expect(first.status == 200)
        let path = try #require(first.decision)
        let holder = try StoreHolder(program.folder + "/.stepgate/store.db")
        let replies = Shared<[Reply]>([])
        var reads: [Double] = []
        let begun = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for client in 0..<8 {
                group.addTask {
                    var number = 0
                    while ContinuousClock.now - begun < .seconds(seconds) {
                        // What is refused is asked again with its key.
                        guard let reply = await Self.ask(url, agent, "\(client)-\(number)") else {
                            Issue.record("no answer")
                            return
                        }
                        replies.withLock { $0.append(reply) }
                        if reply.status == 200 { number += 1 }
                    }
                }
            }
            while ContinuousClock.now - begun < .seconds(seconds) {
                let asked = ContinuousClock.now
                let read = try? await Wire.send(url + "/v1/decisions/\(path)", "GET", agent)
                #expect(read?.status == 200)
                reads.append((ContinuousClock.now - asked) / .seconds(1))
            }
            holder.release()
            await group.waitForAll()
        }
        let all = replies.withLock { $0 }
        let refused = all.filter { $0.status != 200 }
        #expect(refused.allSatisfy { $0.status == 503 && $0.retryAfter != nil })
        #expect(refused.isEmpty == !isLong)
        #expect((all.map(\.seconds).max() ?? 0) < 14)
        // Those that waited for the lock would be one or two in all; a busy machine may delay one.
        reads.sort()
        #expect(reads.count > 10)
        #expect(reads[reads.count * 9 / 10] < 1)
        #expect((reads.last ?? 99) < 5, "a read waited as a write does")
        Attachment.record(
            "held \(seconds) s: \(all.count) writes, \(refused.count) refused, longest "
                + "\(all.map(\.seconds).max() ?? 0) s; \(reads.count) reads, longest "
                + "\(reads.max() ?? 0) s",
            named: "locked-\(seconds).txt"
        )
        #expect(await Self.ask(url, agent, "after")?.status == 200)
        for client in 0..<8 { #expect(await Self.ask(url, agent, "\(client)-0")?.status == 200) }
        server.process.terminate()
        server.process.waitUntilExit()
        #expect(server.process.terminationStatus == 0)
        let kept = try program.json("decisions", "list", "--limit", "10000").array ?? []
        let ids = Set(kept.compactMap { $0["decision"]?.string })
        #expect(all.filter { $0.status == 200 }.allSatisfy { ids.contains($0.decision ?? "") })
        #expect(Set(kept.compactMap { $0["key"]?.string }).count == kept.count)
        #expect(try program.run("log", "verify").code == 0)
    }

    @Test(.timeLimit(.minutes(3)))
    func `told to stop under load, it answers what it took whole and ends well`() async throws {
        var took: [Double] = []
        var answers = 0
        for round in 0..<10 {
            let server = try Server(program)
            let agent = try program.token("agent")
            let port = try #require(UInt16(server.port))
            let told = Shared(Told())
            took.append(
                await withTaskGroup(of: Void.self) { group in
                    for client in 0..<16 {
                        group.addTask {
                            await Self.drive(port, agent, "\(round)-\(client)") { isWhole in
                                told.withLock { told in
                                    if isWhole { told.answered += 1 } else { told.cut += 1 }
                                    return told.isOver
                                }
                            }
                        }
                    }
                    while told.withLock({ $0.answered }) < 50 + 37 * round { await Task.yield() }
                    let begun = ContinuousClock.now
                    server.process.terminate()
                    server.process.waitUntilExit()
                    told.withLock { $0.isOver = true }
                    return (ContinuousClock.now - begun) / .seconds(1)
                }
            )
            #expect(server.process.terminationStatus == 0)
            #expect(told.withLock { $0.cut } == 0)
            answers += told.withLock { $0.answered }
        }
        #expect((took.max() ?? 99) < 13)
        Attachment.record(
            "\(answers) answers in ten rounds, none cut; ended within \(took.max() ?? 0) s",
            named: "stops.txt"
        )
        #expect(try program.run("log", "verify").code == 0)
    }

    /// Asks again and again on one connection until it ends; says of each answer that began whether
    /// it was whole, and goes on until that is over.
    private static func drive(
        _ port: UInt16,
        _ token: String,
        _ name: String,
        _ tell: @escaping @Sendable (Bool) -> Bool
    ) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            Thread.detachNewThread {
                defer { continuation.resume() }
                guard let client = try? BareClient(port: port) else { return }
                var number = 0
                while true {
                    number += 1
                    let body = #"{"policy":"refund","input":{"amount":5}}"#
                    let isSent = client.send(
                        "POST /v1/decisions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n"
                            + "Content-Type: application/json\r\nIdempotency-Key: "
                            + "\"\(name)-\(number)\"\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                            + body
                    )
                    guard isSent else { return }
                    switch client.answer() {
                    case .whole: if tell(true) { return }
                    case .cut:
                        _ = tell(false)
                        return
                    case .none: return
                    }
                }
            }
        }
    }
}

extension Optional {
    fileprivate func asyncMap<Value>(
        _ change: (Wrapped) async throws -> Value
    ) async rethrows -> Value? {
        guard let wrapped = self else { return nil }
        return try await change(wrapped)
    }
}
