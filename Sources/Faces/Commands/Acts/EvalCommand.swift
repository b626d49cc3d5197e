internal import Expressions
internal import Platform
internal import Values

/// `stepgate eval`: what an expression comes to, without a workspace.
enum EvalCommand {
    static let specification = CommandSpecification(
        "eval",
        "Evaluates a CEL expression over an input, and tells its type, value and cost.",
        arguments: ["EXPR"],
        options: [
            OptionSpecification("--input", "FILE", "`input` as JSON; - for standard input"),
            OptionSpecification(
                "--schema",
                "FILE",
                "JSON Schema or Picoschema of the input (default: any value)"
            ),
            OptionSpecification("--var", "NAME=JSON", "a further variable; may be repeated"),
            OptionSpecification("--now", "TIME", "what `now` is (default: this machine's time)"),
            OptionSpecification(
                "--limit",
                "STEPS",
                "steps it may take (default and most: \(Expressions.Limits.cost))"
            ),
            OptionSpecification("--explain", nil, "tell what each operand came to"),
        ],
        examples: [
            "stepgate eval 'input.amount > 100' --input order.json --schema order.yaml --explain",
            "stepgate eval 'input.tier in tiers' --input - --var 'tiers=[\"gold\"]' --json",
            "stepgate eval \"now.getDayOfWeek('Europe/Berlin') in [0, 6]\"",
        ],
        run: run
    )

    private static func run(_ call: Invocation) async throws -> ExitCode {
        let terminal = Terminal.standard
        let input = try EvalInput(call)
        if let input, !input.failures.isEmpty {
            tell(input.failures, of: input, call, terminal)
            return .badLines
        }
        for warning in input?.schema?.warnings ?? [] { terminal.note(warning.rendered) }
        let question = try EvalQuestion(
            call,
            text: call.arguments[0],
            input: input,
            now: SystemClock().now
        )
        let explains = call.has("--explain")
        let report: EvalReport
        do throws(Diagnostics) {
            report = try question.answer(explaining: explains, zones: System.zone)
        } catch {
            tell(error, call, terminal)
            return .refused
        }
        if call.wantsJSON {
            terminal.print(report.json(explaining: explains))
        } else {
            for line in report.lines(explaining: explains, width: terminal.width) {
                terminal.print(line)
            }
            if let failure = report.failure { terminal.note(failure.rendered) }
        }
        return report.failure == nil ? .success : .refused
    }

    private static func tell(_ mistakes: Diagnostics, _ call: Invocation, _ terminal: Terminal) {
        if call.wantsJSON {
            terminal.print(["diagnostics": .array(mistakes.list.map(\.json))])
            return
        }
        terminal.note(mistakes.rendered)
        if call["--input"] == nil {
            terminal.note("\nThere is no `input` without --input FILE; - is standard input.")
        }
    }

    private static func tell(
        _ failures: [SchemaFailure],
        of input: EvalInput,
        _ call: Invocation,
        _ terminal: Terminal
    ) {
        if call.wantsJSON {
            terminal.print(["failures": .array(failures.map(\.told))])
            return
        }
        terminal.note("\(input.name) does not fit the schema:")
        for failure in failures {
            let place = failure.schemaPointer.isEmpty ? "its root" : failure.schemaPointer
            terminal.note("  \(failure) (schema: \(place))")
        }
    }
}

extension SchemaFailure {
    fileprivate var told: JSON {
        [
            "pointer": .string(pointer.description), "message": .string(message),
            "keyword": .string(keyword), "schema_pointer": .string(schemaPointer),
        ]
    }
}
