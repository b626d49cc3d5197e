import Autonomy
import Documents
import Flows
import Runs
import Testing
import Values

/// One run of one flow, brought events by hand; its history is kept, to be replayed.
final class RunFixture {
    static let start = Instant(microseconds: 1_800_000_000_000_000)

    let flow: Flow
    let first: Run
    private(set) var run: Run
    private(set) var starts: [Transition.Start] = []
    private(set) var events: [(event: RunEvent, at: Instant, chance: UInt64)] = []
    var resources: [Digest: JSON] = [:]
    var now = RunFixture.start

    /// `steps` is the text below `steps:`.
    init(_ steps: String, input: JSON = ["message": "hello", "tags": ["a", "b", "c"]]) throws {
        flow = try Self.flow(steps)
        first = Run(
            id: Identifier(high: 1, low: 1),
            root: Identifier(high: 1, low: 1),
            plan: Run.Plan(flow: flow.name, release: .zero),
            parent: nil,
            caller: "ada",
            startedAt: Self.start,
            input: .inline(input)
        )
        run = first
        try send(.begun)
    }

    static func flow(_ steps: String) throws -> Flow {
        let text = """
            flow: test
            stages: [first, second]
            fields: {message: string}
            input: {message: string, amount?: number, tags(array): string}
            steps:

            """ + steps
        let policy = """
            policy: triage
            autonomy: manual
            input: {message: string}
            output: {action(enum): [refund, reject]}
            """
        let below = """
            flow: below
            input: {message: string}
            steps:
              - id: only
                set: {said: "${{ input.message }}"}
            """
        let files = WorkspaceFiles([
            "stepgate.yaml": Array("models: {}".utf8), "Policies/triage.yaml": Array(policy.utf8),
            "Flows/test.yaml": Array(text.utf8), "Flows/below.yaml": Array(below.utf8),
        ])
        let check = Workspace.compile(
            files: files,
            reader: YAMLReader(),
            environment: [:],
            zones: { _ in nil }
        )
        let workspace = try #require(check.workspace, "\(check.diagnostics.map(\.rendered))")
        let set = FlowSet.compile(
            files: files,
            workspace: workspace,
            reader: YAMLReader(),
            zones: { _ in nil }
        )
        let errors = set.diagnostics.filter { $0.severity == .error }.map(\.rendered)
        return try #require(set.flows["test"], "\(errors)")
    }

    func number(_ id: String) throws -> Int { try #require(flow.number(of: id)) }

    func send(_ event: RunEvent, chance: UInt64 = 0) throws {
        let transition = try run.advance(
            event,
            in: flow,
            at: now,
            chance: chance,
            resources: resources
        )
        events.append((event, now, chance))
        for (digest, bytes) in transition.resources { resources[digest] = try JSON.read(bytes) }
        starts += transition.starts
        run = transition.run
        run.version += 1
        try checkShape()
    }

    /// What holds of every run after every transition.
    private func checkShape() throws {
        switch run.state {
        case .running, .undoing: #expect(!run.active.isEmpty, "a live run has a wake source")
        case .paused, .dead: break
        case .queued: #expect(run.active.count == 1)
        case .completed, .failed, .cancelled: #expect(run.active.isEmpty)
        }
        for (number, step) in run.active {
            #expect(number == step.step)
            #expect(run.ended[number] == nil || step.isUndo, "a step is under way or ended")
        }
        var again = first
        for past in events {
            again =
                try again.advance(
                    past.event,
                    in: flow,
                    at: past.at,
                    chance: past.chance,
                    resources: resources
                ).run
            again.version += 1
        }
        #expect(again == run, "a replay of the history gives the same run")
    }

    func active(_ id: String) throws -> ActiveStep { try #require(run.active[number(id)]) }

    func claim(_ id: String, until: Duration = .seconds(60)) throws {
        let step = try active(id)
        try send(.claimed(step: step.step, epoch: step.epoch, by: "w", until: now + until))
    }

    func succeed(_ id: String, _ output: JSON = .null) throws {
        let step = try active(id)
        try send(.succeeded(step: step.step, epoch: step.epoch, output: .inline(output)))
    }

    func fail(_ id: String, _ failure: StepFailure = StepFailure("worker", "no")) throws {
        let step = try active(id)
        try send(.failed(step: step.step, epoch: step.epoch, failure))
    }

    func due(_ id: String) throws {
        let step = try active(id)
        now = max(now, step.dueAt ?? now)
        try send(.due(step: step.step, epoch: step.epoch))
    }

    func act(_ act: RunAct) throws { try send(.acted(act, by: "ada")) }

    func ended(_ id: String, succeeded: Int, failed: Int = 0) throws {
        try send(
            .childrenEnded(
                step: number(id),
                succeeded: succeeded,
                failed: failed,
                first: failed > 0 ? StepFailure("worker", "no") : nil
            )
        )
    }

    func request(_ id: String) throws -> RunRequest {
        try run.request(of: active(id), in: flow, at: now, resources: resources).get()
    }

    func end(_ id: String) throws -> StepEnd.State? { run.ended[try number(id)]?.state }
}
