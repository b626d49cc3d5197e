internal import Values

/// What is sent about runs and work.
extension Components {
    static let runRequests: [(name: String, schema: JSON)] = [
        ("NewRun", newRun), ("NewRunLine", newRunLine), ("Cancellation", cancellation),
        ("Restart", restart), ("MendedInput", mendedInput), ("SkippedStep", skippedStep),
        ("WorkClaim", workClaim), ("Work", work), ("WorkItem", workItem),
        ("WorkOutput", workOutput), ("WorkFailure", workFailure), ("WorkResult", workResult),
        ("Heartbeat", heartbeat), ("ExtendedLease", extendedLease),
        ("Taken", taken),
    ]

    private static let newRunMembers: [(String, JSON)] = [
        ("flow", Form.text("The flow's name.", "refund")),
        ("input", Form.any("The input, of the flow's input schema.", input)),
    ]
    private static let input: JSON = [
        "order": "O-17", "amount": 12, "customer": ["id": "C-1", "tier": "gold"],
        "days_since_delivery": 3,
    ]
    private static let priority = (
        "priority",
        Form.usually(
            0,
            Form.setting("minimum", -1_000, Form.count("Larger goes first.", to: 1_000))
        )
    )

    private static let newRun = Form.object(
        "A run to start.",
        newRunMembers,
        optional: [priority],
        example: ["flow": "refund", "input": input]
    )

    private static let newRunLine = Form.object(
        "A run to start.",
        newRunMembers,
        optional: [
            priority,
            (
                "key",
                Form.setting(
                    "maxLength",
                    .int(Int64(Limits.keyCharacters)),
                    Form.setting(
                        "minLength",
                        1,
                        Form.text("The same key is the same run.", "order-17")
                    )
                )
            ),
        ],
        example: ["flow": "refund", "input": input, "key": "order-17"]
    )

    private static let cancellation = Form.object(
        "How a run is ended.",
        [],
        optional: [("undo", Form.usually(true, Form.truth("Whether what it did is undone.")))],
        example: ["undo": false]
    )

    private static let restart = Form.object(
        "Where a run begins again.",
        [("step", Form.text("The first step that is done again.", "approve"))]
    )

    private static let mendedInput = Form.object(
        "An input in the place of the step's own.",
        [],
        optional: [("input", Form.any("The input; nothing keeps the step's own."))]
    )

    private static let skippedStep = Form.object(
        "What stands for a step that is not done.",
        [],
        optional: [("output", Form.any("Its output."))]
    )

    // MARK: Work

    private static let epoch = ("epoch", Form.given("As claimed."))
    private static let lease = (
        "lease",
        Form.setting(
            "pattern",
            .string(
                "^([1-9][0-9]{0,6}ms"
                    + "|([1-9][0-9]{0,3}|[1-7][0-9]{4}|8[0-5][0-9]{3}|86[0-3][0-9]{2}|86400)s"
                    + "|([1-9][0-9]{0,2}|1[0-3][0-9]{2}|14[0-3][0-9]|1440)m"
                    + "|([1-9]|1[0-9]|2[0-4])h)$"
            ),
            Form.text("How long, at most a day; without it, the step's time-out.", "60s", "5m")
        )
    )

    private static let workClaim = Form.object(
        "What a worker can do.",
        [
            (
                "kinds",
                Form.setting(
                    "maxItems",
                    .int(Int64(Limits.workKinds)),
                    Form.setting(
                        "minItems",
                        1,
                        Form.list(
                            "Kinds of work, the first first.",
                            of: Form.text("A kind.", "pay-refund")
                        )
                    )
                )
            )
        ],
        optional: [
            (
                "worker",
                Form.setting(
                    "pattern",
                    "^[^@]{1,100}$",
                    Form.text("Who it is among those with its token.", "w1")
                )
            ),
            (
                "limit",
                Form.usually(
                    1,
                    Form.count("At most so many.", from: 1, to: Int64(Limits.workAtOnce))
                )
            ),
            lease,
        ],
        example: ["kinds": ["pay-refund"], "worker": "w1", "limit": 10]
    )

    private static let workItem = Form.object(
        "An attempt at a step that was claimed.",
        [
            ("run", Form.identifier("The run.")), ("flow", Form.text("Its flow.")),
            ("step", Form.text("The step's id.")),
            ("path", Form.text("What its acts begin with: `:complete`, `:fail`, `:heartbeat`.")),
            ("epoch", Form.count("Its result counts only with this.")),
            ("kind", Form.text("The kind of work.")), ("input", Form.any("What to do it with.")),
            ("attempt", Form.count("Which attempt it is, from 1.")),
            (
                "key",
                Form.text("The same for each attempt: what is done outside is done once by it.")
            ),
            ("lease_until", Form.instant("When somebody else may have it.")),
        ]
    )

    private static let work = Form.object(
        "What was claimed.",
        [("work", Form.list("As much as there was.", of: ref("WorkItem")))]
    )

    private static let workOutput = Form.object(
        "What an attempt came to.",
        [epoch],
        optional: [("output", Form.any("The output, of the step's own schema; null without it."))],
        example: ["epoch": 3, "output": ["reference": "R-1"]]
    )

    private static let workFailure = Form.object(
        "Why an attempt failed.",
        [epoch, ("message", Form.text("For a person.", "the bank does not answer"))],
        optional: [
            (
                "retry",
                Form.usually(
                    false,
                    Form.truth("Whether it may pass by itself; the step's `retry.on` goes first.")
                )
            )
        ],
        example: ["epoch": 3, "message": "the bank does not answer", "retry": true]
    )

    private static let workResult = Form.object(
        "What became of a result.",
        [
            ("run", Form.identifier("The run.")), ("state", Form.text("Its state.", "running")),
            ("stage", Form.orNull(Form.text("Where it is."))),
        ]
    )

    private static let heartbeat = Form.object(
        "That the worker is still at it.",
        [epoch],
        optional: [lease],
        example: ["epoch": 3, "lease": "60s"]
    )

    private static let extendedLease = Form.object(
        "How long it is the worker's.",
        [("lease_until", Form.instant("Until then."))]
    )

    /// An object of others, which has what members its maker gives it.
    static let cloudEvent = Form.setting(
        "not",
        ["required": ["data", "data_base64"]],
        Form.setting("additionalProperties", true, ownEvent)
    )
    private static let ownEvent = Form.object(
        "A CloudEvent 1.0.",
        [
            ("specversion", Form.word("The version.", of: ["1.0"])),
            ("id", Form.filled("Which event of its source.", "1")),
            ("source", Form.filled("Where it is from.", "/shop")),
            ("type", Form.filled("What a step that waits names.", "com.example.paid")),
        ],
        optional: [
            ("subject", Form.text("What it is about.")), ("time", Form.instant("When it was.")),
            ("datacontenttype", Form.text("Of the data.", "application/json")),
            ("dataschema", Form.text("Of the data.")), ("data", Form.any("What it says.")),
            ("data_base64", Form.text("The same as Base64, where it is no JSON.")),
        ],
        example: [
            "specversion": "1.0", "id": "1", "source": "/shop", "type": "com.example.paid",
            "data": ["order": "O-17"],
        ]
    )

    private static let taken = Form.object(
        "How many steps took it.",
        [("taken", Form.count("So many."))],
        optional: [
            (
                "failed",
                Form.count(
                    "So many more may have waited for it and cannot take it: their release cannot be "
                        + "loaded, or they have no room for it. Not given where there are none."
                )
            )
        ]
    )
}
