internal import Engine
internal import Runs
internal import Values

extension Components {
    static let runs: [(name: String, schema: JSON)] = [
        ("Flows", flows), ("FlowSummary", flowSummary), ("Flow", flow),
        ("FlowStep", flowStep), ("RunSummary", summary), ("StartedRun", started),
        ("RunPage", page), ("RunDetails", details), ("RunStep", step), ("StepHolder", holder),
        ("StepFailure", failure), ("LargeValue", largeValue), ("RunHistory", history),
        ("RunHistoryEvent", historyEvent), ("Stages", stages), ("Stuck", stuck),
        ("DeadLetter", deadLetter),
        ("DeadLetterPage", deadLetterPage), ("NewRunAnswer", newRunAnswer),
    ]

    // MARK: Flows

    private static let flowMembers: [(String, JSON)] = [
        ("flow", Form.text("Its name.", "refund")),
        ("title", Form.orNull(Form.text("A few words for people."))),
        ("owner", Form.orNull(Form.text("Who looks after it."))),
        ("stages", Form.list("The columns of the board, in their order.", of: word("A stage."))),
        ("triggers", Form.list("What starts it by itself.", of: word("A trigger."))),
    ]

    private static let flowSummary = Form.object(
        "What is known of a flow at first sight.",
        flowMembers + [("steps", Form.count("Its steps, those inside others included."))]
    )

    private static let flows = Form.object(
        "The flows of the live release.",
        [
            ("release", Form.digest("The release.")),
            ("flows", Form.list("Those that the token covers.", of: ref("FlowSummary"))),
        ]
    )

    private static let flow = Form.object(
        "A flow.",
        flowMembers + [
            ("steps", Form.list("Its outermost steps in their order.", of: ref("FlowStep"))),
            ("digest", Form.digest("Of its file.")),
            ("input", Form.map("The JSON Schema of its input.", of: true)),
            (
                "fields",
                Form.list(
                    "What lists filter and sort its runs by.",
                    of: Form.object(
                        "A field.",
                        [("name", word("Its name.")), ("type", word("Its type."))]
                    )
                )
            ),
            (
                "concurrency",
                [
                    "type": ["object", "null"],
                    "description": "How many runs with one key may be under way; null for any.",
                ]
            ),
            ("rate", Form.orNull(Form.text("How often its runs begin at most.", "600/m"))),
        ]
    )

    private static let flowStep = Form.object(
        "A step of a flow.",
        [
            ("id", word("Its id.")), ("family", word("What kind of step it is.")),
            ("subject", word("What or whom it is about.")),
            ("stage", Form.orNull(word("Where a run is once it begins."))),
            ("when", Form.orNull(word("Skipped when this does not hold."))),
            ("attempts", Form.count("Attempts in all.")),
            ("timeout", word("How long one attempt may take.")),
            ("deadline", Form.orNull(word("How long it may wait."))),
            ("rate", Form.orNull(Form.text("How often attempts at it begin at most.", "10/s"))),
            ("on_failure", word("What becomes of it when it failed for good.")),
            ("undo", Form.orNull(word("The family of what takes it back."))),
        ],
        optional: [
            (
                "inner",
                Form.list(
                    "The lists of steps inside it.",
                    of: Form.object(
                        "A list of steps.",
                        [
                            ("title", word("What the list is.")),
                            ("steps", Form.list("Its steps.", of: ref("FlowStep"))),
                        ]
                    )
                )
            )
        ]
    )

    // MARK: Runs

    static func word(_ description: String) -> JSON { Form.text(description) }

    private static let members: [(String, JSON)] = [
        ("run", Form.identifier("The run's identifier.")),
        ("flow", Form.text("The flow it executes.", "refund")),
        (
            "kind",
            Form.word(
                "Whether it was started from outside, as a sub-flow, or for an item of a list.",
                of: Run.Kind.allCases.map(\.word)
            )
        ),
        (
            "state",
            Form.word(
                "How far it has come; `completed`, `failed` and `cancelled` are final.",
                of: RunState.allCases.map(\.rawValue)
            )
        ),
        ("reason", Form.orNull(Form.text("Why it stands still or failed, for a person."))),
        ("stage", Form.orNull(Form.text("Where it is.", "approval"))),
        ("stage_since", Form.instant("Since when it is there.")),
        ("started_at", Form.instant("When it was started.")),
        ("updated_at", Form.instant("When it last changed.")),
        ("caller", Form.text("Who started it: the token's name.", "shop-bot")),
        ("key", Form.orNull(Form.text("What its flow bounds runs at once by."))),
        ("release", Form.digest("The release it is executed from.")),
        ("fields", Form.map("The typed values that lists filter and sort by.", of: true)),
        ("history", Form.count("Events so far.")),
    ]
    private static let optional: [(String, JSON)] = [
        ("parent", Form.identifier("The run that started it, where one did.")),
        ("root", Form.identifier("The outermost run above it, where there is one.")),
    ]

