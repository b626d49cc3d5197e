/// Memory, start and speed of `serve` with much waiting and much stored.
struct LargeBenchmark {
    private static let small = 10_000
    private static let startSize = 1_000_000
    private static let starts = 5
    private static let rounds = 5

    private let scratch: Scratch
    private let program: String
    private let progress: Progress
    private let waiting: Int
    private var first = 0
    private var report = Report()

    /// `decisions` is how many the largest store holds, `waiting` how many requests wait at once.
    static func run(
        program: String,
        decisions: Int,
        waiting: Int,
        _ progress: Progress
    ) async throws -> Report {
        var benchmark = LargeBenchmark(
            scratch: try Scratch(),
            program: program,
            waiting: waiting,
            progress: progress
        )
        try await benchmark.measureMemory()
        try await benchmark.measureStored(decisions)
        return benchmark.report
    }

    private init(scratch: Scratch, program: String, waiting: Int, progress: Progress) {
        (self.scratch, self.program, self.progress) = (scratch, program, progress)
        self.waiting = waiting
    }

    // MARK: Memory

    private mutating func measureMemory() async throws {
        let workspace = try await BenchWorkspace(scratch, "memory", program: program)
        let served = try workspace.serve()
        defer { served.child.end() }
        try ready(served.port)
        figure("serve idle", "MB", try served.child.memory().now, .under(40))
        var rules = Load(
            port: served.port,
            connections: 64,
            request: workspace.rulesRequest(inputBytes: 200),
            seconds: 2
        )
        var alone = Rounds()
        try alone.add(rules, served.child, &first)
        figure("serve after a load of 64 conn", "MB", try served.child.memory().now, nil)
        progress.show("memory: \(waiting) wait for a person")
        var people = Load(
            port: served.port,
            connections: waiting,
            request: workspace.decide(
                "bench-person",
                #"{"message":"The parcel \#(Load.number) came late, what now?"}"#,
                wait: 60
            ),
            seconds: 60
        )
        (people.most, people.patience) = (waiting, 90)
        // Beside those who wait, on a thread of its own.
        let start = first
        async let waited = Self.run(people, from: start)
        first += waiting
        try await ContinuousClock().sleep(for: .seconds(20))
        rules.seconds = 5
        var beside = Rounds()
        try beside.add(rules, served.child, &first)
        let memory = try served.child.memory()
        let result = try HTTPBenchmark.valid(await waited)
        guard result.accepted == waiting, result.microseconds(at: 0.01) > 30_000_000 else {
            throw InvalidRun("not all of \(waiting) requests waited: \(result.accepted)")
        }
        figure("\(waiting) wait for a person", "MB", memory.most, .under(200))
        report.add(
            Report(
                figures: [
                    Figure(
                        "rules, 64 conn, beside them",
                        unit: "a second",
                        floor: alone.rate,
                        subject: beside.rate
                    )
                ],
                loads: [
                    try alone.row("rules, 64 conn, nobody waits"),
                    try beside.row("rules, 64 conn, \(waiting) wait"),
                ]
            )
        )
    }

    @concurrent
    private static func run(_ load: Load, from first: Int) async -> LoadResult {
        var first = first
        return load.run(from: &first)
    }

    private mutating func figure(_ name: String, _ unit: String, _ value: Double, _ goal: Goal?) {
        report.add(Report(figures: [Figure(name, unit: unit, subject: value, goal: goal)]))
    }

    // MARK: Much stored

    private mutating func measureStored(_ decisions: Int) async throws {
        let few = try await BenchWorkspace(scratch, "few", program: program)
        let many = try await BenchWorkspace(scratch, "many", program: program)
        var fewFiller = StoreFiller(few, progress)
        var manyFiller = StoreFiller(many, progress)
        try await fewFiller.fill(to: Self.small)
        let startSize = min(Self.startSize, decisions)
        try await manyFiller.fill(to: startSize)
        try measureStarts(many, "\(startSize)")
        try await manyFiller.fill(to: decisions)
        let (floor, subject) = (try few.serve(), try many.serve())
        defer {
            floor.child.end()
            subject.child.end()
        }
        var load = Load(
            port: floor.port,
            connections: 64,
            request: few.rulesRequest(inputBytes: 200),
            seconds: 3
        )
        var floors = Rounds()
        var subjects = Rounds()
        for round in 1...Self.rounds {
            progress.show("stored: round \(round) of \(Self.rounds)")
            (load.port, load.request) = (floor.port, few.rulesRequest(inputBytes: 200))
            try floors.add(load, floor.child, &first)
            (load.port, load.request) = (subject.port, many.rulesRequest(inputBytes: 200))
            try subjects.add(load, subject.child, &first)
        }
        let ratios = zip(subjects.results, floors.results).map { $0.rate / $1.rate }
        report.add(
            Report(
                figures: [
                    Figure(
                        "rules, 64 conn, \(decisions) stored",
                        unit: "a second",
                        floor: floors.rate,
                        subject: subjects.rate,
                        ratio: median(ratios),
                        goal: .ratioAtLeast(0.8)
                    )
                ],
                loads: [
                    try floors.row("rules, 64 conn, \(Self.small) stored"),
                    try subjects.row("rules, 64 conn, \(decisions) stored"),
                ]
            )
        )
    }

    /// From the program's start to its first good answer that it is ready.
    private mutating func measureStarts(_ workspace: BenchWorkspace, _ size: String) throws {
        var times: [Double] = []
        for _ in 0..<Self.starts {
            let start = ContinuousClock.now
            let served = try workspace.serve()
            try ready(served.port)
            times.append(Measure.microseconds(since: start) / 1_000)
            served.child.end()
        }
        figure("ready with \(size) stored", "ms", median(times), .under(200))
    }

    private func ready(_ port: UInt16) throws {
        var load = Load(port: port, request: Load.request("GET", "/readyz", body: ""))
        load.most = 1
        var first = 0
        _ = try HTTPBenchmark.valid(load.run(from: &first))
    }
}
