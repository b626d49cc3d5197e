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
                "there is no store at \(path) yet: 'stepgate decide' makes one, --store names another"
            )
        }
        store = try SQLiteStore(path, mode: mode, secret: Process.randomBytes(32))
    }

    /// Where reviews are acted on; no model is asked there.
    var desk: ReviewDesk {
        ReviewDesk(
            store: store,
            releases: Releases(
                store: store,
                models: nil,
                attachments: FolderAttachments(base: folder)
            ),
            surroundings: Surroundings(clock: SystemClock(), chance: SystemChance())
        )
    }

    /// The identifier a command was given.
    static func identifier(_ text: String, _ what: String) throws(CommandFailure) -> Identifier {
        guard let id = Identifier(text) else {
            throw .usage("'\(text)' is no identifier of a \(what)")
        }
        return id
    }
}
