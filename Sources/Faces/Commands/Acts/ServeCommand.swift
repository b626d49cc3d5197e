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
        ] + ServeIdentity.options,
        examples: [
            "stepgate serve", "stepgate serve --port 9200 --workspace shop",
            "stepgate serve --address 0.0.0.0 --tls-cert cert.pem --tls-key key.pem",
        ],
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
        let identity = try ServeIdentity(call)
        try identity?.warn(.standard)
        let opened = try OpenWorkspace(call)
        let running = try await RunningEngine.start(opened)
        do {
            try await serve(running, address: address, port: UInt16(port), identity, call)
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
        _ identity: ServeIdentity?,
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
        let server = try start(address, port, identity) {
            if case .terminated = inbox.yield(Exchange(request: $0, responder: $1)) {
                $1.respond(HTTPResponse(status: 503, headers: [("retry-after", "1")]))
            }
        }
        try await announce(server, address, isSecure: identity != nil, running, call)
        let ends = Signals.termination()
        // Whether every request has its answer, of the one task that knows.
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await service.run()
                return false
            }
            group.addTask {
                await withDiscardingTaskGroup { answers in
                    for await exchange in exchanges {
                        answers.addTask {
                            await gateway.answer(exchange.request, through: exchange.responder)
                        }
                    }
                }
                return true
            }
            group.addTask {
                for await _ in ends { break }
                Terminal.standard.note("stopping: what was taken on is kept")
                service.stop()
                inbox.finish()
                do {
                    try await SystemClock().sleep(for: Limits.drain)
                } catch {
                    return false
                }
                // Who still sends or reads so slowly is cut off.
                server.stop()
                return false
            }
            for await isDrained in group where isDrained { group.cancelAll() }
        }
        server.stop()
    }

    private static func start(
        _ address: String,
        _ port: UInt16,
        _ identity: ServeIdentity?,
        _ handler: @escaping HTTPServer.Handler
    ) throws -> HTTPServer {
        var limits = HTTPServerLimits()
        limits.bodyBytes = Gateway.bodyLimit
        limits.streamedBytes = Gateway.streamedBodyLimit
        let server: HTTPServer
        do throws(HTTPServerError) {
            server = try HTTPServer(
                address: address,
                port: port,
                limits: limits,
                tls: identity?.tls,
                streams: { Gateway.streams(method: $0.method, path: $0.path) },
                handler: handler
            )
        } catch {
            throw identity?.explain(error) ?? CommandFailure(error)
        }
        if server.connectionLimit < limits.connections {
            Terminal.standard.note(
                "\(server.connectionLimit) connections at once, not \(limits.connections): the "
                    + "process may not open more files (ulimit -n)"
            )
        }
        return server
    }

    /// Says where it is, and on this machine alone makes the first token.
    private static func announce(
        _ server: HTTPServer,
        _ address: String,
        isSecure: Bool,
        _ running: RunningEngine,
        _ call: Invocation
    ) async throws {
        let url = "\(isSecure ? "https" : "http")://\(address):\(server.port)"
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
        if !address.hasPrefix("127."), !isSecure {
            Terminal.standard.note(
                "\(address) may be reached from elsewhere, and tokens travel unencrypted: put a "
                    + "server with TLS before it, or give --tls-cert and --tls-key"
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
