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
        let views = try await opened.runDesk.views(runs.map(\.id))
        if call.wantsJSON {
            Terminal.standard.print(.array(views.flatMap(\.waiting).map(\.json)))
            return .success
        }
        var table = Table([
            .init("run", whole: true), .init("flow"), .init("stage"), .init("for", number: true),
            .init("step"), .init("with"), .init("since", number: true), .init("last failure"),
        ])
        for view in views {
            for stuck in view.waiting {
                let run = view.run
                table.add([
                    run.id.description, run.plan.flow, run.stage ?? run.state.rawValue,
                    ReviewCommand.age(now - run.stageSince), stuck.name,
                    run.state == .paused ? "paused" : view.holder(of: stuck.step).words(at: now),
                    ReviewCommand.age(now - stuck.step.since),
                    stuck.step.failure.map { "\($0.kind): \($0.message)" } ?? "",
                ])
            }
        }
        for line in table.lines(width: Terminal.standard.width) { Terminal.standard.print(line) }
        return .success
    }
}

/// One step that is under way in one run.
private struct WaitingStep {
    let view: RunView
    let step: ActiveStep

    var name: String { view.name(of: step.step) ?? "(queued)" }

    var json: JSON {
        let run = view.run
        return [
            "run": .string(run.id.description), "flow": .string(run.plan.flow),
            "state": .string(run.state.rawValue), "stage": run.stage.map(JSON.string) ?? .null,
            "stage_since": .string(run.stageSince.rfc3339), "step": .string(name),
            "holder": view.holder(of: step).json, "since": .string(step.since.rfc3339),
            "failure": step.failure?.json ?? .null,
        ]
    }
}

extension RunView {
    /// Its steps under way, those that hold others aside.
    fileprivate var waiting: [WaitingStep] {
        run.active.values.sorted { $0.step < $1.step }
            .map { WaitingStep(view: self, step: $0) }
    }
}
