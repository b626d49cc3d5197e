import Access
import Gateway
import TestSupport
import Testing
import Values

/// Flows that a gateway's tests run.
enum RunFlows {
    static let all = [
        "pay": """
        title: A payment
        stages: [payout, told]
        input: {order: string, amount: number}
        fields: {amount: number, order: string}
        steps:
          - id: pay
            stage: payout
            work: {kind: pay, output: {reference: string}}
            with: {order: "${{ input.order }}"}
            timeout: 30s
          - id: tell
            stage: told
            set: {text: "${{ steps.pay.output.reference }}"}
        output: {reference: "${{ steps.pay.output.reference }}"}
        """,
        "approve": """
        stages: [approval]
        input: {amount: number}
        fields: {amount: number}
        steps:
          - id: agree
            stage: approval
            review: {queue: finance, approvals: 2, due: 1d, show: {amount: "${{ input.amount }}"}}
        output: {approved: "${{ steps.agree.output.approved }}"}
        """,
        "outside": """
        input: {order: string}
        steps:
          - id: back
            wait: {callback: {output: {ok: boolean}}}
          - id: paid
            wait: {event: {type: com.example.paid, match: event.data.order == input.order}}
        output: {paid: "${{ steps.paid.output.data }}"}
        """,
        "quick": """
        input: {text: string}
        steps: [{id: keep, set: {text: "${{ input.text }}"}}]
        output: {text: "${{ steps.keep.output.text }}"}
        """,
        "single": """
        input: {id: string}
        concurrency: {key: input.id, limit: 1, then: refuse}
        steps: [{id: rest, sleep: 1h}]
        """,
    ]
}

extension GatewayWorld {
    /// Starts a run and gives its identifier.
    func start(
        _ flow: String,
        _ input: JSON,
        as role: Role = .agent,
        _ headers: [String: String] = [:]
    ) async throws -> String {
        let answer = try await send(
            "POST",
            "/v1/runs",
            as: role,
            ["flow": .string(flow), "input": input],
            headers
        )
        #expect(answer.status == 201, "\(answer.body)")
        return answer.body["run"]?.string ?? ""
    }

    func run(_ id: String) async throws -> JSON {
        try await send("GET", "/v1/runs/\(id)", as: .operator).body
    }

    /// A run's step by its id.
    func step(_ name: String, of id: String) async throws -> JSON {
        let steps = try await run(id)["steps"]?.array ?? []
        return steps.first { $0["step"]?.string == name } ?? .null
    }

    func claim(_ kinds: String..., wait: Int? = nil) async throws -> [JSON] {
        let answer = try await send(
            "POST",
            "/v1/work:claim",
            as: .agent,
            ["kinds": .array(kinds.map(JSON.string)), "worker": "w1", "limit": 10],
            wait.map { ["prefer": "wait=\($0)"] } ?? [:]
        )
        #expect(answer.status == 200, "\(answer.body)")
        return answer.body["work"]?.array ?? []
    }
}
