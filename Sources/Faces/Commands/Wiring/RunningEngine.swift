internal import Autonomy
internal import Decisions
internal import Engine
internal import HTTPCurl
internal import Platform
internal import Storage
internal import StorageSQLite
internal import Values

/// The engine of a workspace with what it works on; holds the store's lock until it is stopped.
struct RunningEngine: Sendable {
    let engine: DecisionEngine
    /// Where people act on what this engine decides.
    let desk: ReviewDesk
    let decisionDesk: DecisionDesk
    private let store: SQLiteStore
    /// The same store as the engine sees it: for what only reads, or writes beside the engine.
    let storage: any Store
    private let transport: CurlTransport
    private let heads: HeadsFile
    private let keeper: Task<Void, any Error>

    /// Opens the store, keeps the release in it and begins to write the log's heads.
    ///
    /// The engine sees of the store what `wrap` makes of it.
    static func start(
        _ opened: OpenWorkspace,
        wrap: (SQLiteStore) -> any Store = { $0 }
    ) async throws -> RunningEngine {
        try Folder.make(opened.stateFolder)
        let store = try SQLiteStore(
            opened.storePath,
            mode: .engine,
            secret: Process.randomBytes(32)
        )
        let storage = wrap(store)
        Process.raiseFileLimit()
        let transport = CurlTransport()
        do {
            let release = opened.workspace.release
            try await store.keep(StoredRelease(digest: release.digest, files: release.files))
            let models = ModelClients(transport: transport, store: storage)
            let releases = Releases(
                store: storage,
                models: models,
                attachments: FolderAttachments(base: opened.folder)
            )
            let surroundings = Surroundings(clock: SystemClock(), chance: SystemChance())
            let engine = try await DecisionEngine(
                live: try releases.load(opened.workspace),
                store: storage,
                releases: releases,
                surroundings: surroundings
            )
            let heads = HeadsFile(opened.storePath)
            return RunningEngine(
                engine: engine,
                desk: ReviewDesk(store: storage, releases: releases, surroundings: surroundings),
                decisionDesk: DecisionDesk(
                    store: storage,
                    releases: releases,
                    surroundings: surroundings
                ),
                store: store,
                storage: storage,
                transport: transport,
                heads: heads,
                keeper: Task { try await heads.keep(store) }
            )
        } catch {
            transport.close()
            await store.close()
            throw error
        }
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
