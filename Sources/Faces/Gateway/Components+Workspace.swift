internal import Autonomy
internal import Decisions
internal import Values

extension Components {
    static let workspace: [(name: String, schema: JSON)] = [
        ("Policy", policy), ("Policies", policies), ("Model", model), ("Tally", tally),
        ("Models", models), ("Health", health), ("Readiness", readiness),
    ]

    private static let policyExample: JSON = [
        "policy": "refund-limit", "title": "Refunds up to a limit", "owner": "support",
        "autonomy": "manual",
        "input": ["type": "object", "properties": ["amount": ["type": "number"]]],
        "output": ["type": "object", "properties": ["action": ["enum": ["refund", "reject"]]]],
    ]

    private static let policy = Form.object(
        "What may be asked, and what is answered.",
        [
            ("policy", Form.text("Its name.", "refund-limit")),
            ("title", Form.orNull(Form.text("What people call it."))),
            ("owner", Form.orNull(Form.text("Who answers for it."))),
            (
                "autonomy",
                Form.word(
                    "How much it decides without a person.",
                    of: AutonomyLevel.allCases.map(\.rawValue)
                )
            ),
            ("input", Form.map("The JSON Schema of a step.", of: true)),
            ("output", Form.map("The JSON Schema of an answer.", of: true)),
        ],
        example: policyExample
    )

    private static let policies = Form.object(
        "The policies of the live release that the token covers.",
        [
            ("release", Form.digest("The release.")),
            ("policies", Form.list("By name.", of: ref("Policy"))),
        ],
        example: [
            "release": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "policies": [policyExample],
        ]
    )

    private static let modelExample: JSON = [
        "model": "fast", "shape": "decisions", "breaker": "closed",
        "last_day": [
            "calls": 2, "attempts": 3, "answered": 2, "cached": 0, "input_tokens": 410,
            "output_tokens": 6, "cost_picodollars": 41_000_000, "failures": ["timeout": 1],
            "latency": ["70": 2],
        ],
    ]

    private static let model = Form.object(
        "How a model does.",
        [
            ("model", Form.text("Its name in the workspace.", "fast")),
            (
                "shape",
                Form.word(
                    "The API it speaks.",
                    of: ModelDefinition.Shape.allCases.map(\.rawValue)
                )
            ),
            (
                "breaker",
                Form.word(
                    "`open`: left alone for a while after failures one after another.",
                    of: ModelState.Breaker.allCases.map(\.rawValue)
                )
            ),
            ("last_day", ref("Tally")),
        ],
        example: modelExample
    )

    private static let tally = Form.object(
        "Calls, counted.",
        [
            ("calls", Form.count("Questions put to it.")),
            ("attempts", Form.count("Requests sent, retries included.")),
            ("answered", Form.count("Calls that came to an answer.")),
            ("cached", Form.count("Input tokens that its server had kept.")),
            ("input_tokens", Form.count("Tokens read.")),
            ("output_tokens", Form.count("Tokens written.")),
            ("cost_picodollars", Form.count("Cost in 10^-12 USD.")),
            (
                "failures",
                Form.map("Attempts that failed, by kind.", of: Form.count("How many."))
            ),
            (
                "latency",
                Form.map(
                    "Calls by duration: step n ends at 2^(n/4) microseconds.",
                    of: Form.count("How many.")
                )
            ),
        ]
    )

    private static let models = Form.object(
        "The models of the live release.",
        [("models", Form.list("By name.", of: ref("Model")))],
        example: ["models": [modelExample]]
    )

    private static let health = Form.object(
        "The process lives.",
        [("status", Form.word("Always the same.", of: ["ok"]))],
        example: ["status": "ok"]
    )

    private static let readiness = Form.object(
        "The store answers.",
        [
            ("status", Form.word("Always the same.", of: ["ready"])),
            ("head", Form.text("The log's head: its last entry's number and hash, as `N:HASH`.")),
        ],
        example: [
            "status": "ready",
            "head": "17:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ]
    )
}
