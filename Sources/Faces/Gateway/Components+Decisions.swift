internal import Decisions
internal import Values
internal import Webhooks

extension Components {
    static let decisions: [(name: String, schema: JSON)] = [
        ("DecisionSummary", summary), ("Decision", decision), ("ExplainedDecision", explained),
        ("Entry", entry), ("DecisionPage", page), ("Question", question), ("Callback", callback),
        ("BatchLine", batchLine),
        ("BatchAnswer", batchAnswer), ("Outcome", outcome),
    ]

    private static let members: [(String, JSON)] = [
        ("decision", Form.identifier("The decision's identifier.")),
        ("policy", Form.text("The policy that it was asked under.", "refund-limit")),
        (
            "state",
            Form.word(
                "How far it has come; `asking` and `review` are pending, the others final.",
                of: DecisionState.allCases.map(\.rawValue)
            )
        ),
        (
            "route",
            Form.orNull(
                Form.word(
                    "Who decided, or where it waits; null while nobody has.",
                    of: Decisions.Route.allCases.map(\.rawValue)
                )
            )
        ),
        ("reason", Form.text("Why, in one stable word.", "rule", "confident", "not-confident")),
        ("because", Form.text("Why, in one sentence for a person.")),
        (
            "confidence",
            Form.orNull(Form.number("How sure the model was; null when none was asked."))
        ),
        (
            "threshold",
            Form.orNull(Form.number("How sure it had to be; null when nothing was compared."))
        ),
        ("key", Form.orNull(Form.text("The caller's idempotency key.", "order-17"))),
        ("source", Form.text("Where the step came from.", "api")),
        ("caller", Form.text("Who asked: the token's name.", "shop-bot")),
        ("release", Form.digest("The release it is decided by.")),
        ("created_at", Form.instant("When it was taken on.")),
        ("updated_at", Form.instant("When it last changed.")),
        ("cost_usd", Form.number("What its model calls cost.")),
        ("epoch", Form.count("How often a model was asked, retries of one call not counted.")),
    ]
    private static let optional: [(String, JSON)] = [
        ("review", Form.identifier("Its review, when it has one.")),
        ("retry_at", Form.instant("While `asking`: when a model that was away is asked again.")),
    ]
    private static let output = (
        "output",
        Form.any("The answer, of the policy's output schema; null while there is none.")
    )

    private static let example: JSON = [
        "decision": "019a9f3e-1c2d-7a4b-8c5d-6e7f80910a2b", "policy": "refund-limit",
        "state": "decided", "route": "rules", "reason": "rule",
        "because": "Small amounts are refunded", "confidence": nil, "threshold": nil,
        "key": "order-17", "source": "api", "caller": "shop-bot",
        "release": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "created_at": "2026-03-01T09:30:00.000000Z", "updated_at": "2026-03-01T09:30:00.000000Z",
        "cost_usd": 0.0, "epoch": 0,
    ]
    private static let answered = Form.setting(
        "output",
        ["grant": true, "limit": 12, "reason": "Small amount, gold customer"],
        example
    )

    private static let summary = Form.object(
        "What is known of a decision, without what was asked and answered.",
        members,
        optional: optional,
        example: example
    )

    private static let decision = Form.object(
        "A decision and its answer.",
        members + [output],
        optional: optional,
        example: answered
    )

    private static let explained = Form.object(
        "A decision with everything that explains it.",
        members + [
            ("input", Form.any("What was asked; null once it was redacted.")), output,
            (
                "entries",
                Form.list("What the log holds of it, oldest first.", of: ref("Entry"))
            ),
        ],
        optional: optional + [("callback", ref("Callback"))],
        example: Form.setting(
            "entries",
            [entryExample],
            Form.setting("input", ["amount": 12], answered)
        )
    )

    private static let entryExample: JSON = [
        "at": "2026-03-01T09:30:00.000000Z",
        "decision": "019a9f3e-1c2d-7a4b-8c5d-6e7f80910a2b", "kind": "decided",
        "facts": ["route": "rules"],
        "payload": [
            "/input": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        ],
    ]

