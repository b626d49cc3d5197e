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
    private let transport: CurlTransport
    private let heads: HeadsFile
    private let keeper: Task<Void, any Error>

    /// Opens the store, keeps the release in it and begins to write the log's heads.
    static func start(_ opened: OpenWorkspace) async throws -> RunningEngine {
        try Folder.make(opened.stateFolder)
        let store = try SQLiteStore(
            opened.storePath,
            mode: .engine,
            secret: Process.randomBytes(32)
        )
        Process.raiseFileLimit()
        let transport = CurlTransport()
        do {
            let release = opened.workspace.release
            try await store.keep(StoredRelease(digest: release.digest, files: release.files))
            let models = ModelClients(transport: transport, store: store)
            let releases = Releases(
                store: store,
                models: models,
                attachments: FolderAttachments(base: opened.folder)
            )
            let surroundings = Surroundings(clock: SystemClock(), chance: SystemChance())
            let engine = try await DecisionEngine(
                live: try releases.load(opened.workspace),
                store: store,
                releases: releases,
                surroundings: surroundings
            )
            let heads = HeadsFile(opened.storePath)
            return RunningEngine(
                engine: engine,
                desk: ReviewDesk(store: store, releases: releases, surroundings: surroundings),
                decisionDesk: DecisionDesk(
                    store: store,
                    releases: releases,
                    surroundings: surroundings
                ),
                store: store,
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

    /// What sends results to those who asked for that.
    func courier(allowsPrivate: Bool) async throws -> CallbackCourier {
        try await CallbackCourier(
            store: store,
            transport: transport,
            surroundings: Surroundings(clock: SystemClock(), chance: SystemChance()),
            allowsPrivate: allowsPrivate
        )
    }

    /// For what only reads, or writes beside the engine.
    var storage: any Store { store }

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
