internal import Autonomy
internal import Decisions
internal import Engine
internal import Platform
internal import Reviews
internal import Storage
internal import StorageSQLite
internal import Values

/// `stepgate review …`: what people do with what the model was not sure of.
enum ReviewCommand {
    private static let output = OptionSpecification(
        "--output",
        "JSON",
        "the output, or @FILE that holds it"
    )

    static let specifications = [
        CommandSpecification(
            "review list",
            "Lists reviews that wait, oldest first: what is stuck, who has it.",
            options: [
                OptionSpecification("--queue", "NAME", "only of that queue"),
                OptionSpecification("--kind", "KIND", "decision or audit"),
                OptionSpecification("--all", nil, "settled ones too"),
                OptionSpecification("--limit", "N", "at most so many (default: 20)"),
            ],
            examples: ["stepgate review list --queue refunds", "stepgate review list --json"],
            run: list
        ),
        CommandSpecification(
            "review show",
            "Shows what a review asks.",
            arguments: ["ID"],
            examples: ["stepgate review show 019a9f3e-0000-7000-8000-000000000000"],
            run: show
        ),
        act(
            "claim",
            "Takes a seat of a review, so that nobody else works on it meanwhile.",
            example: "stepgate review claim ID --as ada"
        ) { _ in .claim },
        act(
            "release",
            "Gives a claimed seat up.",
            example: "stepgate review release ID --as ada"
        ) { _ in .release },
        act(
            "approve",
            "Says that the draft is right.",
            example: "stepgate review approve ID --as ada"
        ) { _ in .approve },
        act(
            "edit",
            "Gives another output instead of the draft.",
            options: [output],
            example: #"stepgate review edit ID --output '{"action": "replace"}'"#
        ) { .edit(try value($0)) },
        act(
            "decide",
            "Gives an output where there is no draft, or in a blind audit.",
            options: [output],
            example: "stepgate review decide ID --output @answer.json"
        ) { .decide(try value($0)) },
        act(
            "reject",
            "Says that the step must not proceed.",
            options: [OptionSpecification("--reason", "TEXT", "why")],
            example: "stepgate review reject ID --reason 'Not our customer'"
        ) { call in
            guard let reason = call["--reason"], !trimmed(reason).isEmpty else {
                throw CommandFailure.usage("reject needs --reason TEXT")
            }
            return .reject(reason: reason)
        },
        act(
            "reassign",
            "Gives a review to a person, or with --to - to anyone.",
            options: [OptionSpecification("--to", "NAME", "who shall have it; - for anyone")],
            example: "stepgate review reassign ID --to grace"
        ) { call in
            guard let person = call["--to"] else {
                throw CommandFailure.usage("reassign needs --to NAME; - is anyone")
            }
            return .reassign(to: person == "-" ? nil : person)
        },
        CommandSpecification(
            "review recall",
            "Takes back reviews that nobody claimed, and has the model asked again.",
            options: [
                OptionSpecification(
                    "--because",
                    "REASON",
                    "only of that reason (default: model-unavailable)"
                ),
                OptionSpecification("--queue", "NAME", "only of that queue"), Person.option,
            ],
            examples: ["stepgate review recall --because model-unavailable --queue refunds"],
            run: recall
        ),
    ]

    /// Reasons that asking again can mend.
    private static let recallable = ["model-unavailable", "model-failed", "over-budget"]

    private static func recall(_ call: Invocation) async throws -> ExitCode {
        let reason = call["--because"] ?? recallable[0]
        guard recallable.contains(reason) else {
            throw CommandFailure.usage(
                "--because is one of \(recallable.joined(separator: ", ")); a model's own answer "
                    + "is not undone by asking again"
            )
        }
        let opened = try OpenStore(call, mode: .oneShot)
        let counts = try await opened.desk.recall(
            because: reason,
            queue: call["--queue"],
            by: Person.of(call)
        )
        await opened.store.close()
        if call.wantsJSON {
            Terminal.standard.print(
                ["recalled": .int(Int64(counts.recalled)), "kept": .int(Int64(counts.kept))]
            )
            return .success
        }
        Terminal.standard.print(
            "\(counts.recalled) recalled, \(counts.kept) kept (claimed, or changed meanwhile)."
        )
        if counts.recalled > 0 {
            Terminal.standard.print(
                "The engine that runs asks again; where none does, the next 'stepgate decide' will."
            )
        }
        return .success
    }

    private static func act(
        _ word: String,
        _ summary: String,
        options: [OptionSpecification] = [],
        example: String,
        _ make: @escaping @Sendable (Invocation) throws -> ReviewAct
    ) -> CommandSpecification {
        CommandSpecification(
            "review \(word)",
            summary,
            arguments: ["ID"],
            options: options + [Person.option],
            examples: [example]
        ) { call in
            let id = try OpenStore.identifier(call.arguments[0], "review")
            let act = try make(call)
            let opened = try OpenStore(call, mode: .oneShot)
            let result = try await opened.desk.act(act, on: id, by: Person.of(call))
            let after = try await opened.store.review(id)
            await opened.store.close()
            if call.wantsJSON {
                Terminal.standard.print(
                    [
                        "review": after?.json ?? .null, "decision": result.record.json,
                        "effect": .string(result.effect.word),
                    ]
                )
            } else {
                Terminal.standard.print(result.sentence)
            }
            return .success
        }
    }

