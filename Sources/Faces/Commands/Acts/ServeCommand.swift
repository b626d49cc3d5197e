internal import Access
internal import Autonomy
internal import Decisions
internal import Engine
internal import Gateway
internal import HTTPMicro
internal import Platform
internal import StorageSQLite
internal import Telemetry
internal import Values

/// `stepgate serve`: the engine behind HTTP, until it is told to stop.
enum ServeCommand {
    static let specification = CommandSpecification(
        "serve",
        "Serves the workspace's policies over HTTP.",
        options: [
            OptionSpecification("--port", "N", "where it listens (default: 9200; 0: any)"),
            OptionSpecification(
                "--address",
                "IP",
                "which address it listens on (default: 127.0.0.1, this machine only)"
            ),
            OptionSpecification(
                "--watch",
                nil,
                "make each valid change of the folder live; a broken one is told and left alone"
            ),
            OptionSpecification(
                "--rate",
                "RATE",
                "how often each token may ask that has no rate of its own, as 100/s or 6000/m:200"
            ),
            OptionSpecification(
                "--allow-private-callbacks",
                nil,
                "lets callback_url lead into private networks and to this machine"
            ),
            OptionSpecification(
                "--allow-private-http",
                nil,
                "lets http steps of flows call into private networks and this machine"
            ),
        ] + ServeIdentity.options + Observation.options,
        examples: [
            "stepgate serve", "stepgate serve --port 9200 --workspace shop",
            "stepgate serve --watch",
            "stepgate serve --address 0.0.0.0 --tls-cert cert.pem --tls-key key.pem",
        ],
        run: run
    )

    private static func run(_ call: Invocation) async throws -> ExitCode {
        let port = try call.number("--port", in: 0...65_535, default: 9_200)
        let address = call["--address"] ?? "127.0.0.1"
        let rate = try call.rate
        let identity = try ServeIdentity(call)
        try identity?.warn(.standard)
        let observation = try Observation(call)
        Signals.outlive()
        let instruments = observation.instruments
        let running = try await RunningEngine.serve(
            call,
            telling: { observation.tell(.error, "head_not_written", $0) },
            wrap: { MeasuredStore($0, instruments) }
        )
        let settings = ServeSettings(
            address: address,
            port: UInt16(port),
            identity: identity,
            rate: rate
        )
        do {
            try await serve(running, settings, observation, call)
            try await running.stop()
            instruments.log.note(.info, "stopped")
            await observation.finish()
            return .success
        } catch {
            await observation.finish()
            try await running.stop()
            throw error
        }
    }

    private static func serve(
        _ running: RunningEngine,
        _ settings: ServeSettings,
        _ observation: Observation,
        _ call: Invocation
    ) async throws {
        let serving = try await Serving(running, settings, observation, call)
        let server = try start(settings, observation) { serving.answering.answer($0, $1) }
        try await announce(server, settings, running, observation, call)
        if !call.has("--watch"), let note = draft(Location(call).folder, running.engine.live) {
            observation.tell(.warn, "draft", note)
        }
        await serving.run(until: Signals.termination(), cutting: server)
        server.stop()
    }

    private static func start(
        _ settings: ServeSettings,
        _ observation: Observation,
        _ handler: @escaping HTTPServer.Handler
    ) throws -> HTTPServer {
        var limits = HTTPServerLimits()
        limits.bodyBytes = Gateway.bodyLimit
        limits.streamedBytes = Gateway.streamedBodyLimit
        let server: HTTPServer
        do throws(HTTPServerError) {
            server = try HTTPServer(
                address: settings.address,
                port: settings.port,
                limits: limits,
                tls: settings.identity?.tls,
                handling: { HTTPHandling(Gateway.pace(method: $0.method, path: $0.path)) },
                handler: handler
            )
        } catch {
            throw settings.identity?.explain(error) ?? CommandFailure(error)
        }
        if server.connectionLimit < limits.connections {
            observation.tell(
                .warn,
                "few_connections",
                "\(server.connectionLimit) connections at once, not \(limits.connections): the "
                    + "process may not open more files (ulimit -n)"
            )
        }
        return server
    }

    /// What a person should know of a folder that is another state than what is live.
    private static func draft(_ folder: String, _ live: LoadedRelease) -> String? {
        let note: String
        do {
            let check = WorkspaceFolder.check(try WorkspaceFolder.read(folder))
            if check.workspace?.release.digest == live.digest { return nil }
            note =
                check.workspace == nil
                ? "the folder does not check ('stepgate check' tells)"
                : "the folder differs ('stepgate promote draft' makes it live)"
        } catch {
            note = "the folder cannot be read (\(CommandFailure(error).message))"
        }
        return "\(note); release \(live.digest.hex) serves"
    }

    /// Says where it is, and on this machine alone makes the first token.
    private static func announce(
        _ server: HTTPServer,
        _ settings: ServeSettings,
        _ running: RunningEngine,
        _ observation: Observation,
        _ call: Invocation
    ) async throws {
        let address = settings.address
        let url = "\(settings.identity == nil ? "http" : "https")://\(address):\(server.port)"
        var first: String?
        let desk = TokenDesk(
            store: running.storage,
            surroundings: .system
        )
        if address.hasPrefix("127."), try await desk.all().isEmpty {
            first = try await desk.create(
                name: "first-admin",
                role: .admin,
                policies: nil,
                lasting: .seconds(86_400 * 30),
                by: Person.of(call)
            ).secret
        }
        if !address.hasPrefix("127."), settings.identity == nil {
            observation.tell(
                .warn,
                "unencrypted",
                "\(address) may be reached from elsewhere, and tokens travel unencrypted: put a "
                    + "server with TLS before it, or give --tls-cert and --tls-key"
            )
        }
        observation.instruments.log.note(
            .info,
            "started",
            [
                ("url", .string(url)), ("version", .string(Commands.version)),
                ("release", .string(running.engine.live.digest.hex)),
            ]
        )
        if call.wantsJSON {
            Terminal.standard.print(
                ["url": .string(url), "admin_token": first.map(JSON.string) ?? .null]
            )
            return
        }
        Terminal.standard.print("stepgate serves on \(url)")
        if let first {
            Terminal.standard.print("the first admin token, shown once: \(first)")
        }
    }
}
