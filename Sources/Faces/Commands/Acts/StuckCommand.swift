internal import Engine
internal import Flows
internal import Platform
internal import Runs
internal import Storage
internal import StorageSQLite
internal import Values

/// `stepgate stuck`: what waits, who has it, since when.
enum StuckCommand {
    static let specifications = [
        CommandSpecification(
            "stuck",
            "Lists what waits in runs: which step, who has it, since when; the longest first.",
            options: [
                OptionSpecification("--stage", "NAME", "only in that stage"),
                OptionSpecification("--over", "TIME", "only those longer in their stage"),
                OptionSpecification(
                    "--owner",
                    "NAME",
                    "only what NAME is at, as a worker or reviewer"
                ),
                OptionSpecification("--flow", "NAME", "only of that flow"),
                OptionSpecification("--limit", "N", "at most so many runs (default: 50)"),
            ],
            examples: [
                "stepgate stuck --stage approval --over 2h", "stepgate stuck --flow refund --json",
            ],
            run: run
        )
    ]

    private static func run(_ call: Invocation) async throws -> ExitCode {
        var query = StuckQuery(
            limit: try call.number("--limit", in: 1...Limits.rows, default: 50)
        )
        query.flow = call["--flow"]
        query.stage = call["--stage"]
        let now = Process.now
        query.owner = call["--owner"].map { RunQuery.Owner($0, at: now) }
        query.before = try RunArguments.time(call, "--over").map { now - $0 }
        let opened = try OpenStore(call, mode: .reader)
        let rows = try await opened.runDesk.stuck(query)
        if call.wantsJSON {
            Terminal.standard.print(.array(rows.map(\.json)))
            return .success
        }
        var table = Table([
            .init("run", whole: true), .init("flow"), .init("stage"), .init("for", number: true),
            .init("step"), .init("with"), .init("since", number: true), .init("last failure"),
        ])
        for row in rows { table.add(row.cells(at: now)) }
        for line in table.lines(width: Terminal.standard.width) { Terminal.standard.print(line) }
        return .success
    }
}

extension StuckStep {
    fileprivate func cells(at now: Instant) -> [String] {
        let own = [
            run.id.description, run.plan.flow, run.stage ?? run.state.rawValue,
            ReviewCommand.age(now - run.stageSince),
        ]
        switch self {
        case .step(let step, let view):
            return own + [
                name ?? "(queued)",
                run.state == .paused ? "paused" : view.holder(of: step).words(at: now),
                ReviewCommand.age(now - step.since),
                step.failure.map { "\($0.kind): \($0.message)" } ?? "",
            ]
        case .unknown(_, let reason):
            return own + ["?", "nobody", ReviewCommand.age(now - run.updatedAt), reason]
        }
    }
}
