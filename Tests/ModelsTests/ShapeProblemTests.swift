import Autonomy
import Models
import Testing
import Values

struct ShapeProblemTests {
    private func problems(
        _ shape: Shape,
        _ clause: ConfidenceClause,
        _ properties: JSON,
        required: JSON = ["action"]
    ) -> String {
        let schema: JSON = ["type": "object", "properties": properties, "required": required]
        return shape.problems(output: OutputForm(name: "p", schema: schema), confidence: clause)
            .joined(separator: "; ")
    }

    private static let two: JSON = ["action": ["enum": ["a", "b"]]]

    @Test(arguments: [
        (Shape.chat, ConfidenceSignal.probability, "gives no probability: use agreement, logprob"),
        (.decisions, .logprob, "the shape decisions gives no logprob: use agreement, probability"),
        (.decisions, .vote, "gives no vote"), (.decisions, .stated, "gives no stated"),
        (.responses, .probability, "gives no probability: use agreement, logprob, stated, vote"),
        (.messages, .logprob, "the shape messages gives no logprob: use agreement, stated, vote"),
        (.systemone, .vote, "gives no vote: use agreement, probability"),
    ])
    func `a signal that a shape cannot give is a problem`(
        _ shape: Shape,
        _ signal: ConfidenceSignal,
        _ said: String
    ) {
        let clause = ConfidenceClause(from: signal, of: "action", samples: 3)
        let problems = problems(shape, clause, Self.two)
        #expect(problems.contains(said), "\(problems)")
    }

    @Test(arguments: [
        (ConfidenceClause(from: .logprob, of: "acton"), "no property acton: did you mean action?"),
        (ConfidenceClause(from: .stated, of: "action"), "needs a number"),
        (ConfidenceClause(from: .vote, of: "action", samples: 0), "1 to 128 samples, not 0"),
        (ConfidenceClause(from: .vote, of: "action", samples: 129), "not 129"),
        (ConfidenceClause(from: .logprob, of: "list"), "a list or an object"),
        (ConfidenceClause(from: .logprob, of: "free", normalize: true), "normalize needs free"),
        (
            ConfidenceClause(from: .vote, of: "action", normalize: true, samples: 2),
            "normalize belongs to logprob"
        ),
    ])
    func `a clause that the output cannot bear is a problem`(
        _ clause: ConfidenceClause,
        _ said: String
    ) {
        let properties: JSON = [
            "action": ["type": "string", "enum": ["a", "b"]], "free": ["type": "string"],
            "list": ["type": "array", "items": ["type": "string"]],
        ]
        let problems = problems(.chat, clause, properties)
        #expect(problems.contains(said), "\(problems)")
    }

    @Test(arguments: [
        (#"{"action": {"type": "string"}}"#, ["action"], "an enum or a boolean"),
        (#"{"action": {"enum": [1, 2]}}"#, ["action"], "to be strings"),
        (#"{"action": {"enum": ["a"]}}"#, ["action"], "2 to 255 members, and action has 1"),
        (
            #"{"action": {"enum": ["a", "b"]}, "reason": {"type": "string"}}"#,
            ["action", "reason"], "answers no reason: make it optional"
        ),
        (
            #"{"action": {"enum": ["a", "b"]}, "kind": {"const": "k"}, "x": {"enum": ["only"]}}"#,
            ["action", "kind", "x"], ""
        ),
        (#"{"action": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}}"#, [], ""),
    ])
    func `an output that decisions cannot fill is a problem`(
        _ properties: String,
        _ required: [String],
        _ said: String
    ) throws {
        let problems = problems(
            .decisions,
            ConfidenceClause(from: .probability, of: "action"),
            try JSON.read(properties),
            required: .array(required.map(JSON.string))
        )
        #expect(said.isEmpty ? problems.isEmpty : problems.contains(said), "\(problems)")
    }

    @Test(arguments: [
        (#"{"action": {"type": "object"}}"#, "object without properties"),
        (
            #"{"action": {"type": "object", "properties": {}, "additionalProperties": true}}"#,
            "open object"
        ),
        (#"{"action": {"allOf": [{"type": "string"}]}}"#, "uses allOf"),
    ])
    func `a schema that strict output cannot say is a problem`(
        _ properties: String,
        _ said: String
    ) throws {
        let clause = ConfidenceClause(from: .vote, of: "action", samples: 2)
        let problems = problems(.chat, clause, try JSON.read(properties))
        #expect(problems.contains(said), "\(problems)")
    }
}
