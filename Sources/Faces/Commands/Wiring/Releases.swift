internal import Autonomy
internal import Documents
internal import Engine
internal import HTTPCurl
internal import Models
internal import Platform
internal import Storage
internal import Values

/// Loads releases from the store, so that what was begun under one is finished under it.
struct Releases: ReleaseSource {
    let store: any Store
    let transport: (any HTTPTransport)?

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
        let check = Workspace.compile(
            files: WorkspaceFiles(stored.files),
            reader: YAMLReader(),
            environment: Process.environment
        )
        guard let workspace = check.workspace else {
            throw EngineError(
                .release,
                "release \(digest.hex) does not load here:\n"
                    + Diagnostics(check.diagnostics).rendered
            )
        }
        return try load(workspace)
    }

    /// Gives each model of the workspace its client; without a transport no model is asked.
    func load(_ workspace: Workspace) throws(EngineError) -> LoadedRelease {
        guard let transport else { return LoadedRelease(workspace: workspace, clients: [:]) }
        var clients: [String: ModelClient] = [:]
        for model in workspace.models.values where model.shape.signals != nil {
            do {
                clients[model.name] = ModelClient(
                    endpoint: try endpoint(model),
                    transport: transport,
                    clock: SystemClock(),
                    chance: SystemChance()
                )
            } catch {
                throw EngineError(.release, "model '\(model.name)': \(error.message)")
            }
        }
        return LoadedRelease(workspace: workspace, clients: clients)
    }
}

extension Releases {
    /// The endpoint of a model, its key read where the workspace says it is.
    private func endpoint(_ model: ModelDefinition) throws(ModelError) -> ModelEndpoint {
        guard let shape = Shape(rawValue: model.shape.rawValue) else {
            throw .endpoint("the shape '\(model.shape.rawValue)' is not available yet")
        }
        guard let price = Price(input: model.inputPrice, output: model.outputPrice) else {
            throw .endpoint("the price is beyond what can be counted")
        }
        return ModelEndpoint(
            name: model.name,
            shape: shape,
            url: try EndpointURL(model.url),
            model: model.model,
            key: try model.key.map { reference throws(ModelError) in try secret(reference) },
            price: price
        )
    }

    private func secret(_ reference: SecretReference) throws(ModelError) -> Secret {
        switch reference {
        case .environment(let name):
            guard let value = Process.environment(name) else {
                throw .secret("the environment variable '\(name)' is not set")
            }
            return try Secret(value)
        case .file(let path):
            do {
                let bytes = try Folder.read(path, limit: Limits.secretBytes)
                return try Secret(trimmed(String(decoding: bytes, as: UTF8.self)))
            } catch let error as ModelError {
                throw error
            } catch {
                throw .secret("\(error)")
            }
        }
    }
}
