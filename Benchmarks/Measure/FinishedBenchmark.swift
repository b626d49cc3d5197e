internal import Platform
internal import Storage
internal import StorageSQLite
internal import Values

/// What a step of a run costs with very many runs that have ended in the store, against few.
struct FinishedBenchmark {
    private static let few = 10_000
    /// Runs that an engine makes, to compare with.
    private static let compared = 1_000
    /// The runs of one measurement and their steps.
    private static let runs = 2_000
    private static let steps = 5
    private static let rounds = 5
    /// How far the bytes of a table may be from those of the engine's own: numbers differ in length.
    private static let tolerance = 0.002

    /// Of one step, in microseconds.
    private struct Cost {
        let wall: Double
        let processor: Double
    }

    private let scratch: Scratch
    private let program: String
    private let progress: Progress
    private let flows = RunFlows([
        "five": RunFlows.rules("five", steps: steps),
        FinishedFiller.flow: RunFlows.rules(FinishedFiller.flow, steps: 1),
    ])

    static func run(
        program: String,
        runs: Int,
        _ progress: Progress
    ) async throws -> Report {
        let benchmark = FinishedBenchmark(
            scratch: try Scratch(),
            program: program,
            progress: progress
        )
        let filler = try await benchmark.checkedFiller()
        let few = try await benchmark.workspace("few")
        let many = try await benchmark.workspace("many")
        try await filler.fill(few.storePath, with: Self.few, progress)
        let start = ContinuousClock.now
        try await filler.fill(many.storePath, with: runs, progress)
        let filled = Measure.microseconds(since: start) / 1e6
        let size = try File(many.storePath, for: .reading).size()
        return try await benchmark.measure(
            few,
            many,
            count: runs,
            [
                Figure("filling \(runs) finished runs", unit: "s", subject: filled),
                Figure(
                    "the store with them",
                    unit: "MB",
                    subject: Double(size) / Double(1 << 20)
                ),
            ]
        )
    }

    private init(scratch: Scratch, program: String, progress: Progress) {
        (self.scratch, self.program, self.progress) = (scratch, program, progress)
    }

    /// A workspace whose release is live.
    private func workspace(_ name: String) async throws -> BenchWorkspace {
        let workspace = try await BenchWorkspace(
            scratch,
            name,
            program: program,
            files: flows.files,
            bare: true
        )
        try workspace.promote()
        return workspace
    }

    // MARK: Filling as the engine would

    /// What fills stores, once a small store filled by it was found to be as one of an engine's.
    private func checkedFiller() async throws -> FinishedFiller {
        progress.show("finished: a small store, filled and made by the engine")
        let engine = try RunServer(scratch, try await workspace("engine"), flows)
        try engine.start(Self.compared, of: FinishedFiller.flow)
        try await engine.wait(completed: Self.compared, of: FinishedFiller.flow)
        let filler = try await FinishedFiller(like: engine, flows)
        let counts = Set(try await engine.store.stageCounts(nil).map { "\($0)" })
        await engine.end()
        let filled = try await workspace("filled")
        try await filler.fill(filled.storePath, with: Self.compared, progress)
        let served = try RunServer(scratch, filled, flows)
        let own = Set(try await served.store.stageCounts(nil).map { "\($0)" })
        await served.end()
        guard own == counts else { throw InvalidRun("counters of runs: \(own), not \(counts)") }
        try compare(
            try TableSize.all(of: filled.storePath),
            try TableSize.all(of: engine.workspace.storePath)
        )
        for (command, word) in [
            (["doctor", "--dry-run"], "nothing is wrong"), (["log", "verify"], ""),
        ] {
            let said = try filled.told(by: command)
            guard said.contains(word), !said.isEmpty else {
                throw InvalidRun("of a filled store '\(command)' says: \(said)")
            }
        }
        return filler
    }

    private func compare(
        _ filled: [String: TableSize],
        _ made: [String: TableSize]
    ) throws {
        // A counter that went back to none stays as a row; the counters were compared.
        for name in Set(filled.keys).union(made.keys).sorted() where name != "stage_counts" {
            guard let own = filled[name], let other = made[name], own.rows == other.rows,
                abs(Double(own.bytes - other.bytes)) <= Self.tolerance * Double(other.bytes) + 64
            else {
                throw InvalidRun(
                    "table \(name) was filled with \(filled[name].map { "\($0)" } ?? "nothing"), "
                        + "and the engine's own has \(made[name].map { "\($0)" } ?? "nothing")"
                )
            }
        }
    }

    // MARK: Measuring

    private func measure(
        _ few: BenchWorkspace,
        _ many: BenchWorkspace,
        count: Int,
        _ figures: [Figure]
    ) async throws -> Report {
        let floor = try RunServer(scratch, few, flows)
        let subject = try RunServer(scratch, many, flows)
        var floors: [Cost] = []
        var subjects: [Cost] = []
        // The first round is not counted: every page and thread is warm after it.
        for round in 0...Self.rounds {
            progress.show("finished: round \(round) of \(Self.rounds)")
            let one = try await cost(floor, done: round * Self.runs)
            let other = try await cost(subject, done: round * Self.runs)
            guard round > 0 else { continue }
            floors.append(one)
            subjects.append(other)
        }
        await floor.end()
        await subject.end()
        func figure(_ name: String, _ part: (Cost) -> Double) -> Figure {
            Figure(
                "a step, \(count) finished, of \(Self.few), \(name)",
                unit: "us",
                floor: median(floors.map(part)),
                subject: median(subjects.map(part)),
                ratio: median(zip(subjects, floors).map { part($0) / part($1) }),
                goal: .ratioAtMost(1.25)
            )
        }
        return Report(
            figures: figures + [
                figure("wall", \.wall), figure("processor of serve", \.processor),
            ]
        )
    }

    private func cost(_ server: RunServer, done: Int) async throws -> Cost {
        let before = try server.served.child.processorSeconds()
        let start = ContinuousClock.now
        try server.start(Self.runs, of: "five")
        try await server.wait(completed: done + Self.runs, of: "five")
        let wall = Measure.microseconds(since: start)
        let processor = try server.served.child.processorSeconds() - before
        let count = Double(Self.runs * Self.steps)
        return Cost(wall: wall / count, processor: processor * 1e6 / count)
    }
}
