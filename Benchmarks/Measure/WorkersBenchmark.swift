/// Steps that external workers claim and complete over HTTP, against the same rows written bare.
struct WorkersBenchmark {
    private static let runs = 2_000
    private static let steps = 5
    private static let rounds = 3
    /// Fewer leave commits small, more meet each other at the same steps.
    static let threads = [16, 64]

    static func run(program: String, _ progress: Progress) async throws -> Report {
        let scratch = try Scratch()
        let server = try await RunServer(
            scratch,
            "workers",
            program: program,
            RunFlows(["worked": RunFlows.work("worked", steps: steps)])
        )
        var report = Report()
        var expected = 0
        for threads in Self.threads {
            var rounds = WorkerRounds()
            for round in 1...Self.rounds {
                progress.show("workers: \(threads), round \(round) of \(Self.rounds)")
                try server.start(runs, of: "worked")
                try rounds.add(server, threads: threads, steps: runs * steps)
                expected += runs
                try await server.wait(completed: expected, of: "worked")
            }
            progress.show("workers: the same rows bare")
            let written = try await server.newest(runs, of: "worked")
            let seconds = try BareTransitions.seconds(
                try await server.transitions(written),
                at: scratch.path + "/floor-\(threads).db"
            )
            report.add(
                Report(
                    figures: [
                        Figure(
                            "steps by \(threads) workers over HTTP",
                            unit: "a second",
                            floor: Double(runs * steps) / seconds,
                            subject: rounds.rate,
                            goal: .atLeast(3_000)
                        )
                    ],
                    loads: try rounds.rows("\(threads) workers")
                )
            )
        }
        await server.end()
        return report
    }
}

/// Workers who do all there is, again and again.
struct WorkerRounds {
    private var results: [Workers.Result] = []
    private var serverSeconds = 0.0

    /// Has so many steps done that are there, or will be.
    mutating func add(_ server: RunServer, threads: Int, steps: Int) throws {
        let before = try server.served.child.processorSeconds()
        let workers = Workers(
            port: server.served.port,
            secret: server.workspace.secret,
            threads: threads
        )
        results.append(try workers.run(Workers.Tally(total: steps)))
        serverSeconds += try server.served.child.processorSeconds() - before
    }

    var rate: Double { median(results.map(\.rate)) }

    /// Claims and completions of all rounds; the server's share is for both together.
    func rows(_ name: String) throws -> [LoadRow] {
        guard var claims = results.first?.claims, var ends = results.first?.completions else {
            throw InvalidRun("\(name) never worked")
        }
        for result in results.dropFirst() {
            claims.add(result.claims)
            ends.add(result.completions)
        }
        return [
            LoadRow(name: "\(name): claims", result: claims, serverSeconds: serverSeconds),
            LoadRow(name: "\(name): completions", result: ends, serverSeconds: serverSeconds),
        ]
    }
}
