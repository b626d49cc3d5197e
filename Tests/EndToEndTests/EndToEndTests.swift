import Foundation
import Testing
import Values

/// The whole, by the built program over real sockets and real files.
@Suite(.serialized)  // Each test starts processes that share two cores.
struct EndToEndTests {
    private let program: Program

    init() throws { program = try Program() }

    /// A workspace with a model behind it, and its messages' ids.
    private func shop() throws -> (PracticeModel, [String]) {
        #expect(try program.run("init", ".").code == 0)
        let model = try PracticeModel(program)
        let yaml = try program.read("stepgate.yaml").replacingOccurrences(
            of: "127.0.0.1:9210",
            with: "127.0.0.1:\(model.port)"
        )
        try program.write("stepgate.yaml", yaml)
        let ids = try lines("Policies/message-triage.messages.jsonl").compactMap {
            $0["id"]?.string
        }
        return (model, ids)
    }

    private func lines(_ path: String) throws -> [JSON] {
        try program.read(path).split(separator: "\n").map { try JSON.read(String($0)) }
    }

    private let decide = [
        "decide", "message-triage", "--input", "Policies/message-triage.messages.jsonl",
        "--output", "out.jsonl", "--key", "id",
    ]

    private func run(_ arguments: [String]) throws -> (code: Int32, output: String) {
        let (output, errors) = (Pipe(), Pipe())
        let process = try program.start(arguments, output: output, errors: errors)
        let text =
            output.fileHandleForReading.readDataToEndOfFile()
            + errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }

