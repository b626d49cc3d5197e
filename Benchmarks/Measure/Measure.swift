internal import CLoad
internal import Platform
internal import Values

/// Measures what the product promises of its speed, as ratios against floors of the same run.
package enum Measure {
    /// The parts of the quick tier, in their order.
    private static let parts = [
        "cel", "cel-python", "schema", "rules", "runs", "workers", "handover", "each", "model",
        "http", "model-http",
    ]
    /// Those with much stored.
    private static let largeParts = ["large", "parked", "finished"]

    private struct Options {
        var parts = Measure.parts
        var json: String?
        var decisions = 10_000_000
        var waiting = 10_000
        var parked = 1_000_000
        var finished = 10_000_000
        /// Beside this program.
        var program = "stepgate"
        /// An interpreter that has the CEL packages; nothing where it cannot be had.
        var python: String?
    }

    /// Runs what the arguments name, prints tables, and gives the process's exit code: 1 where a
    /// run was worth nothing, 2 where the arguments are.
    package static func run(_ arguments: [String]) async -> Int32 {
        if arguments.first == FloorServer.argument { return stepgate_floor_serve(2) }
        let options: Options
        do {
            options = try read(arguments)
        } catch {
            Process.write("bench: \(error)\n", to: .error)
            return 2
        }
        Process.raiseFileLimit()
        do {
            var report = Report()
            for part in options.parts {
                report.add(try await measure(part, options, Progress()))
            }
            Process.write(report.text, to: .output)
            if let path = options.json {
                try Folder.remove(path)
                try File(path, for: .creating).write(Array((report.json.prettyText + "\n").utf8))
            }
            return 0
        } catch {
            Process.write("bench: \(error)\n", to: .error)
            return 1
        }
    }

    private static func measure(
        _ part: String,
        _ options: Options,
        _ progress: Progress
    ) async throws -> Report {
        defer { progress.finish() }
        progress.show(part)
        switch part {
        case "cel": return Report(figures: try ConditionBenchmark.figures())
        case "cel-python":
            guard let python = options.python else {
                Process.write("cel-python: skipped, there is no --python PATH\n", to: .error)
                return Report()
            }
            return Report(figures: try PythonBenchmark.figures(python: python))
        case "schema": return Report(figures: try SchemaBenchmark.figures())
        case "rules": return Report(figures: try await RulesBenchmark.figures())
        case "runs": return try await RunsBenchmark.run(program: options.program, progress)
        case "workers": return try await WorkersBenchmark.run(program: options.program, progress)
        case "handover": return try await HandoverBenchmark.run(program: options.program, progress)
        case "each": return try await EachBenchmark.run(program: options.program, progress)
        case "model": return Report(figures: try await ModelBenchmark.figures())
        case "http": return try await HTTPBenchmark.run(program: options.program, progress)
        case "model-http":
            return try await ModelHTTPBenchmark.run(program: options.program, progress)
        default: return try await measureLarge(part, options, progress)
        }
    }

    private static func measureLarge(
        _ part: String,
        _ options: Options,
        _ progress: Progress
    ) async throws -> Report {
        switch part {
        case "large":
            return try await LargeBenchmark.run(
                program: options.program,
                decisions: options.decisions,
                waiting: options.waiting,
                progress
            )
        case "parked":
            return try await ParkedBenchmark.run(
                program: options.program,
                runs: options.parked,
                progress
            )
        case "finished":
            return try await FinishedBenchmark.run(
                program: options.program,
                runs: options.finished,
                progress
            )
        default: throw InvalidRun("there is no part '\(part)'")
        }
    }

    private static func read(_ arguments: [String]) throws -> Options {
        var options = Options()
        let own = CommandLine.arguments[0]
        options.program =
            own.dropLast(
                own.count
                    - (own.lastIndex(of: "/").map {
                        own.distance(from: own.startIndex, to: $0) + 1
                    } ?? 0)
            ) + "stepgate"
        var rest = arguments[...]
        func value(_ name: String) throws -> String {
            guard let value = rest.popFirst() else { throw InvalidRun("\(name) needs a value") }
            return value
        }
        func number(_ name: String, atLeast least: Int) throws -> Int {
            guard let number = Int(try value(name)), number >= least else {
                throw InvalidRun("\(name) takes a number from \(least) up")
            }
            return number
        }
        while let name = rest.popFirst() {
            switch name {
            case "--json": options.json = try value(name)
            case "--large": options.parts = largeParts
            case "--only": options.parts = try value(name).split(separator: ",").map(String.init)
            case "--stepgate": options.program = try value(name)
            case "--python": options.python = try value(name)
            case "--decisions": options.decisions = try number(name, atLeast: 20_000)
            case "--waiting": options.waiting = try number(name, atLeast: 1)
            case "--parked": options.parked = try number(name, atLeast: 10_000)
            case "--finished": options.finished = try number(name, atLeast: 20_000)
            default:
                throw InvalidRun(
                    "'\(name)' is not known; there are --json FILE, --large, --decisions N, "
                        + "--waiting N, --parked N, --finished N, --stepgate PATH, --python PATH "
                        + "and --only with some of " + (parts + largeParts).joined(separator: ",")
                )
            }
        }
        return options
    }

    static func microseconds(since start: ContinuousClock.Instant) -> Double {
        let taken = start.duration(to: .now).components
        return Double(taken.seconds) * 1e6 + Double(taken.attoseconds) / 1e12
    }

    /// Nanoseconds one call takes: the best of several rounds, which noise can only make worse.
    static func nanoseconds(_ count: Int, _ body: () -> Void) -> Double {
        var best = Double.infinity
        for _ in 0..<7 {
            let start = ContinuousClock.now
            for _ in 0..<count { body() }
            best = min(best, microseconds(since: start) * 1_000 / Double(count))
        }
        return best
    }
}
