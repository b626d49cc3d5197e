internal import Autonomy
internal import Decisions
internal import HTTPCurl
internal import Models
internal import Platform
internal import Storage
internal import StorageSQLite
internal import Values

/// `stepgate models …`: how the models do, and what one of them can.
enum ModelsCommand {
    static let specifications = [
        CommandSpecification(
            "models",
            "Shows each model: its circuit breaker, calls, errors, latency and spend.",
            options: [
                OptionSpecification(
                    "--since",
                    "TIME",
                    "how far back, such as 1h or 7d (default: 24h)"
                ),
                OptionSpecification("--by", "WHAT", "spend by policy or by day instead"),
            ],
            examples: [
                "stepgate models", "stepgate models --since 7d --json",
                "stepgate models --by day --since 30d",
            ],
            run: list
        ),
        CommandSpecification(
            "models test",
            "Makes one call to a model and explains what it found.",
            arguments: ["NAME"],
            examples: ["stepgate models test fast"],
            run: test
        ),
    ]

    // MARK: How they do

    private static func list(_ call: Invocation) async throws -> ExitCode {
        let opened = try OpenWorkspace(call)
        let span = try span(call["--since"] ?? "24h")
        let since = SystemClock().now - span
        var tallies: [CallTally] = []
        var states: [ModelState] = []
        if Folder.exists(opened.storePath) {
            let store = try OpenStore(call, mode: .reader)
            tallies = try await store.store.tallies(since: since)
            states = try await store.store.models()
        }
        if let by = call["--by"] {
            guard let grouping = SpendReport.Grouping(rawValue: by) else {
                throw CommandFailure.usage("--by is policy or day; got '\(by)'")
            }
            SpendReport(tallies, by: grouping).show(call)
            return .success
        }
        let report = ModelReport(
            models: opened.workspace.models,
            tallies: tallies,
            states: states,
            now: SystemClock().now
        )
        if call.wantsJSON {
            Terminal.standard.print(report.json)
            return .success
        }
        for line in report.table.lines(width: Terminal.standard.width) {
            Terminal.standard.print(line)
        }
        for line in report.errors { Terminal.standard.print(line) }
        return .success
    }

    private static func span(_ text: String) throws(CommandFailure) -> Duration {
        let seconds: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let unit = text.last.flatMap({ seconds[$0] }), let count = Int64(text.dropLast()),
            (1...36_500).contains(count)
        else { throw .usage("--since is a time such as 30m, 24h or 7d; got '\(text)'") }
        return .seconds(count * unit)
    }

    // MARK: What one can

    private static func test(_ call: Invocation) async throws -> ExitCode {
        let name = call.arguments[0]
        let opened = try OpenWorkspace(call)
        guard let definition = opened.workspace.models[name] else {
            let names = opened.workspace.models.keys.sorted()
            let near = nearest(name, in: names).map { "; did you mean '\($0)'?" } ?? ""
            throw CommandFailure.refused("there is no model '\(name)' in stepgate.yaml\(near)")
        }
        let transport = CurlTransport()
        defer { transport.close() }
        let client: ModelClient
        do {
            client = try ModelClients(transport: transport, store: nil).client(definition)
        } catch {
            throw CommandFailure.refused("model '\(name)': \(error.message)")
        }
        let probe = ModelProbe(definition.shape, hasKey: definition.key != nil)
        let record = await client.ask(
            probe.request,
            timeout: Limits.probeTime,
            retry: RetryRule(attempts: 1, backoff: .zero...(.zero))
        )
        let findings = probe.findings(record)
        let isGood = !findings.contains { $0.standing == .bad }
        if call.wantsJSON {
            Terminal.standard.print(
                [
                    "model": .string(name), "ok": .bool(isGood),
                    "findings": .array(findings.map(\.json)),
                ]
            )
            return isGood ? .success : .refused
        }
        var table = Table([.init(""), .init(name), .init("", whole: true)])
        for finding in findings {
            table.add([finding.mark, finding.subject, finding.text])
        }
        for line in table.lines(width: Terminal.standard.width) { Terminal.standard.print(line) }
        return isGood ? .success : .refused
    }
}

extension ModelProbe.Finding {
    fileprivate var mark: String {
        switch standing {
        case .good: "ok"
        case .bad: "no"
        case .unknown: "?"
        }
    }

    fileprivate var json: JSON {
        [
            "subject": .string(subject), "standing": .string(standing.rawValue),
            "text": .string(text),
        ]
    }
}
