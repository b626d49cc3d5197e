internal import Engine
internal import Flows
internal import Platform
internal import Runs
internal import Storage
internal import StorageSQLite
internal import Values

/// `stepgate run pause|resume|cancel|restart|retry|skip|event`: what people do with runs.
enum RunActs {
    private static let id = "019a9f3e-1c2d"

    static let specifications = [
        act("pause", "Has a run stand still until it is resumed.") { _, _ in .pause },
        act("resume", "Has a paused run go on.") { _, _ in .resume },
        act(
            "cancel",
            "Ends a run; what it did is undone first.",
            options: [OptionSpecification("--keep", nil, "undoes nothing")]
        ) { call, _ in .cancel(undoing: !call.has("--keep")) },
        act(
            "restart",
            "Does a run again from a step on; what was done before it is kept.",
            step: true
        ) { _, step in .restart(from: step) },
        act(
            "retry",
            "Tries a step again that failed, at once.",
            step: true,
            options: [input]
        ) { call, step in .retry(step: step, input: try RunArguments.json(call, "--input")) },
        act(
            "skip",
            "Ends a step as if its output were this, and goes on.",
            step: true,
            options: [
                OptionSpecification("--output", "JSON", "the output, or a FILE that holds it")
            ]
        ) { call, step in .skip(step: step, output: try RunArguments.json(call, "--output")) },
        CommandSpecification(
            "run event",
            "Brings an event to every step that waits for one like it.",
            arguments: ["TYPE"],
            options: [
                OptionSpecification("--data", "JSON", "what it says, or a FILE that holds it"),
                OptionSpecification("--source", "URI", "where it is from (default: who you are)"),
                Person.option,
            ],
            examples: [#"stepgate run event com.example.paid --data '{"order": "O-17"}'"#],
            run: event
        ),
    ]

    static let input = OptionSpecification(
        "--input",
        "JSON",
        "an input in the place of the step's own, or a FILE that holds it"
    )

    private static func act(
        _ word: String,
        _ summary: String,
        step: Bool = false,
        options: [OptionSpecification] = [],
        _ make: @escaping @Sendable (Invocation, Int) throws -> RunAct
    ) -> CommandSpecification {
        CommandSpecification(
            "run \(word)",
            summary,
            arguments: step ? ["ID", "STEP"] : ["ID"],
            options: options + [Person.option],
            examples: ["stepgate run \(word) \(id)" + (step ? " approve" : "")]
        ) { call in try await perform(call, make) }
    }

    static func perform(
        _ call: Invocation,
        _ make: (Invocation, Int) throws -> RunAct
    ) async throws -> ExitCode {
        let opened = try OpenStore(call, mode: .oneShot)
        let id = try await RunArguments.run(call.arguments[0], opened)
        let desk = opened.runDesk
        let flow = try await desk.run(id).flow
        let step = call.arguments.count > 1 ? try RunArguments.step(call.arguments[1], of: flow) : 0
        let act = try make(call, step)
        let run: Run
        do throws(EngineError) {
            run = try await desk.act(act, on: id, by: Person.of(call))
        } catch {
            guard error.code == .refused else { throw error }
            throw CommandFailure.refused(
                "\(error.message); 'stepgate run show \(id)' shows how it stands"
            )
        }
        await opened.store.close()
        if call.wantsJSON {
            Terminal.standard.print(RunSummary(run).json)
        } else {
            let reason = run.reason.map { ": \($0)" } ?? ""
            Terminal.standard.print("run \(run.id) is \(run.state.rawValue)\(reason)")
        }
        return .success
    }

    private static func event(_ call: Invocation) async throws -> ExitCode {
        let type = call.arguments[0]
        let now = Process.now
        let event: JSON = [
            "specversion": "1.0",
            "id": .string(SystemChance().identifier(at: now).description),
            "source": .string(call["--source"] ?? Person.of(call)), "type": .string(type),
            "time": .string(now.rfc3339), "data": try RunArguments.json(call, "--data") ?? .null,
        ]
        let opened = try OpenStore(call, mode: .oneShot)
        let reach = try await opened.runDesk.arrived(event: event, type: type)
        await opened.store.close()
        if call.wantsJSON {
            Terminal.standard.print(reach.json)
        } else {
            let count = reach.taken
            Terminal.standard.print("\(count) step\(count == 1 ? "" : "s") took it")
            if reach.failed > 0 {
                Terminal.standard.note(
                    "\(reach.failed) more may have waited for it and cannot take it: 'stepgate stuck' "
                        + "and 'stepgate doctor' say why"
                )
            } else if count == 0 {
                Terminal.standard.note(
                    "no step waits for it now, and events are not kept: 'stepgate stuck' shows what "
                        + "is waited for"
                )
            }
        }
        return .success
    }
}
