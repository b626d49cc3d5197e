internal import Access
internal import Decisions
internal import Values

extension Route {
    static let decisions: [Route] = [
        Route(
            method: "POST",
            path: "/v1/decisions",
            roles: [.agent, .operator, .admin],
            operation: "askForDecision",
            tag: .decisions,
            summary: "Asks for a decision of one step.",
            detail: "A rule decides at once; a model is waited for; a person is not, unless "
                + "`Prefer: wait=N` says so. It is durable before it is answered.",
            headers: [.idempotencyKey, .prefer],
            body: Body(schema: Components.ref("Question"), description: "The step."),
            answers: [
                Answer(
                    status: 200,
                    description: "It is final: see `state`.",
                    schema: Components.ref("Decision"),
                    headers: [.preferenceApplied],
                    links: .decision("/decision")
                ),
                Answer(
                    status: 202,
                    description: "It is pending: look again at `Location`.",
                    schema: Components.ref("Decision"),
                    headers: [.location, .retryAfter, .preferenceApplied],
                    links: .decision("/decision")
                ),
            ],
            faults: [.unknownPolicy, .notFound, .input, .callback, .keyReused],
            pace: .brief,
            handler: { gateway, call async throws(Problem) in try await gateway.decide(call) }
        ),
        Route(
            method: "POST",
            path: "/v1/decisions:batch",
            roles: [.agent, .operator, .admin],
            operation: "askForDecisions",
            tag: .decisions,
            summary: "Asks for decisions of many steps, one JSON line each.",
            detail: "Lines are decided and committed as they arrive, and answered in their order "
                + "after the last. An upload that was cut keeps what was committed: send its lines "
                + "again with their keys. At most \(Limits.batchLines) lines and "
                + "\(Limits.batchBytes >> 20) MiB.",
            headers: [.prefer],
            body: Body(
                contentType: "application/x-ndjson",
                schema: Components.ref("BatchLine"),
                description: "A JSON object a line."
            ),
            answers: [
                Answer(
                    status: 200,
                    description: "A line for each line.",
                    contentType: "application/x-ndjson",
                    schema: Components.ref("BatchAnswer"),
                    headers: [.preferenceApplied, .cacheControl]
                )
            ],
            faults: [.incomplete, .tooLarge],
            pace: .streamed,
            handler: { gateway, call async throws(Problem) in try await gateway.batch(call) }
        ),
        .events,
        Route(
            method: "GET",
            path: "/v1/decisions",
            roles: staff,
            operation: "listDecisions",
            tag: .decisions,
            summary: "Lists decisions, newest first.",
            query: [
                Parameter(
                    name: "policy",
                    schema: ["type": "string"],
                    description: "only of this policy"
                ),
                Parameter(
                    name: "state",
                    schema: [
                        "type": "array",
                        "items": Form.word(
                            "A state.",
                            of: DecisionState.allCases.map(\.rawValue)
                        ),
                    ],
                    description: "only in one of these states"
                ),
                Parameter(
                    name: "route",
                    schema: Form.word(
                        "A route.",
                        of: Decisions.Route.allCases.map(\.rawValue)
                    ),
                    description: "only decided, or waiting, there"
                ),
                .cursor, .limit,
            ],
            answers: [
                Answer(
                    status: 200,
                    description: "A page of them.",
                    schema: Components.ref("DecisionPage"),
                    links: .decision("/decisions/0/decision")
                )
            ],
            handler: { gateway, call async throws(Problem) in try await gateway.decisions(call) }
        ),
        Route(
            method: "GET",
            path: "/v1/decisions/{id}",
            roles: everyone,
            operation: "getDecision",
            tag: .decisions,
            summary: "A decision with everything that explains it.",
            names: [.decision],
            answers: [
                Answer(
                    status: 200,
                    description: "The decision.",
                    schema: Components.ref("ExplainedDecision"),
                    links: .decision("/decision")
                )
            ],
            faults: [.blind],
            handler: { gateway, call async throws(Problem) in try await gateway.decision(call) }
        ),
        Route(
            method: "POST",
            path: "/v1/decisions/{id}/outcome",
            roles: [.agent, .operator, .admin],
            operation: "reportOutcome",
            tag: .decisions,
            summary: "Reports what turned out to be right.",
            names: [.decision],
            body: Body(schema: Components.ref("Outcome"), description: "The right answer."),
            answers: [
                Answer(
                    status: 200,
                    description: "It is kept; the decision itself is unchanged.",
                    schema: Components.ref("DecisionSummary")
                )
            ],
            faults: [.refused, .output, .release],
            handler: { gateway, call async throws(Problem) in try await gateway.report(call) }
        ),
        Route(
            method: "POST",
            path: "/v1/decisions/{id}:withdraw",
            roles: [.agent, .operator, .admin],
            operation: "withdrawDecision",
            tag: .decisions,
            summary: "Takes a pending step back.",
            names: [.decision],
            body: .nothing,
            answers: [
                Answer(
                    status: 200,
                    description: "It is withdrawn, and its review with it.",
                    schema: Components.ref("DecisionSummary")
                )
            ],
            faults: [.refused],
            handler: { gateway, call async throws(Problem) in try await gateway.withdraw(call) }
        ),
    ]
}

extension [Route.Link] {
    /// What can be done next with a decision whose identifier stands at `pointer`.
    fileprivate static func decision(_ pointer: String) -> [Route.Link] {
        ["getDecision", "reportOutcome", "withdrawDecision"].map {
            Route.Link(name: $0, operation: $0, id: pointer)
        }
    }
}
