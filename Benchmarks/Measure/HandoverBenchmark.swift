internal import Runs
internal import Storage
internal import Values

/// How long a run stands between one step's end and the next one's start, at half of the load that the
/// same server reached just before.
struct HandoverBenchmark {
    private static let steps = 5
    /// Runs by which is found what the server can do.
    private static let runs = 2_000
    private static let seconds = 8.0
    private static let threads = 16
    private static let connections = 64

    private let server: RunServer
    private let progress: Progress
    private var first = 0

    static func run(program: String, _ progress: Progress) async throws -> Report {
        let scratch = try Scratch()
        let server = try await RunServer(
            scratch,
            "handover",
            program: program,
            RunFlows([
                "five": RunFlows.rules("five", steps: steps),
                "worked": RunFlows.work("worked", steps: steps),
            ])
        )
        var benchmark = HandoverBenchmark(server: server, progress: progress)
        var report = try await benchmark.measureWorkers()
        report.add(try await benchmark.measureRules())
        await server.end()
        return report
    }

    private init(server: RunServer, progress: Progress) {
        (self.server, self.progress) = (server, progress)
    }

    // MARK: Workers

    private mutating func measureWorkers() async throws -> Report {
        progress.show("handover: what workers reach")
        var full = WorkerRounds()
        try server.start(Self.runs, of: "worked")
        try full.add(server, threads: Self.threads, steps: Self.runs * Self.steps)
        try await server.wait(completed: Self.runs, of: "worked")
        let load = self.load("worked", stepsASecond: full.rate / 2)
        progress.show("handover: workers at half of it")
        let workers = Workers(
            port: server.served.port,
            secret: server.workspace.secret,
            threads: Self.threads
        )
        let tally = Workers.Tally()
        async let working = Self.work(workers, tally)
        let starts: Rounds
        do {
            starts = try await started(load)
        } catch {
            tally.set(total: 0)
            throw error
        }
        let count = starts.results[0].answered
        tally.set(total: count * Self.steps)
        _ = try await working
        try await server.wait(completed: Self.runs + count, of: "worked")
        return try await report("workers", "worked", starts, count) { event in
            if case .claimed(let step, _, _, _) = event { step } else { nil }
        }
    }

    @concurrent
    private static func work(_ workers: Workers, _ tally: Workers.Tally) async throws {
        _ = try workers.run(tally)
    }

    // MARK: Rules

    private mutating func measureRules() async throws -> Report {
        progress.show("handover: what rules reach")
        let start = ContinuousClock.now
        try server.start(Self.runs, of: "five")
        try await server.wait(completed: Self.runs, of: "five")
        let seconds = Measure.microseconds(since: start) / 1e6
        let rate = Double(Self.runs * Self.steps) / seconds
        progress.show("handover: rules at half of it")
        let starts = try await started(load("five", stepsASecond: rate / 2))
        let count = starts.results[0].answered
        try await server.wait(completed: Self.runs + count, of: "five")
        return try await report("rules", "five", starts, count) { event in
            if case .succeeded(let step, _, _) = event { step } else { nil }
        }
    }

    // MARK: Both

    private func load(_ flow: String, stepsASecond: Double) -> Load {
        var load = Load(
            port: server.served.port,
            connections: Self.connections,
            request: server.startRequest(flow),
            seconds: Self.seconds
        )
        load.rate = stepsASecond / Double(Self.steps)
        return load
    }

    private mutating func started(_ load: Load) async throws -> Rounds {
        var rounds = Rounds()
        try rounds.add(load, server.served.child, &first)
        return rounds
    }

    /// From the histories of the newest runs: each step's end, and what `begins` the next.
    private func report(
        _ name: String,
        _ flow: String,
        _ starts: Rounds,
        _ count: Int,
        _ begins: (RunEvent) -> Int?
    ) async throws -> Report {
        var milliseconds: [Double] = []
        for run in try await server.newest(count, of: flow) {
            var ends: [Int: Instant] = [:]
            for event in try await server.history(run) {
                if let step = begins(event.event), let end = ends[step - 1] {
                    milliseconds.append((event.at - end) / .milliseconds(1))
                }
                if case .succeeded(let step, _, _) = event.event { ends[step] = event.at }
            }
        }
        guard milliseconds.count == count * (Self.steps - 1) else {
            throw InvalidRun("\(milliseconds.count) handovers in \(count) runs of \(flow)")
        }
        let rate = Int((starts.results[0].rate * Double(Self.steps)).rounded())
        func figure(_ share: String, _ place: Double, _ goal: Goal?) -> Figure {
            Figure(
                "to the next step, \(name), \(rate)/s, \(share)",
                unit: "ms",
                subject: value(milliseconds, at: place),
                goal: goal
            )
        }
        return Report(
            figures: [
                figure("p50", 0.5, nil), figure("p99", 0.99, .under(25)), figure("max", 1, nil),
            ],
            loads: [try starts.row("starts of runs, \(name), fixed rate")]
        )
    }
}
