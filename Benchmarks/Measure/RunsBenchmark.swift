internal import Autonomy
internal import Decisions
internal import Documents
internal import Flows
internal import Platform
internal import Runs
internal import Storage
internal import StorageSQLite
internal import Values

/// Steps of runs that rules decide, each its own transition with history row and decision, against
/// the same rows written bare.
enum RunsBenchmark {
    private static let runs = 4_000
    private static let steps = 5
    private static let startsAtOnce = 500
    /// Transitions of one transaction of the floor.
    private static let batch = 256

    private static let policy = """
        policy: bench-steps
        autonomy: manual
        input: {message: string, amount: number}
        output: {action(enum): [refund, reject]}
        rules:
          - {id: small, when: input.amount <= 20, decide: {action: refund}}
          - {id: rest, decide: {action: reject}}
        """

    private static var flow: String {
        let steps = (1...steps).map { "  - {id: s\($0), decide: bench-steps, with: input}" }
        return "flow: five\ninput: {message: string, amount: number}\nsteps:\n"
            + steps.joined(separator: "\n") + "\n"
    }

    static func run(program: String, _ progress: Progress) async throws -> Report {
        let scratch = try Scratch()
        let (rate, transitions) = try await drive(scratch, program)
        progress.show("runs: the same rows bare")
        let floor = try BareStore(scratch.path + "/floor.db")
        let start = ContinuousClock.now
        for first in stride(from: 0, to: transitions.count, by: batch) {
            try floor.write(transitions[first..<min(transitions.count, first + batch)])
        }
        let seconds = Measure.microseconds(since: start) / 1e6
        return Report(figures: [
            Figure(
                "rules steps of runs, started over HTTP",
                unit: "a second",
                floor: Double(runs * steps) / seconds,
                subject: rate,
                goal: .ratioAtLeast(0.5)
            )
        ])
    }

    private typealias Bare = (run: RunWrite, decision: (StoredEntry, [UInt8])?)

    /// Has the program start the runs in batches and drive them to their ends.
    private static func drive(
        _ scratch: Scratch,
        _ program: String
    ) async throws -> (rate: Double, transitions: [Bare]) {
        let workspace = try await BenchWorkspace(
            scratch,
            "runs",
            program: program,
            files: ["Policies/bench-steps.yaml": policy, "Flows/five.yaml": flow]
        )
        let subject = try workspace.serve()
        let store = try SQLiteStore(workspace.storePath, mode: .reader, secret: [])
        let line =
            #"{"flow":"five","input":{"message":"The parcel came late, what now?","amount":12}}"#
        let lines = scratch.path + "/starts.ndjson"
        try File(lines, for: .creating).write(
            Array(Array(repeating: line, count: startsAtOnce).joined(separator: "\n").utf8)
        )
        let start = ContinuousClock.now
        for _ in 0..<runs / startsAtOnce { try send(lines, to: subject, workspace, scratch) }
        while try await ended(store) < runs { try await Task.sleep(for: .milliseconds(20)) }
        let rate = Double(runs * steps) / (Measure.microseconds(since: start) / 1e6)
        subject.child.end()
        let transitions = try await transitions(store)
        await store.close()
        return (rate, transitions)
    }

    /// One batch of starts, with curl, since its answer comes line by line.
    private static func send(
        _ lines: String,
        to subject: BenchWorkspace.Served,
        _ workspace: BenchWorkspace,
        _ scratch: Scratch
    ) throws {
        let child = try Child(
            [
                "/usr/bin/curl", "-sS", "-o", scratch.path + "/started.ndjson", "-w",
                "%{http_code}\\n", "--data-binary", "@\(lines)", "-H",
                "Content-Type: application/x-ndjson", "-H",
                "Authorization: Bearer \(workspace.secret)",
                "http://127.0.0.1:\(subject.port)/v1/runs:batch",
            ],
            errors: scratch.path + "/curl.log"
        )
        let status = try child.said(upTo: "\n")
        child.end()
        guard status.hasPrefix("200") else {
            throw InvalidRun("a batch of starts was answered \(status)")
        }
    }

    private static func ended(_ store: SQLiteStore) async throws -> Int {
        try await store.stageCounts("five").filter { $0.place.state == .completed }
            .reduce(0) { $0 + Int($1.count) }
    }

    /// What was written, read back: each run's history replayed.
    private static func transitions(_ store: SQLiteStore) async throws -> [Bare] {
        let flow = try compiled()
        var entries = try await store.entries(from: 1, limit: 2 * runs * steps)
            .filter { !$0.payload.isEmpty }[...]
        var list: [Bare] = []
        var query = RunQuery(limit: runs)
        query.flow = "five"
        for id in try await store.runs(query).map(\.id) {
            guard let last = try await store.run(id) else { continue }
            var run = Run(
                id: id,
                root: id,
                plan: last.plan,
                parent: nil,
                caller: last.caller,
                startedAt: last.startedAt,
                input: last.input
            )
            var before: Run?
            for event in try await store.history(of: id, from: 1, limit: 100) {
                let after = try run.advance(
                    event.event,
                    in: flow,
                    at: event.at,
                    chance: event.chance
                ).run
                let write = RunWrite(after, after: before, event: event)
                let decision = before == nil ? nil : entries.popFirst()
                list.append((write, decision.map { ($0, $0.payload.rowBytes) }))
                run = write.run
                before = run
            }
        }
        return list
    }

    private static func compiled() throws -> Flow {
        let files = WorkspaceFiles([
            "stepgate.yaml": Array("models: {}".utf8),
            "Policies/bench-steps.yaml": Array(policy.utf8), "Flows/five.yaml": Array(flow.utf8),
        ])
        let check = Workspace.compile(
            files: files,
            reader: YAMLReader(),
            environment: [:],
            zones: { _ in nil }
        )
        guard let workspace = check.workspace else { throw Diagnostics(check.diagnostics) }
        let set = FlowSet.compile(
            files: files,
            workspace: workspace,
            reader: YAMLReader(),
            zones: { _ in nil }
        )
        guard let flow = set.flows["five"] else { throw Diagnostics(set.diagnostics) }
        return flow
    }
}
