internal import Access
internal import Engine
internal import Platform
internal import Storage
internal import StorageSQLite
internal import Values

/// A temporary workspace with its store and two tokens: a copy of the example one with two policies
/// more, or only what is given.
final class BenchWorkspace {
    /// The built program, beside this one unless another is named.
    let program: String
    let folder: String
    let storePath: String
    let secret: String
    /// The secret of somebody who sees everything.
    let operatorSecret: String
    /// What the gateway claims the keys of this token under, before the policy's name.
    let scope: String

    static let rules = """
        policy: bench-rules
        autonomy: manual
        input: {message: string, amount: number, customer(object): {id: string}}
        output: {action(enum): [refund, reject], reason: string}
        rules:
          - {id: large, when: input.amount > 500, review: large}
          - {id: small, when: input.amount <= 20, decide: {action: refund, reason: Small amount}}
          - {id: rest, decide: {action: reject, reason: "Over the limit by ${{ input.amount - 20 }}"}}
        private: [/message]
        """

    private static let person = """
        policy: bench-person
        autonomy: manual
        input: {message: string}
        output: {action(enum): [refund, reject]}
        rules: [{id: all, review: everything}]
        """

    /// Where the workspace looks for the practice model.
    private var modelPlace = "127.0.0.1:9210"

    /// `files` are written into the copy, by their paths; where it is to be `bare` they are all of it.
    init(
        _ scratch: Scratch,
        _ name: String,
        program: String,
        files: [String: String] = [:],
        bare: Bool = false
    ) async throws {
        self.program = program
        folder = scratch.path + "/" + name
        storePath = folder + "/.stepgate/store.db"
        if bare {
            for part in ["", "/Policies", "/Flows"] { try Folder.make(folder + part) }
        } else {
            let made = try Child([program, "init", folder], errors: scratch.path + "/init.log")
            _ = try made.said(upTo: "review list --workspace \(folder)\n")
            made.end()
            try Self.write(folder + "/Policies/bench-rules.yaml", Self.rules)
            try Self.write(folder + "/Policies/bench-person.yaml", Self.person)
        }
        for (path, text) in files { try Self.write(folder + "/" + path, text) }
        try Folder.make(folder + "/.stepgate")
        let store = try SQLiteStore(storePath, mode: .oneShot, secret: Process.randomBytes(32))
        let desk = TokenDesk(store: store, surroundings: BenchSurroundings.make())
        let token = try await desk.create(
            name: "bench",
            role: .agent,
            policies: nil,
            lasting: nil,
            by: "bench"
        )
        operatorSecret = try await desk.create(
            name: "bench-operator",
            role: .operator,
            policies: nil,
            lasting: nil,
            by: "bench"
        ).secret
        await store.close()
        (secret, scope) = (token.secret, "token:\(token.token.id)/")
    }

    private static func write(_ path: String, _ text: String) throws {
        try File(path, for: .creating).write(Array(text.utf8))
    }

    /// Lets the workspace's models be found at another port, from the next start on.
    func point(at port: UInt16) throws {
        let path = folder + "/stepgate.yaml"
        let text = String(decoding: try Folder.read(path, limit: 1 << 20), as: UTF8.self)
        let parts = text.split(separator: modelPlace, omittingEmptySubsequences: false)
        modelPlace = "127.0.0.1:\(port)"
        try Folder.remove(path)
        try Self.write(path, parts.joined(separator: modelPlace))
    }

    /// Starts the practice model, trained on the workspace's examples, on a free port.
    func practice() throws -> Served {
        let child = try Child(
            [program, "practice-model", "--workspace", folder, "--port", "0"],
            errors: folder + "/practice.log"
        )
        return Served(child: child, port: try child.port())
    }

    /// Makes the folder as it is live and starts `stepgate serve` on a free port.
    func serve() throws -> Served {
        try promote()
        return try start()
    }

    /// Makes the folder as it is live.
    func promote() throws {
        let promoted = try Child(
            [program, "promote", "draft", "--workspace", folder],
            errors: folder + "/promote.log"
        )
        _ = try promoted.said(upTo: "is live\n")
        promoted.end()
    }

    /// Starts `stepgate serve` on a free port.
    func start() throws -> Served {
        let child = try Child(
            [program, "serve", "--workspace", folder, "--port", "0"],
            errors: folder + "/serve.log"
        )
        return Served(child: child, port: try child.port())
    }

    /// What a command of the program says of the workspace until it ends.
    func told(by command: [String]) throws -> String {
        try Child(
            [program] + command + ["--workspace", folder],
            errors: folder + "/command.log"
        ).saidToTheEnd()
    }

    struct Served {
        let child: Child
        let port: UInt16
    }

    /// The input of a rules decision in that many bytes, about the number of that many digits.
    static func rulesInput(_ number: String, bytes: Int) -> String {
        let customer = #""amount":120.5,"customer":{"id":"C-\#(number)"}}"#
        let room = bytes - #"{"message":"",\#(customer)"#.utf8.count
        let message =
            "The parcel \(number) came late and the box was open, what now? "
            + String(repeating: "Please answer soon. ", count: max(0, room / 20))
        let input = #"{"message":"\#(message.prefix(room))",\#(customer)"#
        precondition(input.utf8.count == bytes, "the input has the length asked for")
        return input
    }

    /// A request for a rules decision whose input has that many bytes.
    func rulesRequest(inputBytes: Int) -> String {
        decide("bench-rules", Self.rulesInput(Load.number, bytes: inputBytes))
    }

    /// A request about a policy, with a key of its own.
    func decide(_ policy: String, _ input: String, wait: Int? = nil) -> String {
        Load.request(
            "POST",
            "/v1/decisions",
            headers: ["Authorization: Bearer \(secret)", "Idempotency-Key: \(Load.key)"]
                + (wait.map { ["Prefer: wait=\($0)"] } ?? []),
            body: #"{"policy":"\#(policy)","input":\#(input)}"#
        )
    }
}

/// What the bare server of libmicrohttpd is started with.
enum FloorServer {
    /// The argument that makes this program that server.
    static let argument = "floor-server"

    static func start(_ scratch: Scratch) throws -> BenchWorkspace.Served {
        let child = try Child(
            ["/proc/self/exe", argument],
            errors: scratch.path + "/floor.log"
        )
        return BenchWorkspace.Served(child: child, port: try child.port())
    }
}
