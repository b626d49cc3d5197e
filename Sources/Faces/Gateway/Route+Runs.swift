internal import Access
internal import Engine
internal import Runs
internal import Storage
internal import Values

extension Route {
    static let flows: [Route] = [
        Route(
            method: "GET",
            path: "/v1/flows",
            roles: everyone,
            operation: "listFlows",
            tag: .flows,
            summary: "The flows of the live release.",
            answers: [
                Answer(
                    status: 200,
                    description: "Those that the token covers, by name.",
                    schema: Components.ref("Flows")
                )
            ],
            handler: { gateway, call throws(Problem) in try gateway.flows(call) }
        ),
        Route(
            method: "GET",
            path: "/v1/flows/{name}",
            roles: everyone,
            operation: "getFlow",
            tag: .flows,
            summary: "A flow: its stages, fields, the schema of its input, its steps as a tree.",
            names: [.flow],
            answers: [
                Answer(
                    status: 200,
                    description: "The flow.",
                    schema: Components.ref("Flow")
                )
            ],
            handler: { gateway, call throws(Problem) in try gateway.flow(call) }
        ),
    ]

    static let runs: [Route] = [
        Route(
            method: "POST",
            path: "/v1/runs",
            roles: workers,
            operation: "startRun",
            tag: .runs,
            summary: "Starts a run of a flow.",
            detail:
                "It is durable before it is answered. `Prefer: wait=N` waits until it has ended, "
                + "or stands still until a person acts.",
            headers: [.idempotencyKey, .prefer],
            body: Body(schema: Components.ref("NewRun"), description: "The flow and its input."),
            answers: [
                Answer(
                    status: 201,
                    description: "It is started: see `Location`.",
                    schema: Components.ref("StartedRun"),
                    headers: [.location, .preferenceApplied],
                    links: .run("/run")
                ),
                Answer(
                    status: 200,
                    description: "The key started it before; as it stands now.",
                    schema: Components.ref("StartedRun"),
                    headers: [.location, .preferenceApplied],
                    links: .run("/run")
                ),
            ],
            faults: [.unknownFlow, .notFound, .runInput, .runKeyReused, .full, .release],
            handler: { gateway, call async throws(Problem) in try await gateway.startRun(call) }
        ),
        Route(
            method: "POST",
            path: "/v1/runs:batch",
            roles: workers,
            operation: "startRuns",
            tag: .runs,
            summary: "Starts many runs, one JSON line each.",
            detail:
                "Lines are committed together as they arrive, and answered in their order after "
                + "the last. An upload that was cut keeps what was committed: send its lines again "
                + "with their keys. At most \(Limits.batchLines) lines and "
                + "\(Limits.batchBytes >> 20) MiB.",
            body: Body(
                contentType: "application/x-ndjson",
                schema: Components.ref("NewRunLine"),
                description: "A JSON object a line."
            ),
            answers: [
                Answer(
                    status: 200,
                    description: "A line for each line.",
                    contentType: "application/x-ndjson",
                    schema: Components.ref("NewRunAnswer"),
                    headers: [.cacheControl]
                )
            ],
            faults: [.incomplete, .tooLarge],
            pace: .streamed,
            handler: { gateway, call async throws(Problem) in try await gateway.startRuns(call) }
        ),
        Route(
            method: "GET",
            path: "/v1/runs",
            roles: everyone,
            operation: "listRuns",
            tag: .runs,
            summary: "Lists runs; an agent's own.",
            query: listing,
            answers: [
                Answer(
                    status: 200,
                    description: "A page of them.",
                    schema: Components.ref("RunPage"),
                    links: .run("/runs/0/run")
                )
            ],
            handler: { gateway, call async throws(Problem) in try await gateway.runs(call) }
        ),
        Route(
            method: "GET",
            path: "/v1/runs/{id}",
            roles: everyone,
            operation: "getRun",
            tag: .runs,
            summary: "A run with its steps: how far each is, who has it, since when.",
            names: [.run],
            answers: [
                Answer(
                    status: 200,
                    description: "The run.",
                    schema: Components.ref("RunDetails"),
                    links: .run("/run")
                )
            ],
            faults: [.release],
            handler: { gateway, call async throws(Problem) in try await gateway.run(call) }
        ),
        Route(
            method: "GET",
            path: "/v1/runs/{id}/history",
            roles: everyone,
            operation: "getRunHistory",
            tag: .runs,
            summary: "What happened to a run, in its order.",
            detail: "`Prefer: wait=N` waits until there is something from the cursor on, so that a "
                + "run is followed event by event.",
            names: [.run],
            query: [
                Parameter(
                    name: "cursor",
                    schema: Form.given("A number of an event.", from: 1),
                    description: "from this event on"
                ),
                .limit,
            ],
            headers: [.prefer],
            answers: [
                Answer(
                    status: 200,
                    description: "A page of it.",
                    schema: Components.ref("RunHistory"),
                    headers: [.preferenceApplied]
                )
            ],
            faults: [.release],
            handler: { gateway, call async throws(Problem) in try await gateway.history(call) }
        ),
        Route(
            method: "GET",
            path: "/v1/runs/{id}/resources/{digest}",
            roles: everyone,
            operation: "getRunResource",
            tag: .runs,
            summary: "A large value of a run.",
            names: [.run, .resource],
            answers: [
                Answer(
                    status: 200,
                    description: "The value.",
                    schema: Form.any("Any JSON.")
                )
            ],
            faults: [.release],
            handler: { gateway, call async throws(Problem) in try await gateway.resource(call) }
        ),
        Route(
            method: "GET",
            path: "/v1/stuck",
            roles: everyone,
            operation: "listStuck",
            tag: .runs,
            summary: "What waits in live runs: which step, who has it, since when.",
            detail: "The longest in their stage first; of at most `limit` runs. An agent's own.",
            query: [.flowName, .stageName, .over, .owner, .limit],
            answers: [
                Answer(
                    status: 200,
                    description: "Their steps that are under way.",
                    schema: Components.ref("Stuck"),
                    links: .run("/stuck/0/run")
                )
            ],
            handler: { gateway, call async throws(Problem) in try await gateway.stuck(call) }
        ),
        Route(
            method: "GET",
            path: "/v1/stages",
            roles: staff,
            operation: "countStages",
            tag: .runs,
            summary: "How many runs are in each stage and state.",
            query: [.flowName],
            answers: [
                Answer(
                    status: 200,
                    description: "The counts, as the runs' own transitions keep them.",
                    schema: Components.ref("Stages")
                )
            ],
            handler: { gateway, call async throws(Problem) in try await gateway.stages(call) }
        ),
    ]

