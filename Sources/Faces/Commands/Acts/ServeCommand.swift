internal import Access
internal import Engine
internal import Gateway
internal import HTTPMicro
internal import Platform
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
        ],
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
        let opened = try OpenWorkspace(call)
        let running = try await RunningEngine.start(opened)
        do {
            try await serve(running, address: address, port: UInt16(port), call)
            try await running.stop()
            return .success
        } catch {
            try await running.stop()
            throw error
        }
    }

    private static func serve(
        _ running: RunningEngine,
        address: String,
        port: UInt16,
        _ call: Invocation
    ) async throws {
        let service = try await DecisionService(engine: running.engine, clock: SystemClock())
        let gateway = Gateway(
            service: service,
            desk: running.desk,
            decisionDesk: running.decisionDesk,
            store: running.storage,
            now: { SystemClock().now }
        )
        let (exchanges, inbox) = AsyncStream<Exchange>.makeStream()
        var limits = HTTPServerLimits()
        limits.bodyBytes = Gateway.bodyLimit
        let server = try HTTPServer(
            address: address,
            port: port,
            limits: limits,
            refusal: { Gateway.refusal($0, $1).forServer }
        ) {
            if case .terminated = inbox.yield(Exchange(request: $0, responder: $1)) {
                $1.respond(Gateway.refusal(503, "the server is stopping").forServer)
            }
        }
        try await announce(server, address, running, call)
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
                Terminal.standard.note("stopping: what was taken on is kept")
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
            Terminal.standard.note(
                "\(address) may be reached from elsewhere, and tokens travel unencrypted: put a "
                    + "server with TLS before it"
            )
        }
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
