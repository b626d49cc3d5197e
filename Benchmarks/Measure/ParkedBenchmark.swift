internal import Platform
internal import Runs
internal import Storage
internal import Values

/// Memory, threads, start, wakes and what is stuck, with very many runs that wait.
struct ParkedBenchmark {
    private static let wakes = 2_000
    private static let starts = 3
    private static let looks = 20

    private let count: Int
    private let scratch: Scratch
    private let progress: Progress
    private let flows = RunFlows(["parked": ParkedFiller.flow])
    private var report = Report()

    static func run(
        program: String,
        runs: Int,
        _ progress: Progress
    ) async throws -> Report {
        var benchmark = ParkedBenchmark(count: runs, scratch: try Scratch(), progress: progress)
        let none = try await benchmark.workspace("none", program)
        let many = try await benchmark.workspace("many", program)
        let parked = try await ParkedFiller(many, benchmark.flows, progress).park(
            runs,
            choosing: wakes
        )
        try many.promote()
        try benchmark.measureStarts(many)
        let idle = try RunServer(benchmark.scratch, none, benchmark.flows)
        let server = try RunServer(benchmark.scratch, many, benchmark.flows)
        try await benchmark.measure(server, idle, parked)
        await idle.end()
        await server.end()
        try benchmark.measureCommand(many)
        return benchmark.report
    }

    private init(count: Int, scratch: Scratch, progress: Progress) {
        (self.count, self.scratch, self.progress) = (count, scratch, progress)
    }

    private func workspace(_ name: String, _ program: String) async throws -> BenchWorkspace {
        try await BenchWorkspace(
            scratch,
            name,
            program: program,
            files: flows.files,
            bare: true
        )
    }

    private mutating func figure(
        _ name: String,
        _ unit: String,
        floor: Double = 0,
        _ value: Double,
        _ goal: Goal?
    ) {
        report.add(
            Report(figures: [Figure(name, unit: unit, floor: floor, subject: value, goal: goal)])
        )
    }

    private mutating func measure(
        _ server: RunServer,
        _ idle: RunServer,
        _ parked: [ParkedFiller.Parked]
    ) async throws {
        try Self.ready(idle.served.port)
        try Self.ready(server.served.port)
        try await measureWakes(server, parked)
        try measureEvent(server)
        try measureStuck(server)
        figure(
            "threads of serve, \(count) parked, of none",
            "",
            floor: Double(try idle.served.child.threads()),
            Double(try server.served.child.threads()),
            .ratioAtMost(1)
        )
        let memory = try server.served.child.memory()
        figure("serve, \(count) parked, after all that", "MB", memory.now, nil)
        figure("serve, \(count) parked, the most it had", "MB", memory.most, .under(300))
    }

    // MARK: Start

    /// From the program's start to its first answer that it is ready.
    private mutating func measureStarts(_ workspace: BenchWorkspace) throws {
        var times: [Double] = []
        var memory: [Double] = []
        for round in 1...Self.starts {
            progress.show("parked: start \(round) of \(Self.starts)")
            let start = ContinuousClock.now
            let served = try workspace.start()
            try Self.ready(served.port)
            times.append(Measure.microseconds(since: start) / 1_000)
            memory.append(try served.child.memory().now)
            served.child.end()
        }
        figure("ready with \(count) parked", "ms", median(times), .under(5_000))
        figure("serve, \(count) parked, once ready", "MB", median(memory), .under(300))
    }

    private static func ready(_ port: UInt16) throws {
        let connection = try Connection(port: port)
        let request = Load.request("GET", "/readyz", body: "")
        let start = ContinuousClock.now
        while try connection.answer(request).status != 200 {
            guard Measure.microseconds(since: start) < 60_000_000 else {
                throw InvalidRun("a server is not ready after a minute")
            }
        }
    }

    // MARK: Wakes