    private static let listing: [Parameter] = [
        .flowName,
        .stageName,
        Parameter(
            name: "state",
            schema: [
                "type": "array",
                "items": Form.word("A state.", of: RunState.allCases.map(\.rawValue)),
            ],
            description: "only in one of these states"
        ),
        Parameter(
            name: "caller",
            schema: ["type": "string"],
            description: "only those that this token or person started"
        ),
        .owner,
        Parameter(
            name: "kind",
            schema: [
                "type": "array",
                "items": Form.word("A kind.", of: Run.Kind.allCases.map(\.word)),
            ],
            description: "only of these kinds; without it all but the items of lists"
        ),
        Parameter(
            name: "parent",
            schema: Form.identifier("A run's identifier."),
            description: "only those that a step of this run started"
        ),
        .over,
        Parameter(
            name: "field",
            schema: [
                "type": "array", "maxItems": .int(Int64(Storage.Limits.conditions)),
                "items": Form.setting(
                    "maxLength",
                    .int(Int64(Limits.conditionCharacters)),
                    Form.matching(
                        #"^[a-z][a-z0-9_]*[=<>][^\s\u0085]"#,
                        "A condition.",
                        "amount>100"
                    )
                ),
            ],
            description: "only where this holds of a field: 'amount>100', 'amount<100', 'tier=gold'"
        ),
        Parameter(
            name: "sort",
            schema: Form.usually(
                "newest",
                Form.matching(
                    "^-?[a-z][a-z0-9_]*$",
                    "An order.",
                    "newest",
                    "oldest"
                )
            ),
            description: "newest, oldest, stage (longest in it first), or a field's name, with '-' "
                + "before it the other way round"
        ),
        Parameter(
            name: "cursor",
            schema: Form.matching(
                "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}([.]([0-9a-f]{2})+)?$",
                "A cursor.",
                "019a9f3e-1c2d-7a4b-8c5d-6e7f80910a2b"
            ),
            description: "what an earlier answer gave as 'next', with the same sort"
        ),
        .limit,
    ]
}

extension Route.Parameter {
    static let run = Self(
        name: "id",
        schema: Form.identifier("A run's identifier."),
        description: "the run"
    )
    static let flow = Self(
        name: "name",
        schema: ["type": "string"],
        description: "the flow"
    )
    static let step = Self(
        name: "step",
        schema: ["type": "string"],
        description: "the step's id"
    )
    static let stageName = Self(
        name: "stage",
        schema: ["type": "string"],
        description: "only in this stage"
    )
    static let owner = Self(
        name: "owner",
        schema: ["type": "string"],
        description: "only those of which they have a step: the worker who claimed it, by name and "
            + "token such as 'w1@payments', or who claimed or was given the review it waits for"
    )

    static let over = Self(
        name: "over",
        schema: Form.matching(
            "^([0-9]{1,9}(ms|s|m)|[0-9]{1,7}h|[0-9]{1,6}d)$",
            "A length of time.",
            "2h"
        ),
        description: "only those that are longer in their stage, such as 90s, 2h or 1d"
    )
    static let flowName = Self(
        name: "flow",
        schema: ["type": "string"],
        description: "only of this flow"
    )
    fileprivate static let resource = Self(
        name: "digest",
        schema: Form.digest("A digest."),
        description: "the value's SHA-256"
    )
}

extension [Route.Link] {
    /// What can be done next with a run whose identifier stands at `pointer`.
    static func run(_ pointer: String) -> [Route.Link] {
        ["getRun", "getRunHistory", "pauseRun", "resumeRun", "cancelRun"].map {
            Route.Link(name: $0, operation: $0, id: pointer)
        }
    }
}

extension Route.Fault {
    static let unknownFlow = Self(404, "unknown-flow", "The live release has no such flow.")
    static let runInput = Self(
        422,
        "invalid-input",
        "The input does not fit the flow's own schema; `errors` names each place."
    )
    static let runKeyReused = Self(
        422,
        "idempotency-key-reused",
        "The idempotency key belongs to a run with another input."
    )
    static let full = Self(
        409,
        "too-many-runs",
        "The flow allows no more runs with this key at once."
    )
}
