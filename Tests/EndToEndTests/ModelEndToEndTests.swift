import Foundation
import Testing
import Values

/// Models and their outages, by the built program.
@Suite(.serialized)  // Each test starts processes that share two cores.
struct ModelEndToEndTests {
    private let program: Program

    init() throws { program = try Program() }

    private func workspace(port: String, wait: String) throws {
        try program.write(
            "stepgate.yaml",
            #"models: {m: {shape: decisions, url: "http://127.0.0.1:\#(port)/v1", model: p}}"#
        )
        try program.write("Prompts/p.prompt", #"{{fence message tag="message"}}"#)
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
              retry: {attempts: 1}
              on_failure: \(wait)
            accept: [{threshold: 0}]
            """
        )
        let lines = (0..<5).map { #"{"message": "Where is order \#($0)?"}"# }
        try program.write("in.jsonl", lines.joined(separator: "\n"))
    }

    private let decide = ["decide", "triage", "--input", "in.jsonl", "--output", "out.jsonl"]

    private func run(_ arguments: [String]) throws -> (code: Int32, output: String) {
        let (output, errors) = (Pipe(), Pipe())
        let process = try program.start(arguments, output: output, errors: errors)
        let text =
            output.fileHandleForReading.readDataToEndOfFile()
            + errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }

    @Test(.timeLimit(.minutes(2)))
    func `what an outage sent to people is recalled and asked again, but for what is claimed`()
        throws
    {
        try workspace(port: "1", wait: "review")
        #expect(try run(decide).code == 0)
        let waiting = try program.json("review", "list").array ?? []
        #expect(waiting.count == 5)
        #expect(waiting.allSatisfy { $0["reason"] == "model-unavailable" })
        let claimed = try #require(waiting.first?["id"]?.string)
        #expect(try program.run("review", "claim", claimed, "--as", "ada").code == 0)
        let recalled = try program.json("review", "recall", "--because", "model-unavailable")
        #expect(recalled == ["recalled": 4, "kept": 1])
        #expect(try program.run("review", "recall", "--because", "not-confident").code == 2)
        let asking = try program.json("decisions", "list", "--state", "asking")
        #expect(asking.array?.count == 4)

        // Their release names a port where still nobody listens, so they come back to people.
        let again = try run(decide)
        #expect(again.code == 0, "\(again.output)")
        let after = try program.json("decisions", "list")
        #expect(after.array?.count { $0["state"] == "review" } == 5)
        #expect(try program.run("log", "verify").code == 0)
        let models = try program.json("models")
        #expect((models.array?.first?["failures"]?["unavailable"]?.integer ?? 0) >= 5)
        #expect(models.array?.first?["answered"] == 0)
    }

    @Test(.timeLimit(.minutes(2)))
    func `one call tells what a model can, and nothing of one that is not there`() throws {
        #expect(try program.run("init", ".").code == 0)
        let model = try PracticeModel(program)
        for name in ["stepgate.yaml"] {
            let yaml = try program.read(name)
            try program.write(name, yaml.replacingOccurrences(of: "9210", with: model.port))
        }
        for name in ["practice", "practice-chat"] {
            let found = try program.json("models", "test", name)
            #expect(found["ok"] == true, "\(found.compactText)")
            let subjects = found["findings"]?.array?.compactMap { $0["subject"]?.string } ?? []
            #expect(subjects.contains(name == "practice" ? "probabilities" : "log-probabilities"))
        }
        let yaml = try program.read("stepgate.yaml")
        try program.write("stepgate.yaml", yaml.replacingOccurrences(of: model.port, with: "1"))
        let gone = try program.run("models", "test", "practice")
        #expect(gone.code == 1)
        #expect(gone.output.contains("nothing accepts connections at 127.0.0.1:1"))
        let wrong = try program.run("models", "test", "practise")
        #expect(wrong.errors.contains("did you mean 'practice'?"), "\(wrong.errors)")
    }
}
