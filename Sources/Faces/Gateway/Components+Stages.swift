internal import Values

/// What is where, and what waits.
extension Components {
    static let stuck = Form.object(
        "What waits in live runs.",
        [
            (
                "stuck",
                Form.list(
                    "By run, the longest in its stage first.",
                    of: Form.object(
                        "A step under way.",
                        [
                            ("run", Form.identifier("Its run.")), ("flow", word("The flow.")),
                            ("state", word("The run's state.")),
                            ("stage", Form.orNull(word("Where the run is."))),
                            ("stage_since", Form.instant("Since when it is there.")),
                            ("step", Form.orNull(word("Its id; null while the run is queued."))),
                            ("holder", ["anyOf": [ref("StepHolder"), ["type": "null"]]]),
                            ("since", Form.instant("When it came into its state.")),
                            (
                                "failure",
                                [
                                    "anyOf": [ref("StepFailure"), ["type": "null"]],
                                    "description": "Of its last attempt.",
                                ]
                            ),
                        ],
                        optional: [
                            ("unreadable", Form.text("Why the run's steps cannot be told."))
                        ]
                    )
                )
            )
        ]
    )

    static let stages = Form.object(
        "How many runs are where.",
        [
            (
                "stages",
                Form.list(
                    "By flow, kind, stage and state.",
                    of: Form.object(
                        "So many.",
                        [
                            ("flow", word("The flow.")), ("kind", word("The kind of run.")),
                            ("stage", Form.orNull(word("The stage."))),
                            ("state", word("The state.")), ("count", Form.count("How many.")),
                        ]
                    )
                )
            )
        ]
    )
}
