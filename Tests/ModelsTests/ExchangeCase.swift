import Autonomy
import Foundation
import Models
import Prompts
import Testing
import Values

/// A recorded exchange from `Cases/`: what was asked, what the server sent, what it must come to.
struct ExchangeCase: CustomTestStringConvertible, Sendable {
    let shape: Shape
    let document: JSON

    var testDescription: String { document["name"]?.string ?? "unnamed" }

    var structured: ModelDefinition.Structured {
        document["structured"]?.string.flatMap(ModelDefinition.Structured.init) ?? .format
    }

    static func all(_ shape: Shape) throws -> [ExchangeCase] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Cases/\(shape.rawValue)")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
            let data = try Data(contentsOf: folder.appending(path: $0))
            return ExchangeCase(shape: shape, document: try JSON.read([UInt8](data)))
        }
    }

    func request() throws -> ModelRequest {
        let asked = try #require(document["request"])
        let clause = ConfidenceClause(
            from: try #require(ConfidenceSignal(rawValue: asked["from"]?.string ?? "")),
            of: try #require(asked["of"]?.string),
            normalize: asked["normalize"]?.bool ?? false,
            samples: Int(asked["samples"]?.integer ?? 1)
        )
        let schema = try Schema(try #require(asked["schema"]))
        return ModelRequest(
            messages: [Message(role: .user, content: [.text("Where is my money?")])],
            output: OutputForm(name: "triage", schema: schema),
            confidence: clause
        )
    }

    func reply() throws -> HTTPReply {
        let body = try #require(document["body"])
        return HTTPReply(
            status: Int(try #require(document["status"]?.integer)),
            headers: (document["headers"]?.object?.members ?? []).map {
                ($0.name, $0.value.string ?? "")
            },
            body: Array((body.string ?? body.compactText).utf8)
        )
    }
}

struct RecordedExchangeTests {
    @Test(arguments: try Shape.allCases.flatMap(ExchangeCase.all))
    func `a recorded exchange comes to what it must`(_ recorded: ExchangeCase) throws {
        let request = try recorded.request()
        let problems = recorded.shape.problems(
            output: request.output,
            confidence: request.confidence
        )
        #expect(problems == [])
        let reply = recorded.shape.coding(recorded.structured).decode(
            try recorded.reply(),
            to: request
        )
        let expected = try #require(recorded.document["expect"])
        if let wanted = expected["answer"] {
            guard case .answer(let answer) = reply else {
                Issue.record("expected an answer, got \(reply)")
                return
            }
            try check(answer, wanted)
        } else {
            guard case .failure(let failure) = reply else {
                Issue.record("expected a failure, got \(reply)")
                return
            }
            try check(failure, try #require(expected["failure"]))
        }
    }

    private func check(_ answer: ModelAnswer, _ wanted: JSON) throws {
        #expect(answer.output == wanted["output"])
        #expect(close(answer.confidence.value, wanted["confidence"]?.number))
        #expect(close(answer.confidence.mass, wanted["mass"]?.number))
        if let note = wanted["note"]?.string {
            #expect(answer.confidence.note?.contains(note) == true, "\(answer.confidence)")
        } else {
            #expect(answer.confidence.note == nil)
        }
        if let scores = wanted["scores"]?.object {
            #expect(answer.confidence.scores.names.sorted() == scores.names.sorted())
            for score in scores.members {
                #expect(close(answer.confidence.scores[score.name]?.number, score.value.number))
            }
        }
        if let version = wanted["version"]?.string { #expect(answer.version == version) }
        if let finish = wanted["finish"]?.string { #expect(answer.finish == finish) }
        if let samples = wanted["samples"]?.integer { #expect(answer.samples.count == samples) }
        if let usage = wanted["usage"] { #expect(json(answer.usage) == usage) }
        #expect(answer.answer(of: "fast").confidence == answer.confidence.value)
    }

    private func check(_ failure: ModelFailure, _ wanted: JSON) throws {
        #expect(failure.reason.kind.rawValue == wanted["kind"]?.string)
        let contains = try #require(wanted["contains"]?.string)
        #expect(failure.reason.detail.contains(contains), "\(failure.reason.detail)")
        #expect(failure.reason.detail.count < 300)
        #expect(json(failure.advice) == wanted["advice"])
        if let usage = wanted["usage"] { #expect(json(failure.usage) == usage) }
    }

    private func close(_ value: Double?, _ wanted: Double?) -> Bool {
        guard let value, let wanted else { return value == nil && wanted == nil }
        return abs(value - wanted) <= 1e-12 * max(1, abs(wanted))
    }

    private func json(_ usage: Usage) -> JSON {
        [.int(usage.input), .int(usage.cached), .int(usage.output), .int(usage.reasoning)]
    }

    private func json(_ advice: RetryAdvice) -> JSON {
        switch advice {
        case .never: "never"
        case .backOff: "backOff"
        case .after(let wait): ["after": .double(Double(wait.wholeMicroseconds) / 1e6)]
        case .until(let date): ["until": .string(date.rfc3339)]
        }
    }
}
