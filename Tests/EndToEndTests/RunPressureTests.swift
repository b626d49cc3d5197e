import Foundation
import FoundationNetworking
import Synchronization
import Testing
import Values

/// A server that drives runs, and whose store takes nothing for a while.
@Suite(.serialized)  // It starts processes that share two cores.
struct RunPressureTests {
    private struct Reply: Sendable {
        let status: Int
        let body: JSON
        let retryAfter: String?

        var isAcknowledged: Bool { (200...299).contains(status) }
        /// Refused as it should be while nothing can be written.
        var isRefused: Bool {
            status == 503 && retryAfter != nil
                && body["type"]?.string == "urn:stepgate:problem:unavailable"
        }
    }

    /// An attempt that was claimed.
    private struct Claimed: Sendable, Hashable {
        let path: String
        let epoch: Int64
    }

    private static let each = 12

    private let program: Program
    private let receiver: HeldServer

    init() throws {
        program = try Program()
        receiver = try HeldServer()
        try program.write("stepgate.yaml", "models: {}\n")
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
        let decide = "decide: refund, with: {amount: 5}"
        try program.write(
            "Flows/calls.yaml",
            """
            flow: calls
            steps:
              - {id: first, \(decide)}
              - id: call
                http: {method: POST, url: "http://127.0.0.1:\(receiver.port)/", body: {n: 1}}
                timeout: 60s
              - {id: pack, work: {kind: pack}, timeout: 60s}
              - {id: last, set: {done: true}}
            """
        )
        for (name, step) in [
            "picks": "work: {kind: pick}, timeout: 120s", "waits": "wait: {callback: {}}",
            "naps": "sleep: 4s",
        ] {
            try program.write(
                "Flows/\(name).yaml",
                """
                flow: \(name)
                steps:
                  - {id: first, \(step)}
                  - {id: then, \(decide)}
                  - {id: last, set: {done: true}}
                """
            )
        }
    }

