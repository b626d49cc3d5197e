internal import Decisions
internal import Engine
internal import Storage
internal import Values

/// What happens, as it happens.
extension Route {
    static let events = Route(
        method: "GET",
        path: "/v1/events",
        roles: everyone,
        operation: "followEvents",
        tag: .decisions,
        summary: "What happens to decisions and runs, as it happens (server-sent events).",
        detail: eventsDetail,
        query: [
            Parameter(
                name: "policy",
                schema: ["type": "string"],
                description: "only what happens to decisions of this policy"
            ),
            Parameter(
                name: "flow",
                schema: ["type": "string"],
                description: "only what happens to runs of this flow, what people do to them, and "
                    + "to the questions that it asks people"
            ),
            Parameter(
                name: "run",
                schema: Form.identifier("A run's identifier."),
                description: "only what happens to this run, to the runs below it where it is an "
                    + "outermost one, and to the decisions that it asked for"
            ),
            Parameter(
                name: "kind",
                schema: ["type": "array", "items": Form.word("A kind.", of: eventKinds)],
                description: "only of these kinds"
            ),
            Parameter(
                name: "after",
                schema: eventStart,
                description: "from the first event after this one: \(eventForm); without it, from "
                    + "now on"
            ),
        ],
        headers: [.lastEvent],
        answers: [
            Answer(
                status: 200,
                description: "Events without end.",
                contentType: "text/event-stream",
                schema: Form.text("Server-sent events.", eventExample),
                headers: [.cacheControl, .accelBuffering]
            )
        ],
        handler: { gateway, call async throws(Problem) in try await gateway.events(call) }
    )

    private static let eventKinds =
        Entry.Kind.allCases.map(\.rawValue) + RunChange.Kind.allCases.map(\.rawValue)

    fileprivate static let eventForm =
        "an event's id, which is 'N.M', the last entry of the log and the last change of a run that "
        + "are known, as in '120.45'; 'N' alone leaves out the changes of runs so far"

    fileprivate static let eventStart = Form.setting(
        "pattern",
        .string(EventStart.pattern),
        Form.text("An event's id.", "120.45", "120")
    )

    private static let eventExample: JSON = .string(
        """
        id: 120.46
        event: run_stage
        data: {"number":46,"kind":"run_stage","at":"2026-03-01T09:30:00.000000Z",\
        "run":"019a9f3e-1c2d-7a4b-8c5d-6e7f80910a2b",\
        "root":"019a9f3e-1c2d-7a4b-8c5d-6e7f80910a2b","flow":"refund","state":"running",\
        "version":7,"stage":"approval","stage_since":"2026-03-01T09:30:00.000000Z"}


        """
    )

    private static let eventsDetail =
        "An event for each entry of the log that the token may see, without inputs and outputs: "
        + "`sequence`, `kind`, `at`, and where they are known `decision`, `policy`, `run` and what "
        + "the kind tells. And an event for each change of a run that the token may see, but of "
        + "those for the items of a list: `number`, `kind`, `at`, `run`, `root`, `flow`, `state`, "
        + "`version`, and where there are such `stage`, `stage_since` and `reason`. "
        + "`run_started`, `run_stage`, `run_completed` and the others tell what it has become by "
        + "one step; a run that ends in the step that begins it is told of in its end alone. "
        + "Entries come in the order of the log and changes in theirs, between them by their times "
        + "as far as both are known. The id `N.M` of an event is "
        + "where to go on from in both. The last \(Storage.Limits.runChanges) changes are kept: "
        + "where some that were asked for are gone, `run_gap` says which (`from`, `to`), and "
        + "`GET /v1/runs` what has come of the runs. A comment each "
        + "\(Limits.heartbeat.components.seconds) s is a sign of life, with the id that has been "
        + "reached."
}

extension Route.Header {
    /// Sent by a client that comes back after a break.
    static let lastEvent = Self(
        name: "Last-Event-ID",
        schema: Route.eventStart,
        description: "from the first event after this one: \(Route.eventForm)",
        fault: .query
    )
}
