internal import Autonomy
internal import Decisions
internal import Documents
internal import Engine
internal import Models
internal import Platform
internal import Storage
internal import StorageSQLite
internal import Values

/// Rules decisions a second, durable, against the same rows inserted bare.
enum RulesBenchmark {
    private static let count = 100_000

    private static let policy = """
        policy: refund
        autonomy: manual
        input: {message: string, amount: number, customer(object): {id: string}}
        output: {action(enum): [refund, reject], reason: string}
        rules:
          - {id: large, when: input.amount > 500, review: large}
          - {id: small, when: input.amount <= 20, decide: {action: refund, reason: Small amount}}
          - {id: rest, decide: {action: reject, reason: "Over the limit by ${{ input.amount - 20 }}"}}
        private: [/message]
        """

    private static func line(_ number: Int) -> [UInt8] {
        Array(
            (#"{"message":"The parcel \#(number) came late and the box was open, what now?","#
                + #""amount":\#(number % 400).5,"customer":{"id":"C-\#(number)"}}"#).utf8
        )
    }

    static func figures() async throws -> [Figure] {
        let scratch = try Scratch()
        let folder = scratch.path
        let subject = try await decide(folder + "/subject.db")
        let floor = try await bare(folder, rows: subject.rows)
        return [
            Figure(
                "rules decisions",
                unit: "a second",
                floor: floor,
                subject: subject.rate
            )
        ]
    }

    /// Lines as bytes, through parsing, routing, hashing and the commit.
    private static func decide(
        _ path: String
    ) async throws -> (rate: Double, rows: [StoredEntry]) {
        let check = Workspace.compile(
            files: WorkspaceFiles([
                "stepgate.yaml": Array("models: {}".utf8),
                "Policies/refund.yaml": Array(policy.utf8),
            ]),
            reader: YAMLReader(),
            environment: [:],
            zones: { _ in nil }
        )
        guard let workspace = check.workspace else { throw Diagnostics(check.diagnostics) }
        let store = try SQLiteStore(path, mode: .engine, secret: Process.randomBytes(32))
        let engine = try await DecisionEngine(
            live: LoadedRelease(workspace: workspace, clients: [:], attachments: NoAttachments()),
            store: store,
            releases: NoRelease(),
            surroundings: BenchSurroundings.make()
        )
        let lines = (0..<count).map(line)
        let start = ContinuousClock.now
        // As a job does it: some batches are worked out while another commits.
        try await withThrowingTaskGroup(of: Void.self) { group in
            var next = 0
            for _ in 0..<Limits.batchesAtOnce {
                add(&next, lines, engine, to: &group)
            }
            while try await group.next() != nil { add(&next, lines, engine, to: &group) }
        }
        let rate = Double(count) / seconds(since: start)
        let rows = try await store.entries(from: 1, limit: count)
        precondition(rows.count >= count, "every line became an entry")
        await store.close()
        return (rate, rows)
    }

    private static func add(
        _ next: inout Int,
        _ lines: [[UInt8]],
        _ engine: DecisionEngine,
        to group: inout ThrowingTaskGroup<Void, any Error>
    ) {
        guard next < lines.count else { return }
        let range = next..<min(lines.count, next + Limits.batch)
        next = range.upperBound
        group.addTask {
            var steps: [IncomingStep] = []
            for index in range {
                steps.append(
                    IncomingStep(
                        policy: "refund",
                        input: try JSON.read(lines[index]),
                        key: .init(scope: "bench", key: "\(index)"),
                        source: "bench",
                        caller: "me"
                    )
                )
            }
            _ = try await engine.begin(steps, under: "refund")
        }
    }

    /// The same rows, their bytes made beforehand, in transactions of as many.
    private static func bare(_ folder: String, rows: [StoredEntry]) async throws -> Double {
        let floor = try BareStore(folder + "/floor.db")
        let prepared = rows.map { (entry: $0, payload: $0.payload.rowBytes) }
        let start = ContinuousClock.now
        for first in stride(from: 0, to: count, by: Limits.batch) {
            try floor.insert(prepared[first..<min(count, first + Limits.batch)])
        }
        return Double(count) / seconds(since: start)
    }

    private static func seconds(since start: ContinuousClock.Instant) -> Double {
        let taken = start.duration(to: .now).components
        return Double(taken.seconds) + Double(taken.attoseconds) / 1e18
    }
}