    /// Of the usual session a client has six connections, where the seventh request waits.
    private static let session: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpMaximumConnectionsPerHost = 64
        return URLSession(configuration: configuration)
    }()

    private static func ask(
        _ url: String,
        _ token: String?,
        _ body: String? = nil,
        _ headers: [String: String] = [:]
    ) async throws -> Reply {
        var request = URLRequest(url: try #require(URL(string: url)), timeoutInterval: 60)
        request.httpMethod = body == nil ? "GET" : "POST"
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = body.map { Data($0.utf8) }
        let (data, response) = try await session.data(for: request)
        let answer = try #require(response as? HTTPURLResponse)
        return Reply(
            status: answer.statusCode,
            body: try JSON.read([UInt8](data)),
            retryAfter: answer.value(forHTTPHeaderField: "Retry-After")
        )
    }

    /// Asks for each of them at the same time.
    private static func all<Item: Sendable & Hashable>(
        _ items: some Sequence<Item>,
        _ ask: @escaping @Sendable (Item) async throws -> Reply
    ) async throws -> [Item: Reply] {
        try await withThrowingTaskGroup(of: (Item, Reply).self) { group in
            for item in items { group.addTask { (item, try await ask(item)) } }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    /// A server, and how its visitors speak to it.
    private struct Scene: Sendable {
        let url: String
        let agent: String
        let person: String

        func start(_ flow: String, _ key: String) async throws -> Reply {
            try await ask(
                url + "/v1/runs",
                agent,
                #"{"flow":"\#(flow)","input":{}}"#,
                ["Idempotency-Key": "\"\(key)\""]
            )
        }

        func claim(_ kind: String, wait: Int = 0, limit: Int = 50) async throws -> Reply {
            try await ask(
                url + "/v1/work:claim",
                agent,
                #"{"kinds":["\#(kind)"],"worker":"w","limit":\#(limit)}"#,
                ["Prefer": "wait=\(wait)"]
            )
        }

        func complete(_ item: Claimed) async throws -> Reply {
            let body = #"{"epoch":\#(item.epoch),"output":{"done":true}}"#
            return try await ask("\(url)\(item.path):complete", agent, body)
        }

        func call(_ address: String) async throws -> Reply {
            try await ask(url + address, nil, #"{"ok":true}"#)
        }

        func run(_ id: String) async throws -> Reply {
            try await ask(url + "/v1/runs/\(id)", person)
        }

        func live() async throws -> Int {
            let page = try await ask(url + "/v1/runs?state=running&limit=100", person)
            try #require(page.status == 200, "\(page)")
            return page.body["runs"]?.array?.count ?? 0
        }
    }

    private static func claimed(_ reply: Reply) -> [Claimed] {
        (reply.body["work"]?.array ?? []).compactMap { item in
            guard let path = item["path"]?.string, let epoch = item["epoch"]?.integer else {
                return nil
            }
            return Claimed(path: path, epoch: epoch)
        }
    }

    /// The processor time that a process has spent so far.
    private static func spent(_ process: Process) throws -> Double {
        let path = "/proc/\(process.processIdentifier)/stat"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let fields = (text.split(separator: ")").last ?? "").split(separator: " ")
        let (user, system) = (try #require(Double(fields[11])), try #require(Double(fields[12])))
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// What is under way when the pressure begins.
    private struct Begun {
        /// The run of each key.
        var runs: [String: String] = [:]
        var picks: [Claimed] = []
        var addresses: [String] = []
    }

    /// Starts runs of each flow, and waits until they are where they wait for something.
    private func begin(_ scene: Scene) async throws -> Begun {
        var begun = Begun()
        let flows = ["calls", "picks", "waits", "naps"]
        let keys = flows.flatMap { flow in (0..<Self.each).map { "\(flow)-\($0)" } }
        let started = try await Self.all(keys) { key in
            try await scene.start(String(key.prefix { $0 != "-" }), key)
        }
        for (key, reply) in started {
            #expect(reply.status == 201, "\(reply)")
            begun.runs[key] = try #require(reply.body["run"]?.string)
        }
        while begun.picks.count < Self.each / 2 {
            let room = Self.each / 2 - begun.picks.count
            begun.picks += Self.claimed(try await scene.claim("pick", wait: 5, limit: room))
        }
        for (key, id) in begun.runs where key.hasPrefix("waits") {
            var address: String?
            while address == nil {
                let steps = try await scene.run(id).body["steps"]?.array ?? []
                address = steps.compactMap { $0["callback_url"]?.string }.first
            }
            begun.addresses.append(try #require(address))
        }
        while receiver.keys.count < Self.each { _ = try await scene.live() }
        return begun
    }

    @Test(.timeLimit(.minutes(4)), arguments: Pressure.here)
    func `what is acknowledged is kept, and when there is room again every run goes on to its end`(
        pressure: Pressure
    ) async throws {
        let folder = program.folder + "/.stepgate"
        let disk = pressure == .fullDisk ? try SmallDisk(folder) : nil
        let server = try Server(program, ["--allow-private-http"])
        try #require(server.port != "", "it did not start")
        // What nobody reads would hold it up.
        server.errors.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
        defer { receiver.stop() }
        let scene = Scene(
            url: server.url,
            agent: try program.token("agent"),
            person: try program.token("operator")
        )
        var begun = try await begin(scene)
        let pressing = try Pressing(pressure, server.process, disk, store: folder + "/store.db")
        let told = try await press(scene, begun, server.process)
        try pressing.end()
        try await recover(scene, &begun, told)
        server.process.terminate()
        server.process.waitUntilExit()
        #expect(server.process.terminationStatus == 0)
        try check(begun)
        Attachment.record(
            "\(pressure.testDescription): \(told.refused) of \(told.asked) refused, longest "
                + "\(told.longest) s; \(told.spent) s of processor time in \(told.window) s "
                + "alone; \(begun.runs.count) runs ended; \(receiver.keys.count) calls",
            named: "run-pressure.txt"
        )
    }

    /// What was answered under pressure.
    private struct Told {
        var starts: [String: Reply] = [:]
        var completions: [Claimed: Reply] = [:]
        var callbacks: [String: Reply] = [:]
        var claims: [Claimed] = []
        var longest = 0.0
        var spent = 0.0
        var window = 0.0
        var asked = 0
        var refused = 0
    }

    private func press(_ scene: Scene, _ begun: Begun, _ process: Process) async throws -> Told {
        var told = Told()
        // The last of what was at hand may still be used up.
        var number = 0
        var isFull = false
        while !isFull, number < 500 {
            let reply = try await scene.start("picks", "last-\(number)")
            told.starts["last-\(number)"] = reply
            isFull = !reply.isAcknowledged
            number += 1
        }
        #expect(isFull)
        receiver.open()
        let clock = ContinuousClock.now
        async let starts = Self.all((0..<Self.each).map { "picks-full-\($0)" }) {
            try await scene.start("picks", $0)
        }
        async let completions = Self.all(begun.picks) { try await scene.complete($0) }
        async let callbacks = Self.all(begun.addresses) { try await scene.call($0) }
        async let claims = Self.all(0..<4) { _ in try await scene.claim("pick") }
        for id in begun.runs.values { #expect(try await scene.run(id).status == 200) }
        #expect(try await Self.ask(scene.url + "/readyz", nil).status == 200)
        told.starts.merge(try await starts) { $1 }
        (told.completions, told.callbacks) = (try await completions, try await callbacks)
        let claimed = try await claims
        told.longest = (ContinuousClock.now - clock) / .seconds(1)
        for reply in claimed.values where reply.isAcknowledged {
            told.claims += Self.claimed(reply)
        }
        let replies =
            Array(told.starts.values) + told.completions.values + told.callbacks.values
            + claimed.values
        for reply in replies { #expect(reply.isAcknowledged || reply.isRefused, "\(reply)") }
        told.asked = replies.count
        told.refused = replies.count { $0.isRefused }
        // Half of them at least, where a last page was left.
        #expect(told.refused > 2 * Self.each)
        // Once for the lock, and once more where somebody was at the run already.
        #expect(told.longest < 25)
        try await rest(scene, process, &told)
        return told
    }

    /// Leaves the server to itself for a while, with its naps over and its calls answered.
    private func rest(_ scene: Scene, _ process: Process, _ told: inout Told) async throws {
        let clock = ContinuousClock.now
        let before = try Self.spent(process)
        #expect(try await scene.claim("none", wait: 6).status == 200)
        told.spent = try Self.spent(process) - before
        told.window = (ContinuousClock.now - clock) / .seconds(1)
        #expect(told.window > 5)
        #expect(told.spent < told.window / 4, "it keeps trying without a pause")
    }

    private func recover(_ scene: Scene, _ begun: inout Begun, _ told: Told) async throws {
        for (key, reply) in told.starts {
            let again = try await scene.start("picks", key)
            #expect(again.status == (reply.isAcknowledged ? 200 : 201), "\(again)")
            let run = try #require(again.body["run"]?.string)
            if reply.isAcknowledged { #expect(reply.body["run"]?.string == run) }
            begun.runs[key] = run
        }
        // Each attempt counts once: what was refused counts now, and what counted does no more.
        for (item, reply) in told.completions {
            #expect(try await scene.complete(item).status == (reply.isAcknowledged ? 409 : 200))
            #expect(try await scene.complete(item).status == 409)
        }
        for (address, reply) in told.callbacks where !reply.isAcknowledged {
            #expect(try await scene.call(address).status == 200)
        }
        for item in told.claims { #expect(try await scene.complete(item).status == 200) }
        while try await scene.live() > 0 {
            for kind in ["pick", "pack"] {
                for item in Self.claimed(try await scene.claim(kind)) {
                    #expect(try await scene.complete(item).status == 200)
                }
            }
        }
    }

    private func check(_ begun: Begun) throws {
        for (key, id) in begun.runs {
            let run = try program.json("run", "show", id)
            #expect(run["state"]?.string == "completed", "\(key): \(run)")
            #expect(run["output"]?["done"] == true)
        }
        let listed = try program.json("run", "list", "--limit", "1000").array ?? []
        #expect(Set(listed.compactMap { $0["run"]?.string }) == Set(begun.runs.values))
        // No lease ran out, so that nobody was called twice.
        #expect(receiver.keys.count == Self.each)
        #expect(Set(receiver.keys).count == Self.each)
        let examined = try program.run("doctor", "--dry-run")
        #expect(examined.code == 0, "\(examined.output)\(examined.errors)")
        let verified = try program.run("log", "verify")
        #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
    }
}
