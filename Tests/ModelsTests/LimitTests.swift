import Autonomy
import Models
import Prompts
import Testing
import Values

/// The limits of this module that recorded exchanges and `AttemptMachineTests` do not reach.
struct LimitTests {
    private let probability = ConfidenceClause(from: .probability, of: "action")

    private func form(members count: Int, name: String = "p") -> OutputForm {
        OutputForm(
            name: name,
            schema: [
                "type": "object",
                "properties": ["action": ["enum": .array((0..<count).map { .string("m\($0)") })]],
                "required": ["action"], "additionalProperties": false,
            ]
        )
    }

    @Test func `a request has at most so many bytes`() throws {
        let endpoint = ModelEndpoint(
            name: "fast",
            shape: .decisions,
            url: try EndpointURL("http://h"),
            model: "m"
        )
        let text = String(repeating: "x", count: Models.Limits.requestBytes)
        let request = ModelRequest(
            messages: [Message(role: .user, content: [.text(text)])],
            output: form(members: 2),
            confidence: probability
        )
        let error = #expect(throws: ModelError.self) {
            try endpoint.mostCost(of: request)
        }
        #expect(error?.message.hasSuffix("bytes; at most 33554432 are sent") == true)
    }

    @Test func `a decision endpoint is given at most so many choices`() {
        let most = Models.Limits.choices.upperBound
        let shape = Shape.decisions
        #expect(shape.problems(output: form(members: most), confidence: probability) == [])
        #expect(
            shape.problems(output: form(members: most + 1), confidence: probability)
                == ["decisions takes 2 to 255 members, and action has 256"]
        )
    }

    @Test func `a name that is too long for an output is cut`() {
        let name = String(repeating: "a", count: Models.Limits.outputNameCharacters)
        #expect(form(members: 2, name: name).name == name)
        #expect(form(members: 2, name: name + "b").name == name)
    }

    @Test func `an output schema that nests deeper than is followed is a problem`() {
        func nested(_ levels: Int) -> [String] {
            let inner = (0..<levels).reduce(["type": "string"] as JSON) { inner, _ in
                ["type": "array", "items": inner]
            }
            let form = OutputForm(
                name: "p",
                schema: [
                    "type": "object",
                    "properties": ["action": ["enum": ["a", "b"]], "list": inner],
                    "required": ["action", "list"], "additionalProperties": false,
                ]
            )
            return Shape.chat.problems(
                output: form,
                confidence: ConfidenceClause(from: .logprob, of: "action")
            )
        }
        // The object is a level, and so is what the innermost list holds.
        #expect(nested(Models.Limits.schemaDepth - 2) == [])
        let problems = nested(Models.Limits.schemaDepth - 1)
        #expect(problems.count == 1)
        #expect(problems.first?.hasSuffix("is nested deeper than 64 levels") == true)
    }

    @Test func `of what a server says only the beginning is quoted`() {
        func detail(_ length: Int) -> String {
            let body: JSON = ["error": ["message": .string(String(repeating: "x", count: length))]]
            let reply = Shape.decisions.coding().decode(
                HTTPReply(status: 400, body: Array(body.compactText.utf8)),
                to: ModelRequest(
                    messages: [],
                    output: form(members: 2),
                    confidence: probability
                )
            )
            guard case .failure(let failure) = reply else { return "" }
            return failure.reason.detail
        }
        let most = Models.Limits.excerptCharacters
        let quoted = "HTTP 400: " + String(repeating: "x", count: most)
        #expect(detail(most) == quoted)
        #expect(detail(most + 1) == quoted + "…")
    }
}
