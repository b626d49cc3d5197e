internal import Access
internal import Engine
internal import Gateway
internal import HTTPMicro
internal import Synchronization
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
    private let driver: RunDriver
    private let watch: RunWatch
    private let retention: RunRetention
    /// Nothing where the folder is not watched.
    private let folder: FolderWatch?
    private let observation: Observation

    init(
        _ running: RunningEngine,
        _ settings: ServeSettings,
        _ observation: Observation,
        _ call: Invocation
    ) async throws {
        let allowsPrivate = call.has("--allow-private-callbacks")
        let courier = try await running.courier(allowsPrivate: allowsPrivate)
        let bell = DriverBell()
        let service = try await DecisionService(
            engine: running.engine,
            clock: SystemClock(),
            tell: { observation.tell($0) },
            finished: {
                courier.wake()
                bell.ring()
            }
        )
        let watch = RunWatch(clock: SystemClock())
        let driver = running.driver(
            service,
            allowsPrivate: call.has("--allow-private-http"),
            told: { watch.told($0) },
            failed: { observation.tell($0, $1) }
        )
        bell.attach(driver)
        answering = Answering(
            Gateway(
                service: service,
                desk: running.desk,
                decisionDesk: running.decisionDesk,
                releaseDesk: running.releaseDesk,
                runDesk: RunDesk(keeper: driver.keeper, live: { running.engine.live }),
                watch: watch,
                store: running.storage,
                allowsPrivateCallbacks: allowsPrivate,
                now: { SystemClock().now },
                instruments: observation.instruments,
                rate: settings.rate
            )
        )
        self.courier = courier
        self.service = service
        self.driver = driver
        self.watch = watch
        retention = RunRetention(
            store: running.storage,
            clock: SystemClock(),
            live: { running.engine.live },
            tell: { observation.tell($0) }
        )
        folder = call.has("--watch") ? FolderWatch(running, service, observation, call) : nil
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
                await driver.run()
                return false
            }
            group.addTask {
                await watch.run()
                return false
            }
            group.addTask {
                await folder?.run()
                return false
            }
            group.addTask {
                await retention.run()
                return false
            }
            group.addTask {
                for await _ in ends { break }
                observation.tell(.info, "stopping", "stopping: what was taken on is kept")
                driver.stop()
                service.stop()
                watch.stop()
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

/// Wakes the driver of runs, which is made after the service that rings.
private final class DriverBell: Sendable {
    private let driver = Mutex<RunDriver?>(nil)

    func attach(_ driver: RunDriver) { self.driver.withLock { $0 = driver } }

    func ring() { driver.withLock { $0 }?.wake() }
}
