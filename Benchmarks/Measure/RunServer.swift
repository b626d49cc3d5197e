internal import Decisions
internal import Engine
internal import Flows
internal import Platform
internal import Runs
internal import Storage
internal import StorageSQLite
internal import Values

/// A workspace of flows that is served, and its store, which is read beside the server.
final class RunServer {
    /// Starts of one batch.
    private static let startsAtOnce = 500
    /// How long no run may end where some shall.
    private static let patience = Duration.seconds(60)
    private static let page = 10_000

    let workspace: BenchWorkspace
    let served: BenchWorkspace.Served
    let store: SQLiteStore
    private let release: LoadedRelease
    private let scratch: Scratch

    init(_ scratch: Scratch, _ workspace: BenchWorkspace, _ flows: RunFlows) throws {
        self.scratch = scratch
        self.workspace = workspace
        release = try flows.compiled()
        served = try workspace.serve()
        store = try SQLiteStore(workspace.storePath, mode: .reader, secret: [])
    }

    convenience init(
        _ scratch: Scratch,
        _ name: String,
        program: String,
        _ flows: RunFlows
    ) async throws {
        let workspace = try await BenchWorkspace(
            scratch,
            name,
            program: program,
            files: flows.files,
            bare: true
        )
        try self.init(scratch, workspace, flows)
    }

    func end() async {
        served.child.end()
        await store.close()
    }

    // MARK: Starting

    /// Starts so many runs in batches, each durable once this returns.
    func start(_ count: Int, of flow: String, input: String = RunFlows.input) throws {
        let line = #"{"flow":"\#(flow)","input":\#(input)}"#
        for first in stride(from: 0, to: count, by: Self.startsAtOnce) {
            let lines = Array(repeating: line, count: min(Self.startsAtOnce, count - first))
            try send(lines.joined(separator: "\n"))
        }
    }

    /// One batch, with curl, since its answer comes line by line.
    private func send(_ lines: String) throws {
        let path = scratch.path + "/starts.ndjson"
        let answers = scratch.path + "/started.ndjson"
        try Folder.remove(path)
        try File(path, for: .creating).write(Array(lines.utf8))
        let child = try Child(
            [
                "/usr/bin/curl", "-sS", "-o", answers, "-w", "%{http_code}", "--data-binary",
                "@\(path)", "-H", "Content-Type: application/x-ndjson", "-H",
                "Authorization: Bearer \(workspace.secret)",
                "http://127.0.0.1:\(served.port)/v1/runs:batch",
            ],
            errors: scratch.path + "/curl.log"
        )
        let status = try child.saidToTheEnd()
        guard status == "200" else {
            throw InvalidRun("a batch of starts was answered '\(status)'")
        }
    }

    /// A request that starts a run under a key of its own.
    func startRequest(_ flow: String) -> String {
        Load.request(
            "POST",
            "/v1/runs",
            headers: [
                "Authorization: Bearer \(workspace.secret)", "Idempotency-Key: \(Load.key)",
            ],
            body: #"{"flow":"\#(flow)","input":\#(RunFlows.input)}"#
        )
    }

    // MARK: Ending

    /// Waits until so many runs of a flow have completed; any that ended otherwise or stands still
    /// ends the measuring.
    func wait(completed count: Int, of flow: String) async throws {
        var last = (ended: -1, at: ContinuousClock.now)
        while true {
            let counts = try await store.stageCounts(flow)
            func sum(_ holds: (StageCount.Place) -> Bool) -> Int {
                counts.filter { holds($0.place) }.reduce(0) { $0 + Int($1.count) }
            }
            let wrong = sum {
                [.failed, .cancelled, .paused, .dead, .undoing].contains($0.state)
            }
            guard wrong == 0 else { throw InvalidRun("\(wrong) runs of \(flow) went wrong") }
            let completed = sum { $0.state == .completed && $0.kind == .root }
            if completed >= count { return }
            let ended = sum { $0.state == .completed }
            if ended > last.ended { last = (ended, .now) }
            guard last.at.duration(to: .now) < Self.patience else {
                throw InvalidRun(
                    "of \(count) runs of \(flow) only \(completed) have completed; with those of "
                        + "items \(ended) have"
                )
            }
            try await ContinuousClock().sleep(for: .milliseconds(5))
        }
    }

    // MARK: What was written

    /// The newest so many runs of a flow, the newest first.
    func newest(_ count: Int, of flow: String) async throws -> [Identifier] {
        var query = RunQuery(limit: min(count, Self.page))
        query.flow = flow
        query.kinds = [.root]
        var list: [Identifier] = []
        while list.count < count {
            let page = try await store.runs(query)
            list += page.map(\.id)
            guard page.count == query.limit, let last = page.last else { break }
            query.after = query.cursor(last)
        }
        return Array(list.prefix(count))
    }

    /// The whole history of a run in which no step failed.
    func history(_ run: Identifier) async throws -> [HistoryEvent] {
        let events = try await store.history(of: run, from: 1, limit: Self.page)
        for event in events {
            if case .failed(let step, _, let failure) = event.event {
                throw InvalidRun("step \(step) of run \(run) failed: \(failure.message)")
            }
        }
        return events
    }

    typealias Transition = (run: RunWrite, decision: (StoredEntry, [UInt8])?)

    /// What was written for runs, read back: each run's history replayed, and as many of the log's
    /// decisions as they made.
    func transitions(_ runs: [Identifier]) async throws -> [Transition] {
        var list: [Transition] = []
        var before: Run?
        for id in runs {
            guard let last = try await store.run(id), let flow = release.flows[last.plan.flow]
            else { throw InvalidRun("run \(id) is gone") }
            before = nil
            for event in try await history(id) {
                let run = before ?? last.asNew
                let after = try run.advance(
                    event.event,
                    in: flow,
                    at: event.at,
                    chance: event.chance
                ).run
                let write = RunWrite(after, after: before, event: event)
                list.append((write, nil))
                before = write.run
            }
        }
        var next: Int64 = 1
        var entries: ArraySlice<StoredEntry> = []
        for place in list.indices where list[place].run.before != nil {
            while entries.isEmpty {
                let page = try await store.entries(from: next, limit: Self.page)
                guard let last = page.last else { return list }
                next = last.sequence + 1
                entries = page.filter { !$0.payload.isEmpty }[...]
            }
            guard let entry = entries.popFirst() else { break }
            list[place].decision = (entry, entry.payload.rowBytes)
        }
        return list
    }
}

extension Run {
    /// As it was before anything happened to it.
    var asNew: Run {
        Run(
            id: id,
            root: root,
            plan: plan,
            parent: parent,
            caller: caller,
            startedAt: startedAt,
            priority: priority,
            key: key,
            input: input,
            items: items
        )
    }
}

/// The rows of transitions written bare, some to a transaction: the most that a commit could take
/// together.
enum BareTransitions {
    private static let batch = 256

    /// Seconds that all of them take.
    static func seconds(_ transitions: [RunServer.Transition], at path: String) throws -> Double {
        let store = try BareStore(path)
        let start = ContinuousClock.now
        for first in stride(from: 0, to: transitions.count, by: batch) {
            try store.write(transitions[first..<min(transitions.count, first + batch)])
        }
        return Measure.microseconds(since: start) / 1e6
    }
}
