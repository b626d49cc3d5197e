internal import Decisions
internal import Engine
internal import Platform
internal import Storage
internal import StorageSQLite
internal import Values

/// The store of a command that is no engine: for reading, or for one act beside a running engine.
struct OpenStore: Sendable {
    let store: SQLiteStore
    let path: String
    private let folder: String

    init(_ call: Invocation, mode: SQLiteStore.Mode) throws {
        path = Location(call).storePath
        folder = Location(call).folder
        guard Folder.exists(path) else {
            throw CommandFailure.refused(
                "there is no store at \(path) yet: 'stepgate decide' and 'stepgate run start' make "
                    + "one, --store names another"
            )
        }
        store = try SQLiteStore(path, mode: mode, secret: Process.randomBytes(32))
    }

    /// For one act beside an engine, on a store that need not be there before.
    init(making call: Invocation) throws {
        let location = Location(call)
        (path, folder) = (location.storePath, location.folder)
        try Folder.make(location.stateFolder)
        store = try SQLiteStore(path, mode: .oneShot, secret: Process.randomBytes(32))
    }

    /// Where reviews are acted on; no model is asked there.
    var desk: ReviewDesk {
        ReviewDesk(store: store, releases: releases, surroundings: .system)
    }

    /// Where releases are promoted; their models' keys need not be here.
    var releaseDesk: ReleaseDesk {
        ReleaseDesk(store: store, releases: releases, surroundings: .system)
    }

    /// Where runs are looked at and acted on.
    ///
    /// What is done here is taken up within a second by the
    /// server that drives the store.
    var runDesk: RunDesk {
        runDesk { preconditionFailure("only a start asks what is live, and says so itself") }
    }

    /// The same, where new runs are pinned to the release that `live` gives.
    func runDesk(live: @escaping @Sendable () -> LoadedRelease) -> RunDesk {
        let keeper = RunKeeper(
            store: store,
            releases: releases,
            surroundings: .system,
            keepsRates: false,
            tell: { _, _ in }
        )
        return RunDesk(keeper: keeper, live: live)
    }

    var releases: Releases {
        Releases(store: store, models: nil, attachments: FolderAttachments(base: folder))
    }

    /// The identifier a command was given.
    static func identifier(_ text: String, _ what: String) throws(CommandFailure) -> Identifier {
        guard let id = Identifier(text) else {
            throw .usage("'\(text)' is no identifier of a \(what)")
        }
        return id
    }
}