    private static let entry = Form.object(
        "One fact about a decision, as the log holds it; `Docs/Log.md` lists the facts.",
        [
            ("at", Form.instant("When it happened.")),
            ("decision", Form.identifier("The decision it is about.")),
            ("kind", Form.word("What happened.", of: Entry.Kind.allCases.map(\.rawValue))),
            ("facts", Form.map("What is known of it, by stable names.", of: true)),
        ],
        optional: [
            (
                "payload",
                Form.map(
                    "Digests of what was asked and answered, by where it belongs.",
                    of: Form.digest("SHA-256 of a salt and the canonical value.")
                )
            )
        ],
        example: entryExample
    )

    private static let page = Form.object(
        "Decisions, newest first.",
        [
            ("decisions", Form.list("The page.", of: ref("DecisionSummary"))),
            (
                "next",
                Form.orNull(Form.identifier("The `cursor` of the next page; null at the end."))
            ),
        ],
        example: ["decisions": [example], "next": nil]
    )

    private static let question = Form.object(
        "One step to decide.",
        [
            ("policy", Form.text("A policy of the live release.", "refund-limit")),
            ("input", Form.any("The step's data, of the policy's input schema.")),
        ],
        optional: [callbackURL],
        example: [
            "policy": "refund-limit",
            "input": [
                "amount": 12, "customer": ["id": "C-1", "tier": "gold"], "days_since_delivery": 3,
            ],
        ]
    )

    private static let batchLine = Form.object(
        "One step of a batch.",
        [
            ("policy", Form.text("A policy of the live release.", "refund-limit")),
            ("input", Form.any("The step's data, of the policy's input schema.")),
        ],
        optional: [
            (
                "key",
                [
                    "type": ["string", "null"], "minLength": 1,
                    "maxLength": .int(Int64(Limits.keyCharacters)),
                    "description": "As `Idempotency-Key` of a single step.",
                ]
            ), callbackURL,
        ],
        example: [
            "policy": "refund-limit",
            "input": [
                "amount": 12, "customer": ["id": "C-1", "tier": "gold"], "days_since_delivery": 3,
            ], "key": "order-17",
        ]
    )

    private static let batchAnswer = Form.object(
        "What became of one line: a decision or a problem.",
        [
            ("line", Form.count("Its number, from 1.", from: 1)),
            ("status", Form.count("As of a single step.", from: 200, to: 599)),
        ],
        optional: [
            ("location", Form.text("Where to look at what is pending.", "/v1/decisions/ID")),
            ("decision", ref("Decision")), ("problem", ref("Problem")),
        ],
        example: ["line": 1, "status": 200, "decision": answered]
    )

    private static let callbackURL = (
        "callback_url",
        Form.text(
            "Where the result is sent once it is final, signed as a Standard Webhook.",
            "https://shop.example/hooks/stepgate"
        )
    )

    private static let callback = Form.object(
        "What became of sending the result.",
        [
            ("url", Form.text("Where it is sent.", "https://shop.example/hooks/stepgate")),
            (
                "state",
                Form.word(
                    "`waiting`: it is not final yet; `exhausted`: every attempt failed.",
                    of: Callback.State.allCases.map(\.rawValue)
                )
            ),
            ("attempts", Form.count("Those made.")),
            ("next_at", Form.orNull(Form.instant("When it is tried next."))),
            ("last_error", Form.orNull(Form.text("Why the last attempt failed."))),
        ],
        example: [
            "url": "https://shop.example/hooks/stepgate", "state": "delivered", "attempts": 1,
            "next_at": nil, "last_error": nil,
        ]
    )

    private static let outcome = Form.object(
        "What turned out to be right.",
        [("output", Form.any("The right answer, of the policy's output schema."))],
        example: ["output": ["grant": true, "limit": 12, "reason": "Small amount, gold customer"]]
    )
}
