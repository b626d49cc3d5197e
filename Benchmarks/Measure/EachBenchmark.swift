/// What an item of an `each` costs in one of thousands, against one of ten: as many items, rules
/// decisions all of them.
struct EachBenchmark {
    private static let items = 10_000
    private static let few = 10
    private static let rounds = 3

    private static let flow = """
        flow: listed
        input: {amounts(array): number}
        steps:
          - id: all
            each:
              in: input.amounts
              as: amount
              limit: 256
              do:
                - id: one
                  decide: bench-steps
                  with: {message: "The parcel came late, what now?", amount: "${{ amount }}"}

        """

    /// Of one item.
    private struct Cost {
        let wall: Double
        let processor: Double
    }

    private let server: RunServer
    private var expected = 0

    static func run(program: String, _ progress: Progress) async throws -> Report {
        let scratch = try Scratch()
        let server = try await RunServer(
            scratch,
            "each",
            program: program,
            RunFlows(["listed": flow])
        )
        var benchmark = EachBenchmark(server: server)
        // Until every page and thread is warm.
        _ = try await benchmark.cost(runs: 20, of: few)
        var floors: [Cost] = []
        var subjects: [Cost] = []
        for round in 1...rounds {
            progress.show("each: round \(round) of \(rounds)")
            floors.append(try await benchmark.cost(runs: items / few, of: few))
            subjects.append(try await benchmark.cost(runs: 1, of: items))
        }
        await server.end()
        func figure(_ name: String, _ part: (Cost) -> Double) -> Figure {
            Figure(
                "an item of \(items), of one of \(few), \(name)",
                unit: "us",
                floor: median(floors.map(part)),
                subject: median(subjects.map(part)),
                ratio: median(zip(subjects, floors).map { part($0) / part($1) }),
                goal: .ratioAtMost(1.2)
            )
        }
        return Report(figures: [
            figure("wall", \.wall), figure("processor of serve", \.processor),
        ])
    }

    private init(server: RunServer) { self.server = server }

    /// Has so many runs with so many items done.
    private mutating func cost(runs: Int, of items: Int) async throws -> Cost {
        let amounts = (0..<items).map { "\($0 % 40)" }.joined(separator: ",")
        let before = try server.served.child.processorSeconds()
        let start = ContinuousClock.now
        try server.start(runs, of: "listed", input: #"{"amounts":[\#(amounts)]}"#)
        expected += runs
        try await server.wait(completed: expected, of: "listed")
        let wall = Measure.microseconds(since: start)
        let processor = try server.served.child.processorSeconds() - before
        let count = Double(runs * items)
        return Cost(wall: wall / count, processor: processor * 1e6 / count)
    }
}
