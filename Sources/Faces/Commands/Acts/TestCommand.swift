internal import Autonomy
internal import Documents
internal import Values

/// `stepgate test`: runs the cases beside the policies, without any model.
enum TestCommand {
    static let specification = CommandSpecification(
        "test",
        "Runs the cases of Policies/NAME.cases.yaml: what must become of which step.",
        options: [OptionSpecification("--policy", "NAME", "only of that policy")],
        examples: ["stepgate test", "stepgate test --policy message-triage --json"],
        run: run
    )

    private static let ending = ".cases.yaml"

    private struct Outcome {
        var passed = 0
        var failed: [(policy: String, name: String)] = []
        var diagnostics: [Diagnostic] = []
    }

    private static func run(_ call: Invocation) async throws -> ExitCode {
        let opened = try OpenWorkspace(call)
        if let wanted = call["--policy"] { _ = try opened.policy(wanted) }
        var outcome = Outcome()
        for path in opened.files.files.keys.sorted()
        where path.hasPrefix("Policies/") && path.hasSuffix(ending) {
            let name = String(path.dropFirst("Policies/".count).dropLast(ending.count))
            if let wanted = call["--policy"], wanted != name { continue }
            try run(path, of: try opened.policy(name), opened, &outcome)
        }
        return report(outcome, call)
    }

    private static func run(
        _ path: String,
        of policy: Policy,
        _ opened: OpenWorkspace,
        _ outcome: inout Outcome
    ) throws {
        let source = try SourceText.decoding(name: path, bytes: opened.files.files[path] ?? [])
        let (cases, diagnostics) = CaseReader.read(try YAMLReader().read(source))
        outcome.diagnostics += diagnostics
        for each in cases {
            let found = policy.failures(of: each, now: SystemClock().now)
            outcome.diagnostics += found
            if found.isEmpty {
                outcome.passed += 1
            } else {
                outcome.failed.append((policy.name, each.name))
            }
        }
    }

    private static func report(_ outcome: Outcome, _ call: Invocation) -> ExitCode {
        let terminal = Terminal.standard
        let isGood = outcome.diagnostics.isEmpty
        if call.wantsJSON {
            terminal.print(
                [
                    "ok": .bool(isGood), "passed": .int(Int64(outcome.passed)),
                    "failed": .array(
                        outcome.failed.map {
                            ["policy": .string($0.policy), "name": .string($0.name)]
                        }
                    ),
                    "diagnostics": .array(outcome.diagnostics.map { .string($0.rendered) }),
                ]
            )
            return isGood ? .success : .refused
        }
        for diagnostic in outcome.diagnostics { terminal.print(diagnostic.rendered + "\n") }
        let total = outcome.passed + outcome.failed.count
        if total == 0, isGood {
            terminal.print("no cases: write some into Policies/NAME.cases.yaml")
            return .success
        }
        let counts = "\(outcome.passed) of \(total) cases passed"
        terminal.print(isGood ? terminal.green(counts) : terminal.red(counts))
        return isGood ? .success : .refused
    }
}
