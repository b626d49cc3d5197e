internal import Access
internal import Engine
internal import Gateway
internal import HTTPMicro
internal import Telemetry
internal import Values

/// Where and how a server listens, as its command line says.
struct ServeSettings {
    let address: String
    let port: UInt16
    let identity: ServeIdentity?
    let rate: Rate?
}

/// Everything that works while the server does, from its first request to its last answer.
struct Serving: Sendable {
    let answering: Answering
    private let service: DecisionService
    private let courier: CallbackCourier
    /// Nothing where the folder is not watched.
    private let watch: FolderWatch?
    private let observation: Observation

    init(
        _ running: RunningEngine,
        _ settings: ServeSettings,
        _ observation: Observation,
        _ call: Invocation
    ) async throws {
        let allowsPrivate = call.has("--allow-private-callbacks")
        let courier = try await running.courier(allowsPrivate: allowsPrivate)
        service = try await DecisionService(
            engine: running.engine,
            clock: SystemClock(),
            tell: { observation.tell($0) },
            finished: { courier.wake() }
        )
        answering = Answering(
            Gateway(
                service: service,
                desk: running.desk,
                decisionDesk: running.decisionDesk,
                releaseDesk: running.releaseDesk,
                store: running.storage,
                allowsPrivateCallbacks: allowsPrivate,
                now: { SystemClock().now },
                instruments: observation.instruments,
                rate: settings.rate
            )
        )
        self.courier = courier
        watch = call.has("--watch") ? FolderWatch(running, service, observation, call) : nil
        self.observation = observation
    }

    /// Works until the first of `ends`; then takes no more, and returns when all of it is answered.
    ///
    /// To its last byte: who sends or reads too slowly for that is cut off by stopping the server.
    func run(until ends: AsyncStream<Void>, cutting server: HTTPServer) async {
        // Whether every request has its answer, of the one task that knows.
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await service.run()
                return false
            }
            group.addTask {
                await courier.run()
                return false
            }
            group.addTask {
                await watch?.run()
                return false
            }
            group.addTask {
                for await _ in ends { break }
                observation.tell(.info, "stopping", "stopping: what was taken on is kept")
                service.stop()
                courier.stop()
                await answering.finish()
                await server.settle()
                return true
            }
            group.addTask {
                await answering.stopping()
                do {
                    try await SystemClock().sleep(for: Limits.drain)
                } catch {
                    return false
                }
                server.stop()
                return false
            }
            for await isDrained in group where isDrained { group.cancelAll() }
        }
    }
}