    private static func value(_ call: Invocation) throws -> JSON {
        guard let text = call["--output"] else {
            throw CommandFailure.usage("the output is missing: --output JSON, or --output @FILE")
        }
        let bytes =
            text.hasPrefix("@")
            ? try Folder.read(String(text.dropFirst()), limit: Limits.lineBytes)
            : Array(text.utf8)
        do {
            return try JSON.read(bytes)
        } catch {
            throw CommandFailure.usage("--output is not JSON: \(error)")
        }
    }

    private static func list(_ call: Invocation) async throws -> ExitCode {
        let limit = try call.number("--limit", in: 1...Limits.rows, default: 20)
        var query = ReviewQuery(limit: limit)
        query.queue = call["--queue"]
        if call.has("--all") { query.states = [] }
        if let word = call["--kind"] {
            guard let kind = Review.Kind(rawValue: word) else {
                throw CommandFailure.usage("--kind is decision or audit; got '\(word)'")
            }
            query.kind = kind
        }
        let store = try OpenStore(call, mode: .reader).store
        let reviews = try await store.reviews(query)
        if call.wantsJSON {
            Terminal.standard.print(.array(reviews.map(\.json)))
            return .success
        }
        let now = Process.now
        var table = Table([
            .init("review", whole: true), .init("queue"), .init("kind"),
            .init("waits", number: true),
            .init("due"), .init("held by"), .init("because"),
        ])
        for review in reviews {
            let holders = review.held(at: now).map(\.person) + [review.assignee].compactMap { $0 }
            table.add([
                review.id.description, review.terms.queue, review.kind.rawValue,
                age(now - review.openedAt), due(review, now), holders.joined(separator: ", "),
                review.because,
            ])
        }
        for line in table.lines(width: Terminal.standard.width) { Terminal.standard.print(line) }
        return .success
    }

    private static func due(_ review: Review, _ now: Instant) -> String {
        guard let due = review.dueAt, review.state == .open else { return "" }
        return now < due ? "in \(age(due - now))" : "overdue \(age(now - due))"
    }

    static func age(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        if seconds < 120 { return "\(seconds) s" }
        if seconds < 7_200 { return "\((seconds + 30) / 60) m" }
        return seconds < 172_800
            ? "\((seconds + 1_800) / 3_600) h" : "\((seconds + 43_200) / 86_400) d"
    }

    private static func show(_ call: Invocation) async throws -> ExitCode {
        let id = try OpenStore.identifier(call.arguments[0], "review")
        let opened = try await OpenStore(call, mode: .reader).desk.open(id)
        let review = opened.review
        let isBlind = review.kind == .audit && review.state == .open
        var members: [JSONObject.Member] = [
            .init("review", review.json), .init("input", opened.input ?? .null),
        ]
        if !isBlind {
            members.append(.init("draft", opened.current ?? .null))
            members.append(
                .init("confidence", opened.record.confidence.map(JSON.double) ?? .null)
            )
        }
        members.append(.init("output_schema", opened.policy.output.document))
        if call.wantsJSON {
            Terminal.standard.print(.object(JSONObject(uniqueMembers: members)))
            return .success
        }
        let terminal = Terminal.standard
        terminal.print(terminal.bold("\(review.kind.rawValue) review \(review.id)"))
        terminal.print("policy      \(review.policy), decision \(review.decision)")
        terminal.print("queue       \(review.terms.queue), \(review.state.rawValue)")
        terminal.print("because     \(review.because)")
        terminal.print("input       \(opened.input?.prettyText ?? "(redacted)")")
        if isBlind {
            terminal.print("A blind audit: say what is right with 'review decide'.")
        } else if let draft = opened.current {
            terminal.print("draft       \(draft.prettyText)")
        } else {
            terminal.print("There is no draft: say what is right with 'review decide'.")
        }
        for seat in review.seats {
            let word = seat.approved == nil ? "claimed" : "approved"
            terminal.print("\(word) by \(seat.person) since \(seat.since.rfc3339)")
        }
        return .success
    }
}

extension ReviewEffect {
    fileprivate var word: String {
        switch self {
        case .claimed: "claimed"
        case .released: "released"
        case .reassigned: "reassigned"
        case .counted: "counted"
        case .settled: "settled"
        case .rejected: "rejected"
        }
    }
}

extension ReviewResult {
    fileprivate var sentence: String {
        switch effect {
        case .claimed(let seat): "claimed until \(seat.leaseUntil.rfc3339)"
        case .released: "released"
        case .reassigned: "reassigned"
        case .counted(let missing):
            "counted; \(missing) more approval\(missing == 1 ? "" : "s") needed"
        case .settled: "settled: decision \(record.id) is \(record.state.rawValue)"
        case .rejected: "rejected: decision \(record.id) is \(record.state.rawValue)"
        }
    }
}
