internal import Decisions
internal import Platform
internal import Storage
internal import StorageSQLite
internal import Values

/// `stepgate decisions list|show|export`.
enum DecisionsCommand {
    private static let filters = [
        OptionSpecification("--policy", "NAME", "only of that policy"),
        OptionSpecification(
            "--state",
            "STATE",
            "asking, review, decided, rejected, failed or withdrawn"
        ),
        OptionSpecification("--route", "ROUTE", "rules, model, review or fallback"),
    ]

    static let specifications = [
        CommandSpecification(
            "decisions list",
            "Lists decisions, newest first.",
            options: filters + [
                OptionSpecification("--limit", "N", "at most so many (default: 20)"),
                OptionSpecification("--before", "ID", "only those before this one"),
            ],
            examples: [
                "stepgate decisions list --state review",
                "stepgate decisions list --policy refunds --route model --limit 100 --json",
            ],
            run: list
        ),
        CommandSpecification(
            "decisions show",
            "Shows one decision and why it is as it is.",
            arguments: ["ID"],
            examples: ["stepgate decisions show 019a9f3e-0000-7000-8000-000000000000"],
            run: show
        ),
        CommandSpecification(
            "decisions export",
            "Writes decisions with their explanations, a line of JSON each.",
            options: filters + [
                OptionSpecification("--output", "FILE", "where to (default: standard output)")
            ],
            examples: ["stepgate decisions export --policy refunds --output refunds.jsonl"],
            run: export
        ),
    ]

    private static func query(_ call: Invocation, limit: Int) throws -> DecisionQuery {
        var query = DecisionQuery(limit: limit)
        query.policy = call["--policy"]
        if let word = call["--state"] {
            guard let state = DecisionState(rawValue: word) else {
                throw unknown("--state", word, DecisionState.allCases.map(\.rawValue))
            }
            query.states = [state]
        }
        if let word = call["--route"] {
            guard let route = Route(rawValue: word) else {
                throw unknown("--route", word, Route.allCases.map(\.rawValue))
            }
            query.route = route
        }
        if let text = call["--before"] {
            query.before = try OpenStore.identifier(text, "decision")
        }
        return query
    }

    private static func unknown(
        _ option: String,
        _ word: String,
        _ words: [String]
    ) -> CommandFailure {
        let hint = nearest(word, in: words).map { "; did you mean '\($0)'?" } ?? ""
        return .usage("\(option) is one of \(words.joined(separator: ", "))\(hint)")
    }

    private static func list(_ call: Invocation) async throws -> ExitCode {
        let limit = try call.number("--limit", in: 1...Limits.rows, default: 20)
        let query = try query(call, limit: limit)
        let store = try OpenStore(call, mode: .reader).store
        let records = try await store.decisions(query)
        if call.wantsJSON {
            Terminal.standard.print(.array(records.map(\.json)))
            return .success
        }
        var table = Table([
            .init("decision", whole: true), .init("policy"), .init("state"), .init("route"),
            .init("key"),
            .init("confidence", number: true), .init("because"),
        ])
        for record in records {
            table.add([
                record.id.description, record.policy, record.state.rawValue,
                record.route?.rawValue ?? "", record.key ?? "",
                record.confidence.map { JSON.ecmaScript(($0 * 1_000).rounded() / 1_000) } ?? "",
                record.because,
            ])
        }
        for line in table.lines(width: Terminal.standard.width) { Terminal.standard.print(line) }
        if records.count == limit, let last = records.last {
            Terminal.standard.note("more: --before \(last.id)")
        }
        return .success
    }

    private static func show(_ call: Invocation) async throws -> ExitCode {
        let id = try OpenStore.identifier(call.arguments[0], "decision")
        let store = try OpenStore(call, mode: .reader).store
        guard let record = try await store.decision(id) else {
            throw CommandFailure.refused(
                "there is no decision \(id); 'stepgate decisions list' lists them"
            )
        }
        let explained = try await explained(record, store)
        if call.wantsJSON {
            Terminal.standard.print(explained)
        } else {
            DecisionPage(record: record, explained: explained).print(on: .standard)
        }
        return .success
    }

    /// The record with its input, its output and every entry.
    static func explained(_ record: DecisionRecord, _ store: SQLiteStore) async throws -> JSON {
        let entries = try await store.entries(of: record)
        // A blind audit still open must not show its reviewer the answer elsewhere by accident;
        // whoever may read decisions may read this, as the issue of roles is the gateway's.
        var members = record.json.object ?? JSONObject()
        let input = entries.first { $0.sequence == record.links.input }?.payload.value("/input")
        let output = entries.first { $0.sequence == record.links.output }?.payload.value("/output")
        members = members.setting("input", to: input ?? .null)
        members = members.setting("output", to: output ?? .null)
        var log: [JSON] = []
        for entry in entries {
            let body = try JSON.read(entry.bytes)
            var shown = JSONObject(uniqueMembers: [.init("sequence", .int(entry.sequence))])
            for name in ["at", "kind", "facts"] {
                shown = shown.setting(name, to: body[name] ?? .null)
            }
            log.append(.object(shown))
        }
        return .object(members.setting("entries", to: .array(log)))
    }

    private static func export(_ call: Invocation) async throws -> ExitCode {
        var query = try query(call, limit: Limits.page)
        let store = try OpenStore(call, mode: .reader).store
        let file = try call["--output"].map { try File($0, for: .updating) }
        try file?.truncate(to: 0)
        var count = 0
        while true {
            let records = try await store.decisions(query)
            for record in records {
                let line = try await explained(record, store).compactText
                if let file {
                    try file.write(Array((line + "\n").utf8))
                } else {
                    Terminal.standard.print(line)
                }
            }
            count += records.count
            guard records.count == Limits.page, let last = records.last else { break }
            query.before = last.id
        }
        try file?.synchronize()
        Terminal.standard.note("\(count) decisions exported")
        return .success
    }
}
