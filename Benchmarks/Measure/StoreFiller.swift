internal import Autonomy
internal import Documents
internal import Engine
internal import Platform
internal import Storage
internal import StorageSQLite
internal import Values

/// Fills a workspace's store with rules decisions through the engine itself, so that every row, key
/// and hash is what `serve` would have written.
struct StoreFiller {
    /// Numbers of requests are below, so that no key comes twice.
    private static let firstNumber = 5_000_000_000
    private static let progressEvery = 20_000

    private let workspace: BenchWorkspace
    private let progress: Progress
    private var filled = 0

    init(_ workspace: BenchWorkspace, _ progress: Progress) {
        self.workspace = workspace
        self.progress = progress
    }

    /// Goes on until there are that many decisions; no server may have the store open.
    mutating func fill(to count: Int) async throws {
        let store = try SQLiteStore(
            workspace.storePath,
            mode: .engine,
            secret: Process.randomBytes(32)
        )
        let engine = try await DecisionEngine(
            live: LoadedRelease(
                workspace: try Self.compiled(),
                clients: [:],
                attachments: NoAttachments()
            ),
            store: store,
            releases: NoRelease(),
            surroundings: BenchSurroundings.make()
        )
        let started = filled
        try await withThrowingTaskGroup(of: Int.self) { group in
            func add() {
                guard filled < count else { return }
                let numbers = filled..<min(count, filled + Limits.batch)
                filled = numbers.upperBound
                group.addTask { [scope = workspace.scope] in
                    let steps = try numbers.map { try Self.step($0, scope) }
                    _ = try await engine.begin(steps, under: "bench-rules")
                    return numbers.count
                }
            }
            for _ in 0..<Limits.batchesAtOnce { add() }
            var done = started
            while let more = try await group.next() {
                add()
                let before = done
                done += more
                if before / Self.progressEvery < done / Self.progressEvery {
                    progress.show(
                        "filling: \(done) of \(count) decisions",
                        fraction: Double(done - started) / Double(count - started)
                    )
                }
            }
        }
        await store.close()
    }

    private static func step(_ number: Int, _ scope: String) throws -> IncomingStep {
        let number = firstNumber + number
        let input = BenchWorkspace.rulesInput("\(number)", bytes: 200)
        return IncomingStep(
            policy: "bench-rules",
            input: try JSON.read(Array(input.utf8)),
            key: .init(scope: scope + "bench-rules", key: Load.key(of: number)),
            source: "api",
            caller: "bench"
        )
    }

    private static func compiled() throws -> Workspace {
        let check = Workspace.compile(
            files: WorkspaceFiles([
                "stepgate.yaml": Array("models: {}".utf8),
                "Policies/bench-rules.yaml": Array(BenchWorkspace.rules.utf8),
            ]),
            reader: YAMLReader(),
            environment: [:],
            zones: { _ in nil }
        )
        guard let workspace = check.workspace else { throw Diagnostics(check.diagnostics) }
        return workspace
    }
}