    private static let summary = Form.object(
        "A run, without its values.",
        members,
        optional: optional,
        example: example
    )

    private static let output: [(String, JSON)] = [
        ("output", Form.any("What it came to; null while it has not, and where it is large.")),
        ("output_at", ref("LargeValue")),
    ]

    private static let started = Form.object(
        "A run as its caller is told.",
        members,
        optional: optional + output,
        example: Form.setting("output", nil, example)
    )

    private static let example: JSON = [
        "run": "019a9f3e-1c2d-7a4b-8c5d-6e7f80910a2b", "flow": "refund", "kind": "root",
        "state": "running", "reason": nil, "stage": "approval",
        "stage_since": "2026-03-01T09:30:00.000000Z", "started_at": "2026-03-01T09:30:00.000000Z",
        "updated_at": "2026-03-01T09:30:00.000000Z", "caller": "shop-bot", "key": "refund/O-17",
        "release": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "fields": ["amount": 700], "history": 3,
    ]

    private static let page = Form.object(
        "A page of runs.",
        [
            ("runs", Form.list("The page.", of: ref("RunSummary"))),
            ("next", Form.orNull(Form.text("The `cursor` of the next page; null at the end."))),
        ],
        example: ["runs": [example], "next": nil]
    )

    private static let details = Form.object(
        "A run with its values and its steps.",
        members + [
            ("input", Form.any("What it was started with; null where it is large.")),
            ("output", Form.any("What it came to; null while it has not, and where it is large.")),
            ("priority", Form.count("Larger goes first.", from: -1_000)),
            (
                "stands_still",
                Form.truth("Whether nothing goes on in it before a person acts.")
            ),
            ("steps", Form.list("Its steps, each before those inside it.", of: ref("RunStep"))),
        ],
        optional: optional + [
            ("input_at", ref("LargeValue")), ("output_at", ref("LargeValue")),
            (
                "begins_at",
                Form.instant("When its flow's rate lets it begin, while it waits for that.")
            ),
            ("missing", Form.text("Why its steps are not told: its release is gone.")),
        ]
    )

    private static let step = Form.object(
        "A step of a run.",
        [
            ("step", Form.text("Its id.", "approve")),
            ("depth", Form.count("How many steps it stands in.")),
            ("family", Form.text("What kind of step it is.", "review")),
            ("subject", Form.text("What or whom it is about.", "finance, 2 approvals")),
            ("stage", Form.orNull(Form.text("Where the run is once it begins."))),
            (
                "state",
                Form.word(
                    "How far it is; `later` for one that has not begun, `never` for one that no "
                        + "longer will.",
                    of: [
                        "later", "ready", "leased", "waiting", "succeeded", "skipped", "failed",
                        "cancelled", "never",
                    ]
                )
            ),
            ("since", Form.orNull(Form.instant("When it came into its state."))),
            ("attempts", Form.count("Attempts begun.")),
            (
                "failure",
                [
                    "anyOf": [ref("StepFailure"), ["type": "null"]],
                    "description": "Of the last one.",
                ]
            ),
        ],
        optional: [
            ("epoch", Form.count("Grows with each change; results count under theirs alone.")),
            ("holder", ref("StepHolder")),
            (
                "woken_by",
                Form.object(
                    "What happens to it next.",
                    [
                        ("kind", Form.text("What kind of thing.", "decision", "timer", "claim")),
                        ("key", Form.orNull(Form.text("Which of them."))),
                        ("at", Form.orNull(Form.instant("When at the latest."))),
                    ]
                )
            ),
            ("deadline", Form.orNull(Form.instant("When its waiting ends as a failure."))),
            ("undo", Form.truth("Whether it takes back what the step did.")),
            ("mended_input", Form.any("What a person wrote in the place of its input.")),
            (
                "children",
                Form.object(
                    "The runs it started.",
                    [
                        ("total", Form.count("Items.")), ("started", Form.count("Started so far.")),
                        ("succeeded", Form.count("Completed.")),
                        ("failed", Form.count("Failed or cancelled.")),
                    ]
                )
            ),
            (
                "callback_url",
                Form.text("Where its callback is to be sent, on this server; not for reviewers.")
            ),
            ("output", Form.any("What it came to; null where it is large.")),
            ("output_at", ref("LargeValue")),
        ]
    )

