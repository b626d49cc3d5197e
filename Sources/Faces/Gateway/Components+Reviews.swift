internal import Reviews
internal import Values

extension Components {
    static let reviews: [(name: String, schema: JSON)] = [
        ("Review", review), ("ReviewCase", opened), ("Seat", seat), ("ReviewPage", page),
        ("ReviewResult", result), ("Nothing", nothing), ("NewReviewer", newReviewer),
        ("Verdict", verdict), ("Rejection", rejection),
    ]

    private static let members: [(String, JSON)] = [
        ("review", Form.identifier("The review's identifier.")),
        (
            "kind",
            Form.word(
                "`decision`: the decision waits for it; `audit`: it has taken effect, and who "
                    + "reviews must not see its answer.",
                of: Review.Kind.allCases.map(\.rawValue)
            )
        ),
        ("decision", Form.identifier("The decision it is about.")),
        ("policy", Form.text("The decision's policy.", "refund-limit")),
        ("queue", Form.text("Where it waits.", "refunds")),
        ("state", Form.word("How far it has come.", of: ReviewState.allCases.map(\.rawValue))),
        ("reason", Form.text("Why a person is asked, in one stable word.", "not-confident")),
        ("because", Form.text("Why, in one sentence for a person.")),
        ("opened_at", Form.instant("When it was opened.")),
        ("due_at", Form.orNull(Form.instant("When it should be done; null when at no time."))),
        ("seats", Form.list("Who is at it.", of: ref("Seat"))),
        ("approvals", Form.count("How many have approved the same output.")),
        ("approvals_needed", Form.count("How many must.", from: 1)),
    ]

    private static let example: JSON = [
        "review": "019a9f3e-2b3c-7d4e-9f50-617283940a5b", "kind": "decision",
        "decision": "019a9f3e-1c2d-7a4b-8c5d-6e7f80910a2b", "policy": "refund-limit",
        "queue": "refunds", "state": "open", "reason": "not-confident",
        "because": "The model was 0.71 sure; 0.9 is needed",
        "opened_at": "2026-03-01T09:30:00.000000Z", "due_at": nil,
        "seats": [
            ["person": "ada", "lease_until": "2026-03-01T09:40:00.000000Z", "approved": false]
        ],
        "approvals": 0, "approvals_needed": 1,
    ]

    private static let seat = Form.object(
        "A person at a review.",
        [
            ("person", Form.text("Who.", "ada")),
            ("lease_until", Form.instant("Until when it is theirs.")),
            ("approved", Form.truth("Whether they have approved the output in question.")),
        ]
    )

    private static let review = Form.object(
        "A question to people about one decision.",
        members,
        example: example
    )

    private static let opened = Form.object(
        "A review with what a person needs to judge it.",
        members + [
            ("input", Form.any("What was asked; null once it was redacted.")),
            (
                "draft",
                Form.any("The output in question; null when there is none, and in an audit.")
            ),
            ("output_schema", Form.map("What an output must fit.", of: true)),
        ]
    )

    private static let page = Form.object(
        "Reviews that wait, oldest first.",
        [
            ("reviews", Form.list("The page.", of: ref("Review"))),
            (
                "next",
                Form.orNull(Form.identifier("The `cursor` of the next page; null at the end."))
            ),
        ],
        example: ["reviews": [example], "next": nil]
    )

    private static let result = Form.object(
        "What an act on a review came to.",
        [("review", ref("Review")), ("decision", ref("DecisionSummary"))]
    )

    // MARK: What is sent

    private static let nothing = Form.object("Nothing more needs to be said.", [], example: [:])

    private static let newReviewer = Form.object(
        "Whom it goes to.",
        [],
        optional: [
            (
                "to",
                Form.orNull(
                    Form.setting(
                        "minLength",
                        1,
                        Form.text("The person; nobody when absent.", "bob")
                    )
                )
            )
        ],
        example: ["to": "bob"]
    )

    private static let verdict = Form.object(
        "The right answer.",
        [("output", Form.any("An output of the policy's output schema."))],
        example: ["output": ["grant": true, "limit": 12, "reason": "A known customer"]]
    )

    private static let rejection = Form.object(
        "Why the step must not proceed.",
        [
            (
                "reason",
                Form.setting(
                    "pattern",
                    #"\S"#,
                    Form.text("Words for whoever asks later.", "The invoice is forged")
                )
            )
        ],
        example: ["reason": "The invoice is forged"]
    )
}
