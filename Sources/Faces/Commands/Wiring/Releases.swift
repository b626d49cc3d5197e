internal import Autonomy
internal import Decisions
internal import Engine
internal import Flows
internal import Models
internal import Storage
internal import Values

/// Loads releases from the store, so that what was begun under one is finished under it.
struct Releases: ReleaseSource {
    let store: any Store
    /// Nothing where no model is asked.
    let models: ModelClients?
    let attachments: FolderAttachments

    func release(_ digest: Digest) async throws(EngineError) -> LoadedRelease {
        let stored: StoredRelease?
        let removal: ReleaseRemoval?
        do {
            stored = try await store.release(digest)
            removal = stored == nil ? try await store.removal(of: digest) : nil
        } catch {
            throw EngineError(error)
        }
        guard let stored else {
            let name = digest.hex.prefix(12)
            guard let removal else {
                throw EngineError(.release, "release \(digest.hex) is not in the store")
            }
            throw EngineError(
                .release,
                "release \(name) was removed by \(removal.person) at \(removal.at.rfc3339), so what "
                    + "is in its files is not known here; 'stepgate release' in a folder with the "
                    + "same files brings it back"
            )
        }
        let check = CheckedFolder(compiling: WorkspaceFiles(stored.files))
        guard let workspace = check.workspace else {
            throw EngineError(
                .release,
                "release \(digest.hex) does not load here:\n"
                    + Diagnostics(check.diagnostics).rendered
            )
        }
        return try load(workspace, flows: check.flows)
    }

    /// Gives each model of the workspace its client; without a transport no model is asked.
    func load(
        _ workspace: Workspace,
        flows: [String: Flow]
    ) throws(EngineError) -> LoadedRelease {
        guard let models else {
            return LoadedRelease(
                workspace: workspace,
                flows: flows,
                clients: [:],
                attachments: attachments
            )
        }
        var clients: [String: ModelClient] = [:]
        for model in workspace.models.values {
            do {
                clients[model.name] = try models.client(model)
            } catch {
                throw EngineError(.release, "model '\(model.name)': \(error.message)")
            }
        }
        return LoadedRelease(
            workspace: workspace,
            flows: flows,
            clients: clients,
            attachments: attachments
        )
    }
}
