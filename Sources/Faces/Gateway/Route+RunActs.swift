internal import Access
internal import Values

extension Route {
    static let workers: Set<Role> = [.agent, .operator, .admin]
    static let operators: Set<Role> = [.operator, .admin]

    static let runActs: [Route] =
        RunWord.allCases.map { word in
            Route(
                method: "POST",
                path: "/v1/runs/{id}:\(word.rawValue)",
                roles: operators,
                operation: "\(word.rawValue)Run",
                tag: .runs,
                summary: word.summary,
                names: [.run],
                body: word.body,
                answers: [.run],
                faults: [.refused, .release],
                handler: { gateway, call async throws(Problem) in
                    try await gateway.act(word, call)
                }
            )
        }
        + [
            Route(
                method: "POST",
                path: "/v1/runs/{id}/steps/{step}:retry",
                roles: operators,
                operation: "retryStep",
                tag: .runs,
                summary: "Tries a step again that failed, at once.",
                names: [.run, .step],
                body: .mended,
                answers: [.run],
                faults: [.refused, .release],
                handler: { gateway, call async throws(Problem) in
                    try await gateway.retry(call, run: "id")
                }
            ),
            Route(
                method: "POST",
                path: "/v1/runs/{id}/steps/{step}:skip",
                roles: operators,
                operation: "skipStep",
                tag: .runs,
                summary: "Ends a step as if its output were this, and goes on.",
                names: [.run, .step],
                body: Body(
                    schema: Components.ref("SkippedStep"),
                    description: "The output, where later steps need one.",
                    isRequired: false
                ),
                answers: [.run],
                faults: [.refused, .workOutput, .release],
                handler: { gateway, call async throws(Problem) in try await gateway.skip(call) }
            ),
            Route(
                method: "GET",
                path: "/v1/dead-letters",
                roles: staff,
                operation: "listDeadLetters",
                tag: .runs,
                summary: "Steps that failed for good and wait for a person, the longest first.",
                query: [
                    .flowName,
                    Parameter(
                        name: "cursor",
                        schema: Form.matching(
                            "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[.][0-9]{1,3}[.][0-9]{1,18}$",
                            "A cursor.",
                            "019a9f3e-1c2d-7a4b-8c5d-6e7f80910a2b.3.1772357400000000"
                        ),
                        description: "what an earlier answer gave as 'next'"
                    ),
                    .limit,
                ],
                answers: [
                    Answer(
                        status: 200,
                        description: "A page of them; one of a flow may be short before the end.",
                        schema: Components.ref("DeadLetterPage")
                    )
                ],
                faults: [.release],
                handler: { gateway, call async throws(Problem) in
                    try await gateway.deadLetters(call)
                }
            ),
            Route(
                method: "POST",
                path: "/v1/dead-letters/{run}/{step}:redrive",
                roles: operators,
                operation: "redriveDeadLetter",
                tag: .runs,
                summary:
                    "Tries a step again that failed for good, with a mended input where given.",
                names: [.letterRun, .step],
                body: .mended,
                answers: [.run],
                faults: [.refused, .release],
                handler: { gateway, call async throws(Problem) in
                    try await gateway.retry(call, run: "run")
                }
            ),
        ]
}

/// What a person can do to a run, as the path's last word.
enum RunWord: String, Sendable, CaseIterable {
    case pause, resume, cancel, restart

    fileprivate var summary: String {
        switch self {
        case .pause: "Has a run stand still until it is resumed."
        case .resume: "Has a paused run go on."
        case .cancel: "Ends a run; what it did is undone first, unless that is not wanted."
        case .restart: "Does a run again from a step on; what was done before it is kept."
        }
    }

    fileprivate var body: Route.Body {
        switch self {
        case .pause, .resume: .nothing
        case .cancel:
            Route.Body(
                schema: Components.ref("Cancellation"),
                description: "Whether to undo.",
                isRequired: false
            )
        case .restart:
            Route.Body(schema: Components.ref("Restart"), description: "From which step.")
        }
    }
}

extension Route.Body {
    fileprivate static let mended = Self(
        schema: Components.ref("MendedInput"),
        description: "An input in the place of the step's own; nothing keeps that.",
        isRequired: false
    )
}

extension Route.Answer {
    /// The run after an act.
    fileprivate static let run = Self(
        status: 200,
        description: "It is done; the run as it is now.",
        schema: Components.ref("RunSummary"),
        links: .run("/run")
    )
}

extension Route.Parameter {
    static let letterRun = Self(
        name: "run",
        schema: Form.identifier("A run's identifier."),
        description: "the run"
    )
}
