import Foundation
import Testing
import Values

@testable import Commands

/// `stepgate eval`, but for the printing.
struct EvalTests {
    private let folder: String

    init() throws {
        folder =
            FileManager.default.temporaryDirectory
            .appending(path: "stepgate-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try write("order.json", #"{"amount": 120, "tier": "gold", "tags": ["new", "urgent"]}"#)
        try write(
            "order.yaml",
            "amount: number\ntier(enum): [new, gold]\ntags(array): string\nnote?: string\n"
        )
    }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: folder + "/" + name))
    }

    private func path(_ name: String) -> String { folder + "/" + name }

    /// What the command line comes to, as its words are read.
    private func report(_ text: String, _ options: String...) throws -> EvalReport {
        let words = ["eval", text, "--explain"] + options
        guard
            case .run(_, let call) = try CommandLineParser(commands: Commands.all).parse(words)
        else { throw CommandFailure.usage("no call") }
        let question = try EvalQuestion(
            call,
            text: call.arguments[0],
            input: try EvalInput(call),
            now: Instant(microseconds: 0)
        )
        return try question.answer(explaining: true, zones: System.zone)
    }

    private func order(_ text: String) throws -> EvalReport {
        try report(text, "--input", path("order.json"), "--schema", path("order.yaml"))
    }

    @Test func `type, value, cost and estimate are told, and each operand under its own`() throws {
        let report = try order("input.amount > 100 && input.tags.exists(t, t == 'urgent')")
        let lines = report.lines(explaining: true, width: 100)
        #expect(lines[0] == "type      bool")
        #expect(lines[1] == "value     true")
        #expect(lines[2].hasPrefix("cost      ") && lines[2].hasSuffix(" steps"))
        #expect(lines[3].hasPrefix("estimate  at most "))
        #expect(
            lines[4...] == [
                "",
                "input.amount > 100 && input.tags.exists(t, t == 'urgent') = true",
                "├─ input.amount > 100                                     = true",
                "│  └─ input.amount                                        = 120.0",
                "└─ input.tags.exists(t, t == 'urgent')                    = true",
                #"   └─ input.tags                                          = ["new", "urgent"]"#,
            ]
        )
        let json = report.json(explaining: true)
        #expect(json["type"] == "bool" && json["value"] == true)
        let (cost, estimate) = (json["cost"]?.integer, json["estimate"]?.integer)
        #expect(try #require(cost) <= #require(estimate))
        let parts = try #require(json["operands"]?.array?.first?["operands"]?.array)
        #expect(parts.map { $0["text"]?.string?.prefix(12) } == ["input.amount", "input.tags.e"])
        #expect(parts.map { $0["column"]?.integer } == [1, 23])
        #expect(parts[0]["operands"]?.array?.first?["written"] == "120.0")
    }

    @Test func `text and value that are too wide for the terminal are cut`() throws {
        let report = try order("input.amount > 100 && input.tags.exists(t, t == 'urgent')")
        let lines = report.lines(explaining: true, width: 50)[5...]
        #expect(lines.allSatisfy { $0.unicodeScalars.count <= 55 })
        #expect(lines.first?.contains("…") == true)
    }

    @Test func `an error names the innermost place that fails`() throws {
        let report = try order("input.amount > 100 && input.tags[5] == 'x'")
        let failure = try #require(report.failure)
        #expect(failure.message == "the index is out of range")
        #expect((failure.position.column, failure.length) == (23, 13))
        let error = report.json(explaining: false)["error"]
        #expect(error?["code"] == "out_of_range" && error?["column"] == 23)
        #expect(report.json(explaining: false)["value"] == nil)
    }

    @Test func `an expression that takes too many steps ends, and the whole is its place`() throws {
        let report = try report("[1, 2, 3].map(x, x * a)", "--var", "a=2", "--limit", "4")
        let failure = try #require(report.failure)
        #expect(failure.message == "the expression takes more than 4 steps")
        #expect((failure.position.column, failure.length) == (1, 23))
    }

    @Test func `a mistake is told with its caret and its fix`() throws {
        let error = try #require(throws: Diagnostics.self) { try order("input.teir == 'gold'") }
        #expect(
            error.rendered == """
                <expression>:1:1: error: 'input' has no field 'teir'; it has amount, tier, tags, note
                 1 | input.teir == 'gold'
                   | ^^^^^^^^^^
                   = fix: write 'input.tier'
                """
        )
    }

    @Test func `without a schema the input is of any value, and its own type is told`() throws {
        let report = try report("input.amount", "--input", path("order.json"))
        #expect(report.lines(explaining: false, width: 80)[0] == "type      any value, here int")
    }

    @Test func `now and further variables are what the options say`() throws {
        let text = "now.getDayOfWeek('Europe/Berlin') == day && name == 'a=b'"
        let report = try report(
            text,
            "--now",
            "2026-01-31T23:30:00Z",
            "--var=day=0",
            "--var",
            #"name="a=b""#
        )
        #expect(report.json(explaining: false)["value"] == true)
    }

    @Test(arguments: [
        (["--var", "a"], "--var takes NAME=JSON"), (["--var", "1a=1"], "--var takes NAME=JSON"),
        (["--var", "a=gold"], "--var a is no JSON"),
        (["--var", "a=1", "--var", "a=2"], "there is one of that name already"),
        (["--var", "input=1"], "there is one of that name already"),
        (["--now", "today"], "--now takes a time such as"),
        (["--limit", "0"], "--limit takes a whole number from 1"),
        (["--schema", "order.yaml"], "--schema says what the input is"),
    ])
    func `an option that is written wrong says how it is written`(
        options: [String],
        message: String
    ) throws {
        let parser = CommandLineParser(commands: Commands.all)
        guard case .run(_, let call) = try parser.parse(["eval", "1"] + options) else { return }
        let error = try #require(throws: CommandFailure.self) {
            _ = try EvalQuestion(
                call,
                text: "1",
                input: try EvalInput(call),
                now: Instant(microseconds: 0)
            )
        }
        #expect(error.code == .usage)
        #expect(error.message.contains(message), "\(error.message)")
    }

    @Test func `without an expression the command says how it is called`() throws {
        let parser = CommandLineParser(commands: Commands.all)
        let error = try #require(throws: CommandFailure.self) { try parser.parse(["eval"]) }
        #expect(error.code == .usage)
        #expect(error.message.contains("needs EXPR") && error.message.contains("for example:"))
    }

    /// The same schema in its forms: `a` is a number, and may be left out in the second.
    @Test(arguments: [
        ("a.yaml", "a: number", "double"),
        (
            "a.yaml", "schema: {type: object, required: [a], properties: {a: {type: number}}}",
            "double"
        ),
        ("a.json", #"{"required": ["a"], "properties": {"a": {"type": "number"}}}"#, "double"),
        ("a.json", #"{"a": "integer, how many"}"#, "int"),
        ("a.json", #"{"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}"#, "any value"),
        ("a.json", ##"{"$ref": "#/$defs/x", "$defs": {"x": true}}"##, "any value"),
    ])
    func `a schema is JSON Schema or Picoschema, in YAML or JSON`(
        name: String,
        text: String,
        type: String
    ) throws {
        try write(name, text)
        try write("a-input.json", #"{"a": 1}"#)
        let report = try report(
            "input.a",
            "--input",
            path("a-input.json"),
            "--schema",
            path(name)
        )
        #expect(report.json(explaining: false)["type"]?.string == type)
    }
}
