import Autonomy
import Documents
import Engine
import Flows
import Models
import Runs
import Storage
import Synchronization
import TestSupport
import Values

/// One store, the processes at work on it one after the other, and all that is told of them.
final class SimulatedWorld: Sendable {
    /// What people and workers reach a process by.
    struct Desks: Sendable {
        let runs: RunDesk
        let reviews: ReviewDesk
        let process: SimulatedProcess
    }

    let dice: Dice
    let clock: SettableClock
    let weather: Weather
    let memory = MemoryStore(secret: [UInt8](repeating: 3, count: 32))
    let release: LoadedRelease
    let journal: Journal
    let findings = Findings()
    let promises = Promises()
    let texts: [String: String]
    /// The chance of those who call a run that stands still, in a tenth of the worlds.
    let lateDice: Dice?
    private let engineDice: Dice
    private let served = Mutex<Desks?>(nil)
    private let outside = Mutex<Desks?>(nil)
    private let isOver = Mutex(false)

    init(seed: UInt64, time: VirtualTime) throws {
        dice = Dice(seed: seed)
        clock = SettableClock(time)
        // A fifth of the worlds has rates; those of the planted bugs are none of them.
        let rates = seed % 5 == 3 ? Dice(seed: ~seed) : nil
        lateDice = seed % 10 == 7 ? Dice(seed: ~seed) : nil
        let gaps = seed % 10 == 9 ? Dice(seed: ~seed) : nil
        let calls = lateDice?.split()
        texts = FlowGenerator.files(dice.split(), rates: rates, calls: calls, gaps: gaps)
        release = try Self.load(texts)
        journal = Journal(flows: release.flows, findings: findings)
        weather = Weather(dice.split())
        engineDice = dice.split()
    }

    private static func load(_ texts: [String: String]) throws -> LoadedRelease {
        let files = WorkspaceFiles(texts.mapValues { Array($0.utf8) })
        let check = Workspace.compile(
            files: files,
            reader: YAMLReader(),
            environment: [:],
            zones: { _ in nil }
        )
        guard let workspace = check.workspace else { throw Diagnostics(check.diagnostics) }
        let set = FlowSet.compile(
            files: files,
            workspace: workspace,
            reader: YAMLReader(),
            zones: { _ in nil }
        )
        let errors = set.diagnostics.filter { $0.severity == .error }
        guard errors.isEmpty else { throw Diagnostics(errors) }
        return LoadedRelease(
            workspace: workspace,
            flows: set.flows,
            clients: [:],
            attachments: NoFiles()
        )
    }

    var surroundings: Surroundings { Surroundings(clock: clock, chance: engineDice) }
    var engine: Desks? { served.withLock { $0 } }
    var hasEnded: Bool { isOver.withLock { $0 } }
    func end() {
        isOver.withLock { $0 = true }
        engine?.process.kill()
    }

    /// The engine's own way in, or that of a process beside it which knows only the store.
    func desks(_ dice: Dice) -> Desks {
        if let engine, dice.happens(600) { return engine }
        if let known = outside.withLock({ $0 }), !known.process.hasEnded { return known }
        let process = SimulatedProcess()
        let store = FaultyStore(memory, of: process, weather, clock, journal)
        let keeper = RunKeeper(
            store: store,
            releases: OneRelease(release: release),
            surroundings: surroundings,
            keepsRates: false,
            tell: { _, _ in }
        )
        let made = desks(keeper, store, process)
        outside.withLock { $0 = made }
        return made
    }

    private func desks(
        _ keeper: RunKeeper,
        _ store: FaultyStore,
        _ process: SimulatedProcess
    ) -> Desks {
        Desks(
            runs: RunDesk(keeper: keeper, live: { [release] in release }),
            reviews: ReviewDesk(
                store: store,
                releases: OneRelease(release: release),
                surroundings: surroundings
            ),
            process: process
        )
    }

    // MARK: Engines

    /// Starts an engine, and another whenever one has ended, until the end of the world.
    func serve() async {
        while !hasEnded {
            let process = SimulatedProcess()
            do {
                try await serve(process)
            } catch {
                // The store could not be read; the next one tries again.
            }
            served.withLock { $0 = nil }
            await sleep(dice.time(100...5_000))
        }
    }

    private func serve(_ process: SimulatedProcess) async throws {
        let store = FaultyStore(memory, of: process, weather, clock, journal)
        let releases = OneRelease(release: release)
        let engine = try await DecisionEngine(
            live: release,
            store: store,
            releases: releases,
            surroundings: surroundings
        )
        let findings = findings
        let driver = RunDriver(
            service: try await DecisionService(engine: engine, clock: clock),
            releases: releases,
            surroundings: surroundings,
            transport: SimulatedService(clock: clock, weather: weather, dice: dice.split()),
            secrets: { _ throws(ModelError) in
                try Secret("hidden")
            },
            failed: { run, error in Self.judge(error, of: run, findings) }
        )
        served.withLock { $0 = desks(driver.keeper, store, process) }
        if hasEnded { process.kill() }
        await withTaskGroup { group in
            group.addTask { await driver.run() }
            group.addTask { await process.waitForEnd() }
            await group.next()
            group.cancelAll()
        }
    }

    /// Most errors are the weather's; some say that a run is not as it may be.
    static func judge(_ error: EngineError, of run: Identifier, _ findings: Findings) {
        let isBroken = error.message.contains("not as the run machine leaves it")
        if isBroken || error.code == .release || error.message.contains("is missing or is another")
        {
            findings.add(.machineWhole, run, error.message)
        }
    }

    func sleep(_ time: Duration) async {
        do throws(CancellationError) {
            try await clock.sleep(for: time)
        } catch {
            return
        }
    }
}

struct OneRelease: ReleaseSource {
    let release: LoadedRelease

    func release(_ digest: Digest) async throws(EngineError) -> LoadedRelease {
        guard digest == release.digest else { throw EngineError(.release, "another release") }
        return release
    }
}

private struct NoFiles: AttachmentSource {
    func load(
        _ name: String,
        in folder: String,
        limit: Int
    ) async throws(AttachmentError) -> [UInt8] {
        throw AttachmentError("there are no files here")
    }
}
