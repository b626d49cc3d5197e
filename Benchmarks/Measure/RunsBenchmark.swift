/// Steps of runs that rules decide, each its own transition with history row and decision, against
/// the same rows written bare.
enum RunsBenchmark {
    private static let runs = 4_000
    private static let steps = 5

    static func run(program: String, _ progress: Progress) async throws -> Report {
        let scratch = try Scratch()
        let server = try await RunServer(
            scratch,
            "runs",
            program: program,
            RunFlows(["five": RunFlows.rules("five", steps: steps)])
        )
        let start = ContinuousClock.now
        try server.start(runs, of: "five")
        try await server.wait(completed: runs, of: "five")
        let rate = Double(runs * steps) / (Measure.microseconds(since: start) / 1e6)
        server.served.child.end()
        let transitions = try await server.transitions(try await server.newest(runs, of: "five"))
        await server.end()
        progress.show("runs: the same rows bare")
        let seconds = try BareTransitions.seconds(transitions, at: scratch.path + "/floor.db")
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
}
