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
                OptionSpecification("--flow", "NAME", "only of that flow"),
                OptionSpecification("--limit", "N", "at most so many runs (default: 50)"),
            ],
            examples: [
                "stepgate stuck --stage approval --over 2h", "stepgate stuck --flow refund --json",
            ],
            run: run
        )
    ]

    private static let live: Set<RunState> = [.queued, .running, .undoing, .paused, .dead]

    private static func run(_ call: Invocation) async throws -> ExitCode {
        var query = RunQuery(limit: try call.number("--limit", in: 1...Limits.rows, default: 50))
        query.flow = call["--flow"]
        query.stage = call["--stage"]
        query.kinds = [.root, .subflow]
        let now = Process.now
        query.stageBefore = try RunArguments.time(call, "--over").map { now - $0 }
        query.sort = .longestInStage
        let opened = try OpenStore(call, mode: .reader)
        var runs = try await opened.store.runs(query)
        if call["--stage"] == nil, runs.count < query.limit {
            // Runs of flows without stages, which have been in none since they began.
            query.sort = .oldest
            query.states = live
            let known = Set(runs.map(\.id))
            let others = try await opened.store.runs(query)
            runs += others.filter { $0.stage == nil && !known.contains($0.id) }
                .prefix(query.limit - runs.count)
        }
        let rows = try await opened.runDesk.sights(runs.map(\.id)).flatMap(\.rows)
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

/// One step that is under way in one run, or a run whose steps cannot be told.
private enum StuckRow {
    case step(ActiveStep, RunView)
    case unknown(Run, reason: String)

    private var run: Run {
        switch self {
        case .step(_, let view): view.run
        case .unknown(let run, _): run
        }
    }

    private func name(_ step: ActiveStep, of view: RunView) -> String {
        view.name(of: step.step) ?? "(queued)"
    }

    func cells(at now: Instant) -> [String] {
        let own = [
            run.id.description, run.plan.flow, run.stage ?? run.state.rawValue,
            ReviewCommand.age(now - run.stageSince),
        ]
        switch self {
        case .step(let step, let view):
            return own + [
                name(step, of: view),
                run.state == .paused ? "paused" : view.holder(of: step).words(at: now),
                ReviewCommand.age(now - step.since),
                step.failure.map { "\($0.kind): \($0.message)" } ?? "",
            ]
        case .unknown(_, let reason):
            return own + ["?", "nobody", ReviewCommand.age(now - run.updatedAt), reason]
        }
    }

    var json: JSON {
        var members: [JSONObject.Member] = [
            .init("run", .string(run.id.description)), .init("flow", .string(run.plan.flow)),
            .init("state", .string(run.state.rawValue)),
            .init("stage", run.stage.map(JSON.string) ?? .null),
            .init("stage_since", .string(run.stageSince.rfc3339)),
        ]
        switch self {
        case .step(let step, let view):
            members += [
                .init("step", .string(name(step, of: view))),
                .init("holder", view.holder(of: step).json),
                .init("since", .string(step.since.rfc3339)),
                .init("failure", step.failure?.json ?? .null),
            ]
        case .unknown(_, let reason):
            members += [
                .init("step", .null), .init("holder", .null),
                .init("since", .string(run.updatedAt.rfc3339)), .init("failure", .null),
                .init("unreadable", .string(reason)),
            ]
        }
        return .object(JSONObject(uniqueMembers: members))
    }
}

extension RunSight {
    /// Its steps under way, those that hold others aside.
    fileprivate var rows: [StuckRow] {
        switch self {
        case .whole(let view):
            view.run.active.values.sorted { $0.step < $1.step }.map { .step($0, view) }
        case .withoutFlow(let run, let reason): [.unknown(run, reason: reason)]
        }
    }
}
