internal import Engine
internal import Storage
internal import StorageSQLite
internal import Values
internal import Webhooks

/// `stepgate callbacks …`: results that were to be sent to those who asked.
enum CallbacksCommand {
    static let specifications = [
        CommandSpecification(
            "callbacks list",
            "Lists callbacks: those given up, or of another state.",
            options: [
                OptionSpecification(
                    "--state",
                    "STATE",
                    "waiting, sending, delivered, exhausted, stopped or any (default: exhausted)"
                ),
                OptionSpecification("--limit", "N", "at most so many (default: 20)"),
                OptionSpecification("--before", "ID", "only of decisions before this one"),
            ],
            examples: ["stepgate callbacks list", "stepgate callbacks list --state any --json"],
            run: list
        ),
        CommandSpecification(
            "callbacks send",
            "Sends a decision's result again, on a schedule of its own.",
            arguments: ["DECISION"],
            examples: ["stepgate callbacks send 019a9f3e-0000-7000-8000-000000000000"],
            run: send
        ),
    ]

    private static func desk(_ opened: OpenStore) -> CallbackDesk {
        CallbackDesk(
            store: opened.store,
            surroundings: .system
        )
    }

    private static func list(_ call: Invocation) async throws -> ExitCode {
        let limit = try call.number("--limit", in: 1...Limits.rows, default: 20)
        var query = CallbackQuery(limit: limit)
        query.state = .exhausted
        if let word = call["--state"] {
            let state = Callback.State(rawValue: word)
            let words = Callback.State.allCases.map(\.rawValue) + ["any"]
            guard words.contains(word) else {
                let hint = nearest(word, in: words).map { "; did you mean '\($0)'?" } ?? ""
                throw CommandFailure.usage(
                    "--state is one of \(words.joined(separator: ", "))\(hint)"
                )
            }
            query.state = state
        }
        if let text = call["--before"] {
            query.before = try OpenStore.identifier(text, "decision")
        }
        let callbacks = try await desk(try OpenStore(call, mode: .reader)).list(query)
        if call.wantsJSON {
            Terminal.standard.print(.array(callbacks.map(\.listed)))
            return .success
        }
        var table = Table([
            .init("decision", whole: true), .init("state"), .init("attempts", number: true),
            .init("host"), .init("next"), .init("last error"),
        ])
        for callback in callbacks {
            let progress = callback.progress
            table.add([
                callback.decision.description, progress.state.rawValue, "\(progress.attempts)",
                callback.host, progress.nextAt?.rfc3339 ?? "", progress.lastError ?? "",
            ])
        }
        for line in table.lines(width: Terminal.standard.width) { Terminal.standard.print(line) }
        if callbacks.count == limit, let last = callbacks.last {
            Terminal.standard.note("more: --before \(last.decision)")
        }
        return .success
    }

    private static func send(_ call: Invocation) async throws -> ExitCode {
        let id = try OpenStore.identifier(call.arguments[0], "decision")
        let opened = try OpenStore(call, mode: .oneShot)
        let callback = try await desk(opened).send(id)
        await opened.store.close()
        if call.wantsJSON {
            Terminal.standard.print(callback.listed)
        } else {
            Terminal.standard.print(
                "the result of \(id) is due; 'stepgate serve' sends it to \(callback.host)"
            )
        }
        return .success
    }
}

extension Callback {
    /// With its decision, as a list needs it.
    fileprivate var listed: JSON {
        guard let own = json.object else { preconditionFailure("a callback is an object") }
        return .object(own.setting("decision", to: .string(decision.description)))
    }
}
