import Autonomy
import Documents
import Values

/// A workspace of a few lines, compiled.
enum Fixture {
    static let now = Instant(microseconds: 1_800_000_000_000_000)

    static let stepgate = """
        models:
          fast: {shape: decisions, url: "http://127.0.0.1:1/v1", model: m}
          strong: {shape: decisions, url: "http://127.0.0.1:2/v1", model: m}
          talk: {shape: chat, url: "http://127.0.0.1:1/v1", model: m}
        lists: {sanctioned: sanctioned.csv}
        vars: {limit: 500}
        """

    static let prompt = "{{role \"user\"}}<message>{{message}}</message>"

    static func check(
        policy: String,
        name: String = "refund",
        prompt: String = prompt,
        stepgate: String = stepgate
    ) -> WorkspaceCheck {
        Workspace.compile(
            files: WorkspaceFiles([
                "stepgate.yaml": Array(stepgate.utf8),
                "sanctioned.csv": Array("customer\nC-1\nC-2\n".utf8),
                "Prompts/refund.prompt": Array(prompt.utf8),
                "Policies/\(name).yaml": Array(policy.utf8),
            ]),
            reader: YAMLReader(),
            environment: ["PAYMENTS": "http://pay"],
            zones: { $0 == "UTC" ? .utc : nil }
        )
    }

    static func step(_ input: JSON) -> Step {
        Step(
            id: Identifier(at: now, random: (1, 2)),
            policy: "refund",
            key: nil,
            source: "test",
            caller: Caller(id: "ann", roles: []),
            input: input
        )
    }

    /// A policy of that level with a rule that decides, one that reviews, one that cannot be
    /// evaluated, a check and a threshold.
    static func policy(_ level: AutonomyLevel) -> String {
        """
        policy: refund
        autonomy: \(level.rawValue)
        input: {message: string, amount: number, items: integer}
        output:
          action(enum): [refund, reject]
        rules:
          - {id: small, when: input.amount <= 20, decide: {action: refund}}
        \(level == .locked ? "" : "  - {id: odd, when: input.message == 'odd', review: odd}")
          - {id: broken, when: 10 / input.items > 100, decide: {action: reject}}
        model:
          prompt: refund
          use: fast
          confidence: {from: probability, of: action}
          on_failure: review
        checks:
          - {id: modest, that: output.action != 'refund' || input.amount <= 500}
        accept: [{threshold: 0.9}]
        review: {queue: refunds}
        """
    }
}

extension Fixture {
    static func compile(_ files: [String: [UInt8]]) -> WorkspaceCheck {
        Workspace.compile(
            files: WorkspaceFiles(files),
            reader: YAMLReader(),
            environment: [:],
            zones: { $0 == "UTC" ? .utc : nil }
        )
    }
}
