internal import Autonomy
internal import Decisions
internal import Engine
internal import HTTPCurl
internal import Models
internal import Platform
internal import Runs
internal import Storage
internal import StorageSQLite
internal import Values

/// The engine of a workspace with what it works on; holds the store's lock until it is stopped.
struct RunningEngine: Sendable {
    let engine: DecisionEngine
    /// Where people act on what this engine decides.
    let desk: ReviewDesk
    let decisionDesk: DecisionDesk
    let releaseDesk: ReleaseDesk
    private let store: SQLiteStore
    /// The same store as the engine sees it: for what only reads, or writes beside the engine.
    let storage: any Store
    private let releases: Releases
    private let transport: CurlTransport
    private let heads: HeadsFile
    private let keeper: Task<Void, Never>

    /// An engine that decides under the folder as it is, which is kept as a release.
    static func start(_ opened: OpenWorkspace, by person: String) async throws -> RunningEngine {
        try await start(Location(opened)) { desk, releases in
            _ = try await desk.keep(opened.workspace.release, text: nil, by: person)
            return (try releases.load(opened.workspace, flows: opened.flows), nil)
        }
    }

    /// An engine that decides under the live release; the folder becomes it where none is yet.
    ///
    /// It sees of the store what `wrap` makes of it; `tell` hears what goes wrong beside its work.
    static func serve(
        _ call: Invocation,
        telling tell: @escaping @Sendable (String) -> Void,
        wrap: (SQLiteStore) -> any Store
    ) async throws -> RunningEngine {
        let person = Person.of(call)
        return try await start(Location(call), telling: tell, wrap: wrap) { desk, releases in
            if let live = try await desk.live() {
                return (try await releases.release(live.release), live)
            }
            let opened = try OpenWorkspace(call)
            let release = opened.workspace.release
            _ = try await desk.keep(release, text: nil, by: person)
            let promotion = try await desk.promote(release.digest, by: person)
            return (try releases.load(opened.workspace, flows: opened.flows), promotion)
        }
    }

    /// Opens the store, takes the release that is chosen there and begins to write the log's heads.
    private static func start(
        _ location: Location,
        telling tell: @escaping @Sendable (String) -> Void = { Terminal.standard.note($0) },
        wrap: (SQLiteStore) -> any Store = { $0 },
        under choose: (ReleaseDesk, Releases) async throws -> (LoadedRelease, Promotion?)
    ) async throws -> RunningEngine {
        try Folder.make(location.stateFolder)
        let store = try SQLiteStore(
            location.storePath,
            mode: .engine,
            secret: Process.randomBytes(32)
        )
        let storage = wrap(store)
        Process.raiseFileLimit()
        let transport = CurlTransport()
        do {
            let releases = Releases(
                store: storage,
                models: ModelClients(transport: transport, store: storage),
                attachments: FolderAttachments(base: location.folder)
            )
            let surroundings = Surroundings.system
            let desk = ReleaseDesk(store: storage, releases: releases, surroundings: surroundings)
            let (live, promotion) = try await choose(desk, releases)
            let engine = try await DecisionEngine(
                live: live,
                promotion: promotion,
                store: storage,
                releases: releases,
                surroundings: surroundings
            )
            let heads = HeadsFile(location.storePath)
            return RunningEngine(
                engine: engine,
                desk: ReviewDesk(store: storage, releases: releases, surroundings: surroundings),
                decisionDesk: DecisionDesk(
                    store: storage,
                    releases: releases,
                    surroundings: surroundings
                ),
                releaseDesk: desk,
                store: store,
                storage: storage,
                releases: releases,
                transport: transport,
                heads: heads,
                keeper: Task { await heads.keep(store, tell: tell) }
            )
        } catch {
            transport.close()
            await store.close()
            throw error
        }
    }

    /// What sends results to those who asked for that.
    func courier(allowsPrivate: Bool) async throws -> CallbackCourier {
        try await CallbackCourier(
            store: storage,
            transport: transport,
            surroundings: .system,
            allowsPrivate: allowsPrivate
        )
    }

    /// What drives runs; it hears of decisions through the service that it is given.
    func driver(
        _ service: DecisionService,
        allowsPrivate: Bool,
        told: @escaping @Sendable (Run) -> Void,
        failed: @escaping @Sendable (Identifier, EngineError) -> Void
    ) -> RunDriver {
        RunDriver(
            service: service,
            releases: releases,
            surroundings: .system,
            transport: transport,
            secrets: { reference throws(ModelError) in try ModelClients.secret(reference) },
            allowsPrivate: allowsPrivate,
            told: told,
            failed: failed
        )
    }

    /// Writes the last head and lets the next engine in.
    func stop() async throws {
        keeper.cancel()
        transport.close()
        do {
            try heads.append(try await store.head())
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }
}
