internal import Platform
internal import Runs
internal import Storage
internal import Values

/// Memory, threads, start, wakes and what is stuck, with very many runs that wait, against few.
struct ParkedBenchmark {
    private static let few = 10_000
    private static let wakes = 2_000
    private static let starts = 3
    private static let looks = 20

    private let scratch: Scratch
    private let program: String
    private let progress: Progress
    private let flows = RunFlows(["parked": ParkedFiller.flow])

    /// What was found with so many runs.
    private struct Found {
        let count: Int
        /// Milliseconds until it was ready, of each start.
        var ready: [Double] = []
        /// Megabytes once it was.
        var memory: [Double] = []
        /// After all that was asked of it.
        var mostMemory = 0.0
        var threads = 0
        /// Milliseconds from each callback's request to the transition that took it, and to the next
        /// step's own.
        var taken: [Double] = []
        var woken: [Double] = []
        var event = 0.0
        var stuck: [Double] = []
        var rows = 0
        var command: [Double] = []
        var load: LoadRow?
    }

    static func run(
        program: String,
        runs: Int,
        _ progress: Progress
    ) async throws -> Report {
        let benchmark = ParkedBenchmark(
            scratch: try Scratch(),
            program: program,
            progress: progress
        )
        let few = try await benchmark.measure(few)
        return benchmark.report(few, try await benchmark.measure(runs))
    }

    private init(scratch: Scratch, program: String, progress: Progress) {
        (self.scratch, self.program, self.progress) = (scratch, program, progress)
    }

    private func report(_ few: Found, _ many: Found) -> Report {
        func figure(
            _ name: String,
            _ unit: String,
            _ goal: Goal?,
            _ value: (Found) -> Double
        ) -> Figure {
            Figure(
                "\(name), \(many.count) parked",
                unit: unit,
                floor: value(few),
                subject: value(many),
                goal: goal
            )
        }
        return Report(
            figures: [
                figure("ready", "ms", .under(5_000)) { median($0.ready) },
                figure("memory once ready", "MB", .under(300)) { median($0.memory) },
                figure("memory, the most", "MB", .under(300)) { $0.mostMemory },
                figure("threads", "", .ratioAtMost(1)) { Double($0.threads) },
                figure("wake, p50", "ms", nil) { value($0.woken, at: 0.5) },
                figure("wake, p99", "ms", .under(50)) { value($0.woken, at: 0.99) },
                figure("wake, max", "ms", nil) { value($0.woken, at: 1) },
                figure("callback taken, p99", "ms", nil) { value($0.taken, at: 0.99) },
                figure("event for one of those that wait for it", "ms", nil) { $0.event },
                figure("stuck view, \(many.rows) rows, p50", "ms", .under(50)) { median($0.stuck) },
                figure("stuck view, \(many.rows) rows, max", "ms", .under(50)) {
                    value($0.stuck, at: 1)
                },
                figure("'stepgate stuck --json'", "ms", nil) { median($0.command) },
            ],
            loads: [few.load, many.load].compactMap { $0 }
        )
    }

    // MARK: Measuring

    private func measure(_ count: Int) async throws -> Found {
        var found = Found(count: count)
        let workspace = try await BenchWorkspace(
            scratch,
            "parked-\(count)",
            program: program,
            files: flows.files,
            bare: true
        )
        let parked = try await ParkedFiller(workspace, flows, progress).park(
            count,
            choosing: Self.wakes
        )
        try workspace.promote()
        try measureStarts(workspace, &found)
        let server = try RunServer(scratch, workspace, flows)
        try Self.ready(server.served.port)
        try await measureWakes(server, parked, &found)
        try measureEvent(server, &found)
        try measureStuck(server, &found)
        found.threads = try server.served.child.threads()
        found.mostMemory = try server.served.child.memory().most
        await server.end()
        try measureCommand(workspace, &found)
        return found
    }

    // MARK: Start

    /// From the program's start to its first answer that it is ready.
    private func measureStarts(_ workspace: BenchWorkspace, _ found: inout Found) throws {
        for round in 1...Self.starts {
            progress.show("parked: start \(round) of \(Self.starts)")
            let start = ContinuousClock.now
            let served = try workspace.start()
            try Self.ready(served.port)
            found.ready.append(Measure.microseconds(since: start) / 1_000)
            found.memory.append(try served.child.memory().now)
            served.child.end()
        }
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

    /// Calls runs back one after the other.
    private func measureWakes(
        _ server: RunServer,
        _ parked: [ParkedFiller.Parked],
        _ found: inout Found
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
        let result = LoadResult(
            nanoseconds: answers,
            seconds: Measure.microseconds(since: start) / 1e6,
            processorSeconds: Threads.processorSeconds - own
        )
        found.load = LoadRow(
            name: "callbacks, \(found.count) parked",
            result: result,
            serverSeconds: try server.served.child.processorSeconds() - before
        )
        try await server.wait(completed: parked.count, of: "parked")
        for (run, at) in asked {
            let ends = try await server.history(run).filter {
                if case .succeeded = $0.event { true } else { false }
            }
            guard ends.count == 2 else {
                throw InvalidRun("run \(run) has \(ends.count) steps done")
            }
            found.taken.append((ends[0].at - at) / .milliseconds(1))
            found.woken.append((ends[1].at - at) / .milliseconds(1))
        }
    }

    /// An event that one of many waits for: all of them are asked whether it is theirs.
    private func measureEvent(_ server: RunServer, _ found: inout Found) throws {
        progress.show("parked: an event")
        let connection = try Connection(port: server.served.port)
        let request = Load.request(
            "POST",
            "/v1/events",
            headers: ["Authorization: Bearer \(server.workspace.secret)"],
            body: #"{"specversion":"1.0","id":"1","source":"bench","type":"bench.told","data":"#
                + #"{"number":0}}"#
        )
        let start = ContinuousClock.now
        let answer = try JSON.read(try connection.exchange(request))
        found.event = Measure.microseconds(since: start) / 1_000
        guard answer["taken"]?.integer == 1 else {
            throw InvalidRun("the event was answered \(answer.compactText)")
        }
    }

    // MARK: What is stuck

    private func measureStuck(_ server: RunServer, _ found: inout Found) throws {
        progress.show("parked: what is stuck")
        let connection = try Connection(port: server.served.port)
        let request = Load.request(
            "GET",
            "/v1/runs?flow=parked&stage=approval&over=2h&sort=stage",
            headers: ["Authorization: Bearer \(server.workspace.operatorSecret)"],
            body: ""
        )
        for _ in 0..<Self.looks {
            let start = ContinuousClock.now
            let answer = try connection.exchange(request)
            found.stuck.append(Measure.microseconds(since: start) / 1_000)
            found.rows = try JSON.read(answer)["runs"]?.array?.count ?? 0
            guard found.rows > 0 else { throw InvalidRun("nothing is stuck") }
        }
    }

    /// The same on the command line, with the program's start and a look at each run's steps.
    private func measureCommand(_ workspace: BenchWorkspace, _ found: inout Found) throws {
        let command = [
            "stuck", "--flow", "parked", "--stage", "approval", "--over", "2h", "--json",
        ]
        for _ in 0..<5 {
            let start = ContinuousClock.now
            let said = try workspace.told(by: command)
            found.command.append(Measure.microseconds(since: start) / 1_000)
            guard try !(JSON.read(Array(said.utf8)).array ?? []).isEmpty else {
                throw InvalidRun("'stepgate stuck' says that nothing is stuck")
            }
        }
    }
}
