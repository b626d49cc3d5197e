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
                "--key", "FIELD", "the field that names a step (default: the line's number)"
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
        let concurrency = try call.number(
            "--concurrency", in: 1...Limits.concurrency, default: 16
        )
        let workspace = try OpenWorkspace(call)
        let policy = try workspace.policy(policyName)
        let input = try InputSource(inputPath, call: call, folder: workspace.stateFolder)
        defer { input.discard() }
        return try await workspace.withEngine { engine in
            let scope = input.scope(policy: policyName, hasKey: call["--key"] != nil)
            let source = InputFile(
                input.file, format: input.format,
                options: .init(
                    policy: policyName, map: try call["--map"].map { try FieldMap($0) },
                    keyField: call["--key"], scope: scope, source: input.name,
                    caller: Person.of(call), schema: policy.input.document
                )
            )
            var job = Job(
                engine: engine, policy: policyName, concurrency: concurrency,
                clock: SystemClock(), source: source,
                observer: DecideReport(
                    terminal: .standard, engine: engine, scope: scope,
                    output: try OutputFile(outputPath)
                )
            )
            try await job.run()
            return try await finish(&job, engine, call)
        }
    }
}
