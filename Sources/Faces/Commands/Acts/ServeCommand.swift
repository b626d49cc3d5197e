internal import Access
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
                "--rate",
                "RATE",
                "how often each token may ask that has no rate of its own, as 100/s or 6000/m:200"
            ),
        ] + Observation.options,
        examples: ["stepgate serve", "stepgate serve --port 9200 --workspace shop"],
        run: run
    )

    /// A request and the one chance to answer it.
    private struct Exchange: Sendable {
        let request: HTTPRequest
        let responder: Responder
    }

    private static func run(_ call: Invocation) async throws -> ExitCode {
        let port = try call.number("--port", in: 0...65_535, default: 9_200)
        let address = call["--address"] ?? "127.0.0.1"
        let rate = try call.rate
        let observation = try Observation(call)
        Signals.outliveReaders()
        let instruments = observation.instruments
        let opened = try OpenWorkspace(call)
        let running = try await RunningEngine.start(opened) { MeasuredStore($0, instruments) }
        let gateway = GatewaySettings(address: address, port: UInt16(port), rate: rate)
        do {
            try await serve(running, gateway, observation, call)
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

    private struct GatewaySettings {
        let address: String
        let port: UInt16
        let rate: Rate?
    }

    private static func serve(
        _ running: RunningEngine,
        _ settings: GatewaySettings,
        _ observation: Observation,
        _ call: Invocation
    ) async throws {
        let service = try await DecisionService(engine: running.engine, clock: SystemClock())
        let gateway = Gateway(
            service: service,
            desk: running.desk,
            decisionDesk: running.decisionDesk,
            store: running.storage,
            now: { SystemClock().now },
            instruments: observation.instruments,
            rate: settings.rate
        )
        let (exchanges, inbox) = AsyncStream<Exchange>.makeStream()
        var limits = HTTPServerLimits()
        limits.bodyBytes = Gateway.bodyLimit
        let (address, port) = (settings.address, settings.port)
        let server = try HTTPServer(address: address, port: port, limits: limits) {
            if case .terminated = inbox.yield(Exchange(request: $0, responder: $1)) {
                $1.respond(HTTPResponse(status: 503, headers: [("retry-after", "1")]))
            }
        }
        try await announce(server, address, running, observation, call)
        let ends = Signals.termination()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await service.run() }
            group.addTask {
                await withDiscardingTaskGroup { answers in
                    for await exchange in exchanges {
                        answers.addTask {
                            let response = await gateway.handle(exchange.request.forGateway)
                            exchange.responder.respond(response.forServer)
                        }
                    }
                }
            }
            group.addTask {
                for await _ in ends { break }
                observation.tell(.info, "stopping", "stopping: what was taken on is kept")
                service.stop()
                inbox.finish()
            }
            try await group.waitForAll()
        }
        server.stop()
    }

    /// Says where it is, and on this machine alone makes the first token.
    private static func announce(
        _ server: HTTPServer,
        _ address: String,
        _ running: RunningEngine,
        _ observation: Observation,
        _ call: Invocation
    ) async throws {
        let url = "http://\(address):\(server.port)"
        var first: String?
        let desk = TokenDesk(
            store: running.storage,
            surroundings: Surroundings(clock: SystemClock(), chance: SystemChance())
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
        if !address.hasPrefix("127.") {
            observation.tell(
                .warn,
                "unencrypted",
                "\(address) may be reached from elsewhere, and tokens travel unencrypted: put a "
                    + "server with TLS before it"
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

extension HTTPRequest {
    fileprivate var forGateway: GatewayRequest {
        GatewayRequest(method: method, path: path, query: query, headers: headers, body: body)
    }
}

extension GatewayResponse {
    fileprivate var forServer: HTTPResponse {
        HTTPResponse(status: status, headers: headers, body: body)
    }
}