    @Test(.timeLimit(.minutes(3)))
    func
        `every message of the example is decided or waits, in order, and the log is whole`() throws
    {
        let (model, ids) = try shop()
        let ended = try run(decide)
        #expect(ended.code == 0, "\(ended.output)")
        let out = try lines("out.jsonl")
        #expect(out.compactMap { $0["key"]?.string } == ids)
        #expect(Set(out.compactMap { $0["decision"]?.string }).count == ids.count)
        #expect(Set(out.compactMap { $0["route"]?.string }) == ["rules", "model", "review"])
        for line in out {
            #expect(
                line.object?.names == [
                    "key", "decision", "state", "route", "output", "confidence", "threshold",
                    "because",
                ]
            )
        }
        let verified = try program.run("log", "verify")
        #expect(verified.code == 0, "\(verified.output)")
        withExtendedLifetime(model) {}
    }

    @Test(.timeLimit(.minutes(3)))
    func
        `a review is listed, claimed and approved, and the output follows`() throws
    {
        let (model, _) = try shop()
        #expect(try run(decide).code == 0)
        let reviews = try program.json("review", "list", "--queue", "support", "--kind", "decision")
        let id = try #require(reviews.array?.first?["id"]?.string)
        let decision = try #require(reviews.array?.first?["decision"]?.string)
        #expect(try program.run("review", "claim", id, "--as", "ada").code == 0)
        let taken = try program.run("review", "approve", id, "--as", "bob")
        #expect(taken.code == 1)
        #expect(taken.errors.contains("claimed by ada"))
        let approved = try program.run("review", "approve", id, "--as", "ada")
        #expect(approved.code == 0, "\(approved.errors)")
        let shown = try program.json("decisions", "show", decision)
        #expect(shown["state"] == "decided")
        #expect(shown["route"] == "review")
        #expect(try run(decide).code == 0)
        let line = try lines("out.jsonl").first { $0["decision"]?.string == decision }
        #expect(line?["state"] == "decided")
        #expect(line?["output"] == shown["output"])
        withExtendedLifetime(model) {}
    }

    @Test(.timeLimit(.minutes(1)))
    func `the example's cases pass, and one that is wrong is shown with its place`() throws {
        #expect(try program.run("init", ".").code == 0)
        let passed = try program.run("test")
        #expect(passed.code == 0, "\(passed.output)\(passed.errors)")
        let path = "Policies/refund-limit.cases.yaml"
        try program.write(
            path,
            try program.read(path).replacingOccurrences(of: "limit: 20", with: "limit: 21")
        )
        let failed = try program.run("test")
        #expect(failed.code == 1)
        #expect(failed.output.contains("\(path):2:11: error: 'small refunds"), "\(failed.output)")
    }

    @Test(.timeLimit(.minutes(1)))
    func `a pending review is judged under its own release, whatever the folder says since`() throws
    {
        func policy(_ actions: String) -> String {
            """
            policy: refund
            autonomy: manual
            input: {amount: number}
            output: {action(enum): [\(actions)]}
            """
        }
        try program.write("stepgate.yaml", "models: {}\n")
        try program.write("Policies/refund.yaml", policy("refund, reject"))
        try program.write("in.jsonl", #"{"amount": 12}"#)
        let decide = ["decide", "refund", "--input", "in.jsonl", "--output", "out.jsonl"]
        #expect(try run(decide).code == 0)
        let reviews = try program.json("review", "list")
        let id = try #require(reviews.array?.first?["id"]?.string)

        // The folder no longer knows 'refund', and now knows 'hold'.
        try program.write("Policies/refund.yaml", policy("reject, hold"))
        let later = try program.run("review", "decide", id, "--output", #"{"action":"hold"}"#)
        #expect(later.code == 1)
        #expect(later.errors.contains("hold"), "\(later.errors)")
        let own = try program.run("review", "decide", id, "--output", #"{"action":"refund"}"#)
        #expect(own.code == 0, "\(own.errors)")
        let shown = try program.json("decisions", "list")
        #expect(shown.array?.first?["state"] == "decided")
        #expect(try run(decide).code == 0)
        #expect(try lines("out.jsonl").first?["output"] == ["action": "refund"])
        #expect(try program.run("log", "verify").code == 0)
    }

    @Test(.timeLimit(.minutes(4)))
    func
        `killed at any moment and run again, every key has one decision and nothing needs repair`()
        throws
    {
        let (model, ids) = try shop()
        var generator = SystemRandomNumberGenerator()
        var killed = 0
        for _ in 0..<8 {
            let process = try program.start(decide, output: Pipe(), errors: Pipe())
            let wait = Double.random(in: 0.005...0.25, using: &generator)
            let watchdog = Process()
            watchdog.executableURL = URL(filePath: "/bin/sh")
            watchdog.arguments = ["-c", "sleep \(wait); kill -9 \(process.processIdentifier)"]
            try watchdog.run()
            process.waitUntilExit()
            watchdog.waitUntilExit()
            if process.terminationReason == .uncaughtSignal { killed += 1 }
        }
        #expect(killed > 0)
        let ended = try run(decide)
        #expect(ended.code == 0, "\(ended.output)")
        let out = try lines("out.jsonl")
        #expect(out.compactMap { $0["key"]?.string } == ids)
        #expect(Set(out.compactMap { $0["decision"]?.string }).count == ids.count)
        let decisions = try program.json("decisions", "list", "--limit", "10000")
        #expect(decisions.array?.count == ids.count)
        #expect(try program.run("log", "verify").code == 0)
        withExtendedLifetime(model) {}
    }

    @Test(.timeLimit(.minutes(2)))
    func
        `bad lines are told with their numbers, the rest go on, and the exit code is 3`() throws
    {
        #expect(try program.run("init", ".").code == 0)
        let good =
            #"{"amount": 5, "customer": {"id": "C-1", "tier": "gold"}, "days_since_delivery": 3}"#
        try program.write(
            "in.jsonl",
            [
                good, "{not json", #"{"amount": 5, "amount": 6}"#,
                #"{"amount": "x", "customer": {"id": "C", "tier": "goold"}, "days_since_delivery": 1}"#,
                "", good,
            ].joined(separator: "\n")
        )
        let ended = try program.run(
            "decide",
            "refund-limit",
            "--input",
            "in.jsonl",
            "--output",
            "out.jsonl"
        )
        #expect(ended.code == 3)
        #expect(ended.errors.contains("line 2: column 2: expected a name in double quotes"))
        #expect(ended.errors.contains("line 3: column 15: the name \"amount\" is there twice"))
        #expect(ended.errors.contains("line 4: /amount: expected number"))
        #expect(ended.errors.contains("did you mean 'gold'?"))
        #expect(ended.output.contains("3 bad lines passed over"))
        #expect(try lines("out.jsonl").compactMap { $0["key"]?.string } == ["1", "6"])
    }

    @Test(.timeLimit(.minutes(2))) func `CSV cells get the types of the policy's input`() throws {
        #expect(try program.run("init", ".").code == 0)
        try program.write(
            "in.csv",
            "euros,who,level,days\n12.50,C-1,gold,3\n\"abc\",C-2,gold,3\n500,C-3,new,400\n"
        )
        let ended = try program.run(
            "decide",
            "refund-limit",
            "--input",
            "in.csv",
            "--output",
            "out.jsonl",
            "--map",
            "amount=euros,customer.id=who,customer.tier=level,days_since_delivery=days"
        )
        #expect(ended.code == 3)
        #expect(ended.errors.contains("line 3: column 'euros' needs a number; got 'abc'"))
        let out = try lines("out.jsonl")
        #expect(out.map { $0["output"]?["grant"] } == [true, false])
        #expect(out.first?["output"]?["limit"] == 12.5)
        #expect(out.first?["output"]?["reason"] == "Small amount, gold customer")
    }

    @Test(.timeLimit(.minutes(2)))
    func
        `with no model reachable the steps stay asking, and a later run with one decides them`()
        throws
    {
        #expect(try program.run("init", ".").code == 0)
        let yaml = try program.read("stepgate.yaml")
        try program.write("stepgate.yaml", yaml.replacingOccurrences(of: "9210", with: "1"))
        let errors = Pipe()
        let process = try program.start(decide, output: Pipe(), errors: errors)
        var told = ""
        while !told.contains("stay asking") {
            let more = errors.fileHandleForReading.availableData
            if more.isEmpty { break }
            told += String(decoding: more, as: UTF8.self)
        }
        #expect(told.contains("stay asking"), "\(told)")
        #expect(told.contains("practice: "), "it names the model that was tried")
        #expect(told.contains("127.0.0.1:1"), "and where: \(told)")
        process.terminate()
        process.waitUntilExit()
        let asking = try program.json("decisions", "list", "--state", "asking", "--limit", "1000")
        #expect((asking.array?.count ?? 0) > 0)
        #expect(try program.run("log", "verify").code == 0)
    }

    @Test(.timeLimit(.minutes(1))) func `a call that is wrong says how it is right`() throws {
        let unknown = try program.run("decid")
        #expect(unknown.code == 2)
        #expect(unknown.errors.contains("did you mean 'decide'?"))
        let option = try program.run("check", "--workspac", "x")
        #expect(option.code == 2)
        #expect(option.errors.contains("did you mean --workspace?"))
        #expect(try program.run("review").errors.contains("'review' takes one of: list, show"))
        let none = try program.run("check")
        #expect(none.code == 1)
        #expect(none.errors.contains("'stepgate init .' makes one"))
        #expect(try program.run("--version").output.hasPrefix("stepgate "))
        #expect(try program.run("help", "decide").output.contains("examples:"))
        #expect(try program.run("init", ".").code == 0)
        let policy = try program.run(
            "decide",
            "message-triag",
            "--input",
            "x",
            "--output",
            "y"
        )
        #expect(policy.errors.contains("did you mean 'message-triage'?"))
    }

    @Test(.timeLimit(.minutes(1))) func `a broken policy decides nothing, and shows the place`()
        throws
    {
        #expect(try program.run("init", ".").code == 0)
        let yaml = try program.read("Policies/refund-limit.yaml")
        try program.write(
            "Policies/refund-limit.yaml",
            yaml.replacingOccurrences(of: "input.amount <= 20", with: "input.amont <= 20")
        )
        let check = try program.run("check")
        #expect(check.code == 1)
        #expect(
            check.output.contains("Policies/refund-limit.yaml:27:11: error:"),
            "\(check.output)"
        )
        #expect(check.output.contains("fix: write 'input.amount'"))
        let decide = try program.run(
            "decide",
            "refund-limit",
            "--input",
            "stepgate.yaml",
            "--output",
            "out.jsonl"
        )
        #expect(decide.code == 1)
        #expect(!FileManager.default.fileExists(atPath: program.folder + "/.stepgate/store.db"))
    }
}
