internal import Autonomy
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
        do {
            stored = try await store.release(digest)
        } catch {
            throw EngineError(error)
        }
        guard let stored else {
            throw EngineError(.release, "release \(digest.hex) is not in the store")
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
