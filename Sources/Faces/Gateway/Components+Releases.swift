internal import Decisions
internal import Values

extension Components {
    static let releases: [(name: String, schema: JSON)] = [
        ("Release", release), ("Promotion", promotion), ("Releases", list), ("Removal", removal),
    ]

    private static let name: JSON =
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

    private static let releaseExample: JSON = [
        "release": name, "kept_at": "2026-03-01T09:30:00.000000Z", "person": "ada",
        "note": "stricter refunds",
    ]

    private static let promotionExample: JSON = [
        "number": 3, "release": name, "act": "promoted", "person": "ada",
        "at": "2026-03-01T09:31:00.000000Z",
    ]

    private static let release = Form.object(
        "A state of the workspace, kept whole.",
        [
            ("release", Form.digest("Its name.")),
            ("kept_at", Form.instant("When it was kept.")),
            ("person", Form.text("Who kept it.", "ada")),
            ("note", Form.orNull(Form.text("What is new in it."))),
        ],
        example: releaseExample
    )

    private static let promotion = Form.object(
        "How a release went live.",
        [
            ("number", Form.count("From 1, without a gap.", from: 1)),
            ("release", Form.digest("What went live.")),
            (
                "act",
                Form.word(
                    "`watched`: its folder changed while `serve --watch` ran.",
                    of: Promotion.Act.allCases.map(\.rawValue)
                )
            ),
            ("person", Form.text("Who did it.", "ada")),
            ("at", Form.instant("When.")),
        ],
        example: promotionExample
    )

    private static let removal = Form.object(
        "That a release is gone.",
        [
            ("release", Form.digest("Its name.")),
            ("removed_at", Form.instant("When.")),
            ("person", Form.text("Who did it.", "ada")),
        ],
        example: ["release": name, "removed_at": "2026-03-02T09:30:00.000000Z", "person": "ada"]
    )

    private static let list = Form.object(
        "The releases and their promotions.",
        [
            ("live", Form.orNull(Form.digest("What new steps are decided under."))),
            ("releases", Form.list("The last kept first.", of: ref("Release"))),
            ("promotions", Form.list("The last first.", of: ref("Promotion"))),
        ],
        example: [
            "live": name, "releases": [releaseExample], "promotions": [promotionExample],
        ]
    )
}