    private static let holder = Form.object(
        "Who or what has a step.",
        [
            (
                "kind",
                Form.word(
                    "What kind of holder.",
                    of: [
                        "engine", "workers", "worker", "model", "review", "person", "outside",
                        "runs", "time",
                    ]
                )
            )
        ],
        optional: [
            ("work", Form.text("The kind of work that any worker may claim.")),
            ("name", Form.text("The worker, with its token's name.", "w1@payments")),
            ("until", Form.instant("When its lease ends.")),
            ("decision", Form.identifier("The decision that is waited for.")),
            ("review", Form.identifier("Its review.")),
            ("queue", Form.text("The queue of the review.", "finance")),
            ("assignee", Form.orNull(Form.text("Whom it was given to."))),
            ("claimed_by", Form.list("Who is at it.", of: word("A person."))),
            ("approvals", Form.count("Approvals so far.")),
            ("approvals_needed", Form.count("Approvals needed.")),
            ("due_at", Form.orNull(Form.instant("When the review is due."))),
        ]
    )

    private static let failure = Form.object(
        "Why an attempt failed.",
        [
            ("kind", Form.text("One stable word.", "timeout", "status", "worker")),
            ("message", Form.text("For a person.")),
        ],
        optional: [("status", Form.count("The HTTP status.", from: 100, to: 999))]
    )

    private static let largeValue = Form.object(
        "Where a large value is.",
        [
            ("resource", Form.text("Its name.")), ("bytes", Form.count("How large it is.")),
            ("href", Form.text("Where to get it.")),
        ]
    )

    private static let history = Form.object(
        "What happened to a run.",
        [
            ("events", Form.list("The page.", of: ref("RunHistoryEvent"))),
            ("next", Form.orNull(Form.count("The `cursor` of the next page; null at the end."))),
        ]
    )

    private static let historyEvent = Form.object(
        "Something that happened to a run.",
        [
            ("number", Form.count("From 1, without a gap.")), ("at", Form.instant("When.")),
            ("event", Form.text("What.", "claimed", "succeeded", "acted")),
        ],
        optional: [
            ("step", Form.orNull(Form.text("The step it was about."))),
            ("by", Form.text("Who.")), ("until", Form.instant("How long a lease lasts.")),
            ("act", Form.text("What a person did.", "pause")),
            ("output", Form.any("What a step came to; null where it is large.")),
            ("output_at", ref("LargeValue")), ("failure", ref("StepFailure")),
            ("for", Form.text("What a step began to wait for.")),
            ("key", Form.text("Which of them.")), ("through", Form.count("How many were told.")),
            ("succeeded", Form.count("Runs that completed.")),
            ("failed", Form.count("Runs that did not.")),
        ]
    )

    private static let deadLetter = Form.object(
        "A step that failed for good and waits for a person.",
        [
            ("run", Form.identifier("Its run.")),
            (
                "step",
                Form.orNull(
                    Form.text("Its id; null where the release cannot be loaded.", "mailbox")
                )
            ), ("flow", Form.text("The flow.", "onboarding")),
            ("stage", Form.orNull(Form.text("Where the run is."))),
            ("run_state", Form.text("The run's state: `running` where other steps go on.")),
            ("since", Form.instant("When it failed.")), ("attempts", Form.count("Attempts.")),
            (
                "failure",
                [
                    "anyOf": [ref("StepFailure"), ["type": "null"]],
                    "description": "Of the last one.",
                ]
            ),
            ("caller", Form.text("Who started the run.")),
        ],
        optional: [("unreadable", Form.text("Why the run's release cannot be loaded."))]
    )

    private static let deadLetterPage = Form.object(
        "A page of them.",
        [
            ("dead_letters", Form.list("The page.", of: ref("DeadLetter"))),
            ("next", Form.orNull(Form.text("The `cursor` of the next page; null at the end."))),
        ]
    )

    private static let newRunAnswer = Form.object(
        "What became of a line.",
        [
            ("line", Form.count("Its number, from 1.", from: 1)),
            ("status", Form.count("As alone.")),
        ],
        optional: [
            ("location", Form.text("Where the run is.")),
            ("run", Form.identifier("The run.")), ("problem", ref("Problem")),
        ]
    )
}