    /// Calls runs back one after the other; each is woken once its next step's transition is there.
    private mutating func measureWakes(
        _ server: RunServer,
        _ parked: [ParkedFiller.Parked]
    ) async throws {
        progress.show("parked: \(parked.count) wakes")
        let connection = try Connection(port: server.served.port)
        var asked: [Identifier: Instant] = [:]
        var answers: [UInt64] = []
        let before = try server.served.child.processorSeconds()
        let (own, start) = (Threads.processorSeconds, ContinuousClock.now)
        for place in parked {
            let request = Load.request("POST", "/v1/callbacks/\(place.token)", body: "{}")
            asked[place.run] = Process.now
            let began = ContinuousClock.now
            _ = try connection.exchange(request)
            answers.append(UInt64(Measure.microseconds(since: began) * 1_000))
        }
        let seconds = Measure.microseconds(since: start) / 1e6
        let result = LoadResult(
            nanoseconds: answers,
            seconds: seconds,
            processorSeconds: Threads.processorSeconds - own
        )
        let used = try server.served.child.processorSeconds() - before
        try await server.wait(completed: parked.count, of: "parked")
        let (taken, woken) = try await Self.milliseconds(server, asked)
        figure("wake, \(count) parked, p50", "ms", value(woken, at: 0.5), nil)
        figure("wake, \(count) parked, p99", "ms", value(woken, at: 0.99), .under(50))
        figure("wake, \(count) parked, max", "ms", value(woken, at: 1), nil)
        figure("callback taken, \(count) parked, p99", "ms", value(taken, at: 0.99), nil)
        report.add(
            Report(loads: [
                LoadRow(name: "callbacks, \(count) parked", result: result, serverSeconds: used)
            ])
        )
    }

    /// From the request to the transition that took it, and to the next step's own.
    private static func milliseconds(
        _ server: RunServer,
        _ asked: [Identifier: Instant]
    ) async throws -> (taken: [Double], woken: [Double]) {
        var taken: [Double] = []
        var woken: [Double] = []
        for (run, at) in asked {
            let ends = try await server.history(run).filter {
                if case .succeeded = $0.event { true } else { false }
            }
            guard ends.count == 2 else {
                throw InvalidRun("run \(run) has \(ends.count) steps done")
            }
            taken.append((ends[0].at - at) / .milliseconds(1))
            woken.append((ends[1].at - at) / .milliseconds(1))
        }
        return (taken, woken)
    }

    /// An event that one of many waits for: all of them are asked whether it is theirs.
    private mutating func measureEvent(_ server: RunServer) throws {
        let waiting = ParkedFiller.told(of: count)
        progress.show("parked: an event for one of \(waiting)")
        let connection = try Connection(port: server.served.port)
        let request = Load.request(
            "POST",
            "/v1/events",
            headers: ["Authorization: Bearer \(server.workspace.secret)"],
            body:
                #"{"specversion":"1.0","id":"1","source":"bench","type":"bench.told","data":{"number":0}}"#
        )
        let start = ContinuousClock.now
        let answer = try JSON.read(try connection.exchange(request))
        let taken = Measure.microseconds(since: start) / 1_000
        guard answer["taken"]?.integer == 1 else {
            throw InvalidRun("the event was answered \(answer.compactText)")
        }
        figure("event for one of \(waiting) that wait for its type", "ms", taken, nil)
    }

    // MARK: What is stuck

    private mutating func measureStuck(_ server: RunServer) throws {
        progress.show("parked: what is stuck")
        let connection = try Connection(port: server.served.port)
        let request = Load.request(
            "GET",
            "/v1/runs?flow=parked&stage=approval&over=2h&sort=stage",
            headers: ["Authorization: Bearer \(server.workspace.operatorSecret)"],
            body: ""
        )
        var times: [Double] = []
        var rows = 0
        for _ in 0..<Self.looks {
            let start = ContinuousClock.now
            let answer = try connection.exchange(request)
            times.append(Measure.microseconds(since: start) / 1_000)
            rows = try JSON.read(answer)["runs"]?.array?.count ?? 0
            guard rows > 0 else { throw InvalidRun("nothing is stuck") }
        }
        figure("stuck view, \(rows) rows of \(count) live, p50", "ms", median(times), .under(50))
        figure(
            "stuck view, \(rows) rows of \(count) live, max",
            "ms",
            value(times, at: 1),
            .under(50)
        )
    }

    /// The same on the command line, with the program's start and another look at each run's steps.
    private mutating func measureCommand(_ workspace: BenchWorkspace) throws {
        let command = [
            "stuck", "--flow", "parked", "--stage", "approval", "--over", "2h", "--json",
        ]
        var times: [Double] = []
        for _ in 0..<5 {
            let start = ContinuousClock.now
            let said = try workspace.told(by: command)
            times.append(Measure.microseconds(since: start) / 1_000)
            guard try !(JSON.read(Array(said.utf8)).array ?? []).isEmpty else {
                throw InvalidRun("'stepgate stuck' says that nothing is stuck")
            }
        }
        figure("'stepgate stuck --json', \(count) live", "ms", median(times), nil)
    }
}
