internal import Autonomy
internal import Decisions
internal import Engine
internal import Platform
internal import Runs
internal import Storage
internal import StorageSQLite
internal import Values

/// `stepgate run start|list|show|watch`.
enum RunCommand {
    static let specifications = [
        CommandSpecification(
            "run start",
            "Starts a run of a flow; 'stepgate serve' drives it.",
            arguments: ["FLOW"],
            options: [
                OptionSpecification("--input", "JSON", "the input, or a FILE that holds it"),
                OptionSpecification("--key", "KEY", "the same key is the same run"),
                OptionSpecification("--priority", "N", "larger goes first (default: 0)"),
                OptionSpecification(
                    "--wait",
                    "TIME",
                    "waits so long for its end, or until it stands still for people"
                ), Person.option,
            ],
            examples: [
                #"stepgate run start refund --input '{"order": "O-17", "amount": 12}' --key O-17"#,
                "stepgate run start onboarding --input ada.json --wait 30s",
            ],
            run: start
        ),
        CommandSpecification(
            "run list",
            "Lists runs, newest first: where each is, since when.",
            options: [
                OptionSpecification("--flow", "NAME", "only of that flow"),
                OptionSpecification("--stage", "NAME", "only in that stage"),
                OptionSpecification("--state", "STATE", "only in that state; may be repeated"),
                OptionSpecification("--caller", "NAME", "only those that they started"),
                OptionSpecification(
                    "--owner",
                    "NAME",
                    "only those NAME is at now, as a worker or reviewer"
                ),
                OptionSpecification("--over", "TIME", "only those longer in their stage"),
                OptionSpecification(
                    "--field",
                    "CONDITION",
                    "only where it holds: amount>100, tier=gold; may be repeated"
                ),
                OptionSpecification(
                    "--sort",
                    "ORDER",
                    "newest, oldest, stage (longest first), FIELD or -FIELD"
                ), OptionSpecification("--items", nil, "those for items of lists too"),
                OptionSpecification("--limit", "N", "at most so many (default: 20)"),
                OptionSpecification("--after", "CURSOR", "what the list before ended with"),
            ],
            examples: [
                "stepgate run list --flow refund --state running",
                "stepgate run list --field 'amount>100' --sort -amount --json",
            ],
            run: list
        ),
        CommandSpecification(
            "run show",
            "Shows a run's steps: how far each is, who has it, since when.",
            arguments: ["ID"],
            options: [OptionSpecification("--history", nil, "what happened to it, instead")],
            examples: [
                "stepgate run show 019a9f3e-1c2d", "stepgate run show 019a9f3e-1c2d --history",
            ],
            run: show
        ),
        CommandSpecification(
            "run watch",
            "Shows a run as it goes on, until it has ended.",
            arguments: ["ID"],
            examples: ["stepgate run watch 019a9f3e-1c2d"],
            run: RunWatching.run
        ),
    ]

    private static func start(_ call: Invocation) async throws -> ExitCode {
        let flow = call.arguments[0]
        let input = try RunArguments.json(call, "--input") ?? [:]
        let priority = try call.number("--priority", in: -1_000...1_000, default: 0)
        let wait = try RunArguments.time(call, "--wait")
        let opened = try OpenStore(making: call)
        let release = try await live(opened, call)
        guard release.flows[flow] != nil else {
            let near = nearest(flow, in: release.flows.keys.sorted())
            throw CommandFailure.refused(
                "there is no flow '\(flow)'"
                    + (near.map { "; did you mean '\($0)'?" } ?? "; 'stepgate flow list' lists them")
            )
        }
        let desk = opened.runDesk { release }
        let started = try await desk.start(
            RunStart(
                flow: flow,
                input: input,
                key: call["--key"].map { IncomingStep.Key(scope: "cli/flow:\(flow)", key: $0) },
                priority: priority,
                caller: Person.of(call)
            )
        )
        let (id, isNew) = try identify(started, of: flow)
        let view = try await settle(id, within: wait ?? .zero, desk)
        await opened.store.close()
        if call.wantsJSON {
            let output = view.run.output?.members(as: "output", of: id) ?? []
            let own = RunSummary(view.run).json.object?.members ?? []
            Terminal.standard.print(
                .object(
                    JSONObject(uniqueMembers: own + output + [.init("new", .bool(isNew))])
                )
            )
        } else if wait == nil {
            Terminal.standard.print(id.description)
            Terminal.standard.note(
                "\(isNew ? "started" : "started before"); 'stepgate serve' drives it, "
                    + "'stepgate run watch \(id)' shows it"
            )
        } else {
            let page = RunPage(view, at: Process.now)
            for line in page.lines(.standard) { Terminal.standard.print(line) }
        }
        return view.run.state == .failed || view.run.state == .cancelled ? .refused : .success
    }

    /// The release that serves; the folder as it is where none does yet.
    private static func live(
        _ opened: OpenStore,
        _ call: Invocation
    ) async throws -> LoadedRelease {
        if let promotion = try await opened.releaseDesk.live() {
            return try await opened.releases.release(promotion.release)
        }
        let workspace = try OpenWorkspace(call)
        let release = workspace.workspace.release
        _ = try await opened.releaseDesk.keep(release, text: nil, by: Person.of(call))
        return try opened.releases.load(workspace.workspace, flows: workspace.flows)
    }

