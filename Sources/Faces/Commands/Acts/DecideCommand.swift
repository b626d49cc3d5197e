internal import Autonomy
internal import Decisions
internal import Engine
internal import Platform
internal import Values

/// `stepgate decide`: a job that decides a file of steps and can be interrupted anywhere.
enum DecideCommand {
    static let specification = CommandSpecification(
        "decide",
        "Decides each line of a file by a policy, and goes on where an earlier run stopped.",
        arguments: ["POLICY"],
        options: [
            OptionSpecification("--input", "FILE", "lines of JSON or CSV; - for standard input"),
            OptionSpecification("--output", "FILE", "where a line of JSON a decision goes"),
            OptionSpecification("--map", "A=B,…", "the input's field A from the line's field B"),
            OptionSpecification(
                "--key",
                "FIELD",
                "the field that names a step (default: the line's number)"
            ),
            OptionSpecification("--format", "FORMAT", "jsonl or csv (default: by the ending)"),
            OptionSpecification("--concurrency", "N", "steps asked at once (default: 16)"),
        ],
        examples: [
            "stepgate decide message-triage --input messages.jsonl --output decided.jsonl --key id",
            "stepgate decide refunds --input refunds.csv --map message=text --output out.jsonl",
            "cat steps.jsonl | stepgate decide refunds --input - --output out.jsonl --key id",
        ],
        run: run
    )

    private static func run(_ call: Invocation) async throws -> ExitCode {
        let policyName = call.arguments[0]
        guard let inputPath = call["--input"] else {
            throw CommandFailure.usage("decide needs --input FILE; - is standard input")
        }
        guard let outputPath = call["--output"] else {
            throw CommandFailure.usage("decide needs --output FILE, where the decisions go")
        }
        let workspace = try OpenWorkspace(call)
        let policy = try workspace.policy(policyName)
        let concurrency = try concurrency(call, policy, workspace.workspace)
        let map = try call["--map"].map { text throws(CommandFailure) in try FieldMap(text) }
        let input = try InputSource(inputPath, call: call, folder: workspace.stateFolder)
        let scope = input.scope(policy: policyName, hasKey: call["--key"] != nil)
        let source = InputFile(
            input.file,
            format: input.format,
            size: input.size,
            options: .init(
                policy: policyName,
                map: map,
                keyField: call["--key"],
                scope: scope,
                source: input.name,
                caller: Person.of(call),
                schema: policy.input.document
            )
        )
        let running = try await RunningEngine.start(workspace, by: Person.of(call))
        do {
            let engine = running.engine
            let report = DecideReport(
                terminal: .standard,
                engine: engine,
                scope: scope,
                output: try OutputFile(outputPath)
            )
            var job = Job(
                engine: engine,
                policy: policyName,
                concurrency: concurrency,
                clock: SystemClock(),
                source: source,
                observer: report
            )
            try await work(&job)
            let code = try await Self.report(job, try await engine.head(), call)
            try await running.stop()
            try input.discard()
            return code
        } catch {
            try await running.stop()
            throw error
        }
    }

    /// As many steps at once as keep the first model busy, unless said otherwise.
    ///
    /// The model's own gate bounds the calls; the others of these steps are being committed.
    private static func concurrency(
        _ call: Invocation,
        _ policy: Policy,
        _ workspace: Workspace
    ) throws -> Int {
        let model = policy.model?.use.first.flatMap { workspace.models[$0] }
        return try call.number(
            "--concurrency",
            in: 1...Limits.concurrency,
            default: model.map { $0.limits.concurrency + min($0.limits.concurrency / 4, 64) + 8 }
                ?? 16
        )
    }

    private static func work(_ job: inout Job<InputFile, DecideReport>) async throws {
        do {
            try await job.run()
        } catch {
            job.observer.abandon()
            throw error
        }
        try await job.observer.finish()
    }

    private static func report(
        _ job: Job<InputFile, DecideReport>,
        _ head: ChainHead,
        _ call: Invocation
    ) async throws -> ExitCode {
        let terminal = Terminal.standard
        let bad = (job.source.badLines + job.observer.refused).sorted { $0.line < $1.line }
        let count = job.source.badLineCount + job.observer.refusedCount
        if call.wantsJSON {
            terminal.print(
                [
                    "routes": job.observer.table.json,
                    "decided": .int(Int64(job.observer.table.total)),
                    "bad_lines": .int(Int64(count)),
                    "first_bad_lines": .array(
                        bad.map { ["line": .int(Int64($0.line)), "message": .string($0.message)] }
                    ),
                    "head": .string(head.description),
                ]
            )
        } else {
            for line in bad.prefix(Limits.badLinesShown) {
                terminal.note("line \(line.line): \(line.message)")
            }
            if count > Limits.badLinesShown {
                terminal.note("… and \(count - Limits.badLinesShown) more bad lines")
            }
            for line in job.observer.table.table.lines(width: terminal.width) {
                terminal.print(line)
            }
            if count > 0 {
                terminal.print("\(count) bad line\(count == 1 ? "" : "s") passed over")
            }
            terminal.print("head \(head)")
        }
        return count > 0 ? .badLines : .success
    }
}
