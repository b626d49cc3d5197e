internal import Engine
internal import Flows
internal import Platform
internal import Runs
internal import Storage
internal import StorageSQLite
internal import Values

/// `stepgate dead-letter …`: steps that failed for good, and how they go on.
enum DeadLetterCommand {
    static let specifications = [
        CommandSpecification(
            "dead-letter list",
            "Lists steps that failed for good and wait for somebody, the longest first.",
            options: [
                OptionSpecification("--flow", "NAME", "only of that flow"),
                OptionSpecification("--limit", "N", "at most so many (default: 50)"),
            ],
            examples: ["stepgate dead-letter list --flow onboarding"],
            run: list
        ),
        CommandSpecification(
            "dead-letter show",
            "Shows why a step failed, and the input it was tried with.",
            arguments: ["RUN", "STEP"],
            examples: ["stepgate dead-letter show 019a9f3e-1c2d mailbox"],
            run: show
        ),
        CommandSpecification(
            "dead-letter redrive",
            "Tries a step again that failed for good, with a mended input where one is given.",
            arguments: ["RUN", "STEP"],
            options: [RunActs.input, Person.option],
            examples: [
                #"stepgate dead-letter redrive 019a9f3e-1c2d mailbox --input '{"login": "ada"}'"#
            ],
            run: redrive
        ),
    ]

    private static func letters(
        _ call: Invocation,
        limit: Int,
        _ desk: RunDesk
    ) async throws -> [DeadLetter] {
        var letters: [DeadLetter] = []
        var after: StepPlace?
        repeat {
            let page = try await desk.deadLetters(
                flow: call["--flow"],
                after: after,
                limit: min(limit, Limits.page)
            )
            letters += page.letters
            after = page.next
        } while after != nil && letters.count < limit
        return Array(letters.prefix(limit))
    }

    private static func list(_ call: Invocation) async throws -> ExitCode {
        let limit = try call.number("--limit", in: 1...Limits.rows, default: 50)
        let opened = try OpenStore(call, mode: .reader)
        let letters = try await letters(call, limit: limit, opened.runDesk)
        if call.wantsJSON {
            Terminal.standard.print(.array(letters.map(\.json)))
            return .success
        }
        let now = Process.now
        var table = Table([
            .init("run", whole: true), .init("step", whole: true), .init("flow"), .init("stage"),
            .init("since", number: true), .init("tries", number: true), .init("failure"),
        ])
        for letter in letters {
            table.add([
                letter.view.run.id.description, letter.name ?? "?", letter.view.run.plan.flow,
                letter.view.run.stage ?? "", ReviewCommand.age(now - letter.step.since),
                "\(letter.step.attempt)",
                letter.view.missing ?? letter.step.failure.map { "\($0.kind): \($0.message)" }
                    ?? "",
            ])
        }
        for line in table.lines(width: Terminal.standard.width) { Terminal.standard.print(line) }
        return .success
    }

    private static func show(_ call: Invocation) async throws -> ExitCode {
        let opened = try OpenStore(call, mode: .reader)
        let id = try await RunArguments.run(call.arguments[0], opened)
        let desk = opened.runDesk
        let view = try await desk.view(id)
        guard let flow = view.flow else { throw CommandFailure.refused(view.missing ?? "") }
        let number = try RunArguments.step(call.arguments[1], of: flow)
        guard let step = view.run.active[number], step.state == .waiting(.person) else {
            throw CommandFailure.refused(
                "step '\(flow.steps[number].id)' of run \(id) waits for nobody to mend it; "
                    + "'stepgate dead-letter list' lists those that do"
            )
        }
        let letter = DeadLetter(view: view, step: step)
        let name = flow.steps[number].id
        let input = try await desk.input(of: letter) ?? .null
        if call.wantsJSON {
            guard let own = letter.json.object else { preconditionFailure("an object") }
            Terminal.standard.print(.object(own.setting("input", to: input)))
            return .success
        }
        let terminal = Terminal.standard
        terminal.print(terminal.bold("step \(name) of \(flow.name), run \(id)"))
        if let failure = step.failure {
            terminal.print("failed    \(failure.kind): \(failure.message)")
        }
        terminal.print(
            "since     \(step.since.rfc3339), after \(step.attempt) attempt\(step.attempt == 1 ? "" : "s")"
        )
        terminal.print("input     \(input.prettyText)")
        terminal.print("To go on: stepgate dead-letter redrive \(id) \(name) [--input JSON]")
        return .success
    }

    private static func redrive(_ call: Invocation) async throws -> ExitCode {
        try await RunActs.perform(call) { call, step in
            .retry(step: step, input: try RunArguments.json(call, "--input"))
        }
    }
}