    private static func identify(
        _ started: RunStarted,
        of flow: String
    ) throws(CommandFailure) -> (Identifier, isNew: Bool) {
        switch started {
        case .started(let run): return (run.id, true)
        case .known(let id): return (id, false)
        case .keyTaken(let id):
            throw .refused(
                "this key was used with another input: it belongs to run \(id); use a new key for "
                    + "another run"
            )
        case .refused(let failures):
            let what = failures.map(\.description).joined(separator: "\n  ")
            throw .refused(
                "the input does not fit the flow:\n  \(what)\ngive it with --input; "
                    + "'stepgate flow show \(flow) --json' has its schema"
            )
        case .full(let key):
            throw .refused(
                "the flow allows no more runs with the key '\(key)' at once: 'stepgate stuck --flow "
                    + "\(flow)' shows what they wait for"
            )
        }
    }

    /// The run once it has ended or stands still, or as it is after that time.
    private static func settle(
        _ id: Identifier,
        within time: Duration,
        _ desk: RunDesk
    ) async throws -> RunView {
        let until = Process.now + time
        while true {
            let view = try await desk.view(id)
            if view.run.state.isFinal || view.standsStill || Process.now >= until { return view }
            try await SystemClock().sleep(for: Limits.runPause)
        }
    }

    // MARK: Looking

    private static func list(_ call: Invocation) async throws -> ExitCode {
        let query = try query(call)
        let opened = try OpenStore(call, mode: .reader)
        let runs = try await opened.store.runs(query)
        let next = runs.count == query.limit ? runs.last.map { query.cursor($0).text } : nil
        if call.wantsJSON {
            Terminal.standard.print(.array(runs.map(\.json)))
        } else {
            let now = Process.now
            var table = Table([
                .init("run", whole: true), .init("flow"), .init("state"), .init("stage"),
                .init("for", number: true), .init("caller"), .init("fields"), .init("reason"),
            ])
            for run in runs {
                let fields = run.fields.sorted { $0.key < $1.key }
                    .map { "\($0.key) \($0.value.string ?? $0.value.compactText)" }
                table.add([
                    run.id.description, run.plan.flow, run.state.rawValue, run.stage ?? "",
                    ReviewCommand.age(now - run.stageSince), run.caller,
                    fields.joined(separator: ", "), run.reason ?? "",
                ])
            }
            for line in table.lines(width: Terminal.standard.width) {
                Terminal.standard.print(line)
            }
        }
        if let next { Terminal.standard.note("more: --after \(next)") }
        return .success
    }

    static func query(_ call: Invocation) throws -> RunQuery {
        var query = RunQuery(limit: try call.number("--limit", in: 1...Limits.rows, default: 20))
        query.flow = call["--flow"]
        query.stage = call["--stage"]
        query.caller = call["--caller"]
        query.owner = call["--owner"].map { RunQuery.Owner($0, at: Process.now) }
        query.states = Set(try call.all("--state").map { try RunArguments.state($0) })
        query.kinds = call.has("--items") ? [] : [.root, .subflow]
        query.stageBefore = try RunArguments.time(call, "--over").map { Process.now - $0 }
        let conditions = call.all("--field")
        guard conditions.count <= Storage.Limits.conditions else {
            throw CommandFailure.usage(
                "--field can be given at most \(Storage.Limits.conditions) times"
            )
        }
        for text in conditions {
            guard let condition = RunQuery.Condition(text) else {
                throw CommandFailure.usage(
                    "--field needs a name, one of = < >, and a value; got '\(text)'"
                )
            }
            query.conditions.append(condition)
        }
        guard let sort = RunQuery.Sort(word: call["--sort"] ?? "newest") else {
            throw CommandFailure.usage("--sort is newest, oldest, stage or the name of a field")
        }
        query.sort = sort
        if let text = call["--after"] {
            guard let cursor = RunQuery.Cursor(text), cursor.fits(sort) else {
                throw CommandFailure.usage("--after is none that a list of this order ended with")
            }
            query.after = cursor
        }
        return query
    }

    private static func show(_ call: Invocation) async throws -> ExitCode {
        let opened = try OpenStore(call, mode: .reader)
        let id = try await RunArguments.run(call.arguments[0], opened)
        let view = try await opened.runDesk.view(id)
        if call.has("--history") {
            try await history(of: view, opened.store, call)
        } else if call.wantsJSON {
            Terminal.standard.print(view.json(secret: try await opened.store.secret()))
        } else {
            let page = RunPage(view, at: Process.now)
            for line in page.lines(.standard) { Terminal.standard.print(line) }
        }
        return .success
    }

    private static func history(
        of view: RunView,
        _ store: SQLiteStore,
        _ call: Invocation
    ) async throws {
        let page = HistoryPage(view)
        var number: Int64 = 1
        var all: [JSON] = []
        while true {
            let events = try await store.history(of: view.run.id, from: number, limit: Limits.page)
            for event in events {
                if call.wantsJSON {
                    all.append(page.json(event))
                } else {
                    Terminal.standard.print(page.line(event, width: Terminal.standard.width))
                }
            }
            guard events.count == Limits.page, let last = events.last else { break }
            number = last.number + 1
        }
        if call.wantsJSON { Terminal.standard.print(.array(all)) }
    }
}
