internal import Expressions
internal import Platform
internal import Values

/// The same conditions through the CEL packages that Python programs use, in the same run.
///
/// What a call through Python takes is not counted against them: the time of `true` over the same
/// input is taken off.
enum PythonBenchmark {
    private static let script = "Scripts/bench_cel.py"

    private struct Package {
        let name: String
        /// One for each case; nothing where the package cannot evaluate it.
        let nanoseconds: [Double?]
    }

    static func figures(python: String) throws -> [Figure] {
        let cases = ConditionCase.published + ConditionCase.typical
        let packages = try packages(python, cases)
        return try cases.enumerated().flatMap { index, condition in
            let own = try condition.measured()
            return packages.compactMap { package -> Figure? in
                guard let nanoseconds = package.nanoseconds[index] else { return nil }
                return Figure(
                    "\(condition.name), \(package.name)",
                    unit: "ns",
                    floor: nanoseconds,
                    subject: own.subject,
                    goal: .ratioAtMost(1)
                )
            }
        }
    }

    private static func packages(
        _ python: String,
        _ cases: [ConditionCase]
    ) throws -> [Package] {
        let scratch = try Scratch()
        let path = scratch.path + "/cases.json"
        let written = JSON.array(
            cases.map {
                [
                    "text": .string($0.text), "input": $0.input,
                    "holds": .bool($0.expected == .holds),
                ]
            }
        )
        try File(path, for: .creating).write(Array(written.compactText.utf8))
        let child = try Child([python, script, path], errors: scratch.path + "/errors")
        let told = try JSON.read(try child.said(upTo: "\n"))
        child.end()
        return try (told.array ?? []).map { package in
            guard let name = package["name"]?.string, let figures = package["figures"]?.array,
                figures.count == cases.count
            else { throw InvalidRun("\(script) said \(told.compactText)") }
            for (figure, condition) in zip(figures, cases) {
                guard let reason = figure["left_out"]?.string else { continue }
                Process.write("left out: \(condition.name), \(name): \(reason)\n", to: .error)
            }
            return Package(name: name, nanoseconds: figures.map { $0["nanoseconds"]?.number })
        }
    }
}
