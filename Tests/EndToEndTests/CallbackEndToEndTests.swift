import Foundation
import FoundationNetworking
import Testing
import Values

/// Results sent to who asked, by the built program over real sockets.
@Suite(.serialized)  // Each test starts processes that share two cores.
struct CallbackEndToEndTests {
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

    /// A server at work, where a proxy that leads nowhere is set.
    private func serve(_ options: String...) throws -> (process: Process, url: String) {
        let output = Pipe()
        let process = try program.start(
            ["serve", "--port", "0"] + options,
            output: output,
            errors: Pipe(),
            environment: ["http_proxy": "http://127.0.0.1:1", "all_proxy": "http://127.0.0.1:1"]
        )
        var text = ""
        while !text.contains("serves on") || !text.hasSuffix("\n") {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { break }
            text += String(decoding: more, as: UTF8.self)
        }
        return (
            process, String((text.split(separator: "serves on ").last ?? "").prefix { $0 != "\n" })
        )
    }

    private func send(
        _ url: String,
        _ method: String,
        _ token: String,
        _ body: String? = nil
    ) async throws -> (status: Int, body: JSON) {
        var request = URLRequest(url: try #require(URL(string: url)), timeoutInterval: 20)
        request.httpMethod = method
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        // Foundation would say that it is a form.
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.httpBody = body.map { Data($0.utf8) }
        let (data, response) = try await URLSession.shared.data(for: request)
        return ((response as? HTTPURLResponse)?.statusCode ?? 0, try JSON.read([UInt8](data)))
    }

    private func ask(
        _ server: String,
        _ token: String,
        amount: Int,
        callback: String
    ) async throws -> (status: Int, body: JSON) {
        try await send(
            server + "/v1/decisions",
            "POST",
            token,
            #"{"policy":"refund","input":{"amount":\#(amount)},"callback_url":"\#(callback)"}"#
        )
    }

    private func isGenuine(_ delivery: CallbackReceiver.Delivery, _ secret: String) throws -> Bool {
        let key = try #require(Data(base64Encoded: String(secret.dropFirst("whsec_".count))))
        let id = try #require(delivery.headers["webhook-id"])
        let timestamp = try #require(delivery.headers["webhook-timestamp"])
        let mac = hmac(
            key: [UInt8](key),
            message: Array("\(id).\(timestamp).".utf8) + delivery.body
        )
        return delivery.headers["webhook-signature"] == "v1,"
            + Data(mac.bytes).base64EncodedString()
    }

    @Test(.timeLimit(.minutes(2)))
    func `results are sent signed, whoever decides, and again when a person wants it`() async throws
    {
        let receiver = try CallbackReceiver()
        let (server, url) = try serve("--allow-private-callbacks")
        let made = try program.json("token", "create", "--name", "bot", "--role", "agent")
        let token = try #require(made["secret"]?.string)
        let secret = try #require(made["webhook_secret"]?.string)
        let hook = "http://127.0.0.1:\(receiver.port)/hook?for=bot"

        let small = try await ask(url, token, amount: 5, callback: hook)
        #expect(small.status == 200)
        let first = try #require(await receiver.deliveries(1).first)
        #expect(first.target == "/hook?for=bot")
        #expect(first.headers["content-type"] == "application/json")
        #expect(try isGenuine(first, secret))
        let body = try JSON.read(first.body)
        #expect(body["type"] == "decision.decided")
        #expect(body["data"] == small.body)

        let large = try await ask(url, token, amount: 50, callback: hook)
        #expect(large.status == 202)
        let review = try #require(try program.json("review", "list").array?.first)
        // From another process, so that the server must find out by itself.
        let decided = try program.run(
            "review",
            "decide",
            try #require(review["id"]?.string),
            "--output",
            #"{"action":"reject"}"#,
            "--as",
            "ada"
        )
        let ended = ContinuousClock.now
        #expect(decided.code == 0, "\(decided.errors)")
        let second = try #require(await receiver.deliveries(2).last)
        #expect(second.at - ended < .seconds(3), "it took \(second.at - ended)")
        #expect(try isGenuine(second, secret))
        #expect(try JSON.read(second.body)["data"]?["output"] == ["action": "reject"])

        let id = try #require(large.body["decision"]?.string)
        #expect(try program.run("callbacks", "send", id).code == 0)
        let third = try #require(await receiver.deliveries(3).last)
        #expect(third.headers["webhook-id"] == second.headers["webhook-id"])
        #expect(third.body == second.body)
        #expect(try isGenuine(third, secret))

        server.terminate()
        server.waitUntilExit()
        receiver.stop()
        #expect(server.terminationStatus == 0)
        #expect(receiver.deliveries.count == 3)
        let listed = try program.json("callbacks", "list", "--state", "delivered").array ?? []
        #expect(listed.count == 2)
        #expect(try program.json("callbacks", "list").array?.isEmpty == true)
        let table = try program.run("callbacks", "list", "--state", "any").output
        #expect(table.contains("127.0.0.1:\(receiver.port)"))
        #expect(!table.contains("for=bot"), "a URL may hold a secret")
        #expect(try program.run("callbacks", "list", "--state", "lost").code == 2)
        try nobodyElseKnows(secret)
        try docsVerify(first, secret)
    }

    /// The secret is shown on request to who has the store, and is written nowhere.
    private func nobodyElseKnows(_ secret: String) throws {
        #expect(try program.run("token", "list", "--webhook-secrets").output.contains(secret))
        let digits = Data(secret.dropFirst("whsec_".count).utf8)
        #expect(!(try program.run("token", "list", "--json").output.contains("whsec_")))
        for path in FileManager.default.subpaths(atPath: program.folder + "/.stepgate") ?? [] {
            let bytes = try Data(contentsOf: URL(filePath: program.folder + "/.stepgate/" + path))
            #expect(bytes.range(of: digits) == nil, "\(path) has the secret")
            #expect(bytes.range(of: try #require(Data(base64Encoded: digits))) == nil)
        }
        let decisions = try program.run("decisions", "export").output
        #expect(!decisions.contains("whsec_"))
    }

    /// The example of `Docs/Callbacks.md`, as a reader would run it.
    private func docsVerify(_ delivery: CallbackReceiver.Delivery, _ secret: String) throws {
        let python = "/usr/bin/python3"
        guard FileManager.default.isExecutableFile(atPath: python) else { return }
        let page = try String(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../Docs/Callbacks.md"),
            encoding: .utf8
        )
        let example = try #require(
            page.components(separatedBy: "```python\n").last?.components(separatedBy: "```").first
        )
        let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map {
            "\"\($0)\": \"\(delivery.headers[$0] ?? "")\""
        }
        let body = Data(delivery.body).base64EncodedString()
        let script = """
            \(example)
            headers = {\(headers.joined(separator: ", "))}
            body = base64.b64decode("\(body)")
            assert is_genuine("\(secret)", headers, body)
            assert not is_genuine("\(secret)", headers, body + b" ")
            assert not is_genuine("\(secret)", {**headers, "webhook-timestamp": "1"}, body)
            """
        let process = Process()
        process.executableURL = URL(filePath: python)
        process.arguments = ["-c", script]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test(.timeLimit(.minutes(1)))
    func `without leave nothing is sent into private networks`() async throws {
        let receiver = try CallbackReceiver()
        let (server, url) = try serve()
        let made = try program.json("token", "create", "--name", "bot", "--role", "agent")
        let token = try #require(made["secret"]?.string)
        for host in ["127.0.0.1", "localhost", "[::1]", "169.254.169.254"] {
            let hook = "http://\(host):\(receiver.port)/hook"
            #expect(try await ask(url, token, amount: 5, callback: hook).status == 422)
        }
        #expect(
            try await ask(url, token, amount: 5, callback: "https://user@a.example").status == 422
        )
        server.terminate()
        server.waitUntilExit()
        receiver.stop()
        #expect(receiver.deliveries.isEmpty)
        #expect(try program.json("decisions", "list").array?.isEmpty == true)
    }
}
