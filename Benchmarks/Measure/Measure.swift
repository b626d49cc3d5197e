internal import Platform
internal import Values

/// One figure beside its floor.
struct Figure {
    let name: String
    let unit: String
    /// 0 where there is none to compare with.
    let floor: Double
    let subject: Double
    /// From the heap, each time the subject runs; nothing where that was not counted.
    var allocations: Double?

    var ratio: Double { subject / floor }

    var json: JSON {
        [
            "name": .string(name), "unit": .string(unit),
            "floor": floor > 0 ? .double(floor) : .null,
            "subject": .double(subject), "ratio": floor > 0 ? .double(ratio) : .null,
            "allocations": allocations.map(JSON.double) ?? .null,
        ]
    }
}

/// Measures what the product promises of its speed, as ratios against floors of the same run.
package enum Measure {
    /// Runs every benchmark and prints a table, or JSON with `--json`.
    package static func run(_ arguments: [String]) async {
        do {
            let figures =
                try ConditionBenchmark.figures() + SchemaBenchmark.figures()
                + (try await RulesBenchmark.figures())
                + (try await ModelBenchmark.figures())
            if arguments.contains("--json") {
                Process.write(
                    JSON.array(figures.map(\.json)).compactText + "\n",
                    to: .output
                )
                return
            }
            for figure in figures {
                Process.write(
                    "\(figure.name): \(Self.shown(figure.subject)) \(figure.unit)"
                        + (figure.floor > 0
                            ? ", floor \(Self.shown(figure.floor)), ratio \(Self.shown(figure.ratio))"
                            : "")
                        + (figure.allocations.map { ", \(Self.shown($0)) allocations" } ?? "")
                        + "\n",
                    to: .output
                )
            }
        } catch {
            Process.write("bench: \(error)\n", to: .error)
        }
    }

    private static func shown(_ value: Double) -> String {
        JSON.ecmaScript(value < 100 ? (value * 100).rounded() / 100 : value.rounded())
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
            let taken = start.duration(to: .now).components
            best = min(
                best,
                (Double(taken.seconds) * 1e9 + Double(taken.attoseconds) / 1e9) / Double(count)
            )
        }
        return best
    }
}
