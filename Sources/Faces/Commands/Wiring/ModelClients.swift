internal import Autonomy
internal import Engine
internal import Models
internal import Platform
internal import Storage
internal import Synchronization
internal import Values

/// Makes the clients of models, one gate for each model whatever the release that names it.
final class ModelClients: Sendable {
    /// What makes two definitions the same model with the same bounds.
    private struct Identity: Hashable {
        let url: String
        let model: String
        let limits: ModelLimits
    }

    private let transport: any HTTPTransport
    private let cache: (any AnswerCache)?
    private let gates = Mutex<[Identity: ModelGate]>([:])

    init(transport: any HTTPTransport, store: (any Store)?) {
        self.transport = transport
        cache = store.map { StoreCache($0) }
    }

    func client(_ model: ModelDefinition) throws(ModelError) -> ModelClient {
        ModelClient(
            endpoint: try endpoint(model),
            gate: gate(model),
            transport: transport,
            clock: SystemClock(),
            chance: SystemChance(),
            cache: cache
        )
    }

    private func gate(_ model: ModelDefinition) -> ModelGate {
        let identity = Identity(
            url: model.url,
            model: model.model,
            limits: model.limits
        )
        return gates.withLock { gates in
            if let known = gates[identity] { return known }
            let made = ModelGate(model.limits, clock: SystemClock())
            gates[identity] = made
            return made
        }
    }

    /// The endpoint of a model, its key readable where the workspace says it is.
    private func endpoint(_ model: ModelDefinition) throws(ModelError) -> ModelEndpoint {
        let price = Price(
            input: model.price.input,
            output: model.price.output,
            cached: model.price.cached
        )
        guard let price else { throw .endpoint("the price is beyond what can be counted") }
        let key = model.key.map { reference in
            SecretKey { () throws(ModelError) in try Self.secret(reference) }
        }
        // A key that is missing now should be told now, and not at the first call.
        if let reference = model.key { _ = try Self.secret(reference) }
        return ModelEndpoint(
            name: model.name,
            shape: model.shape,
            url: try EndpointURL(model.url),
            model: model.model,
            key: key,
            price: price,
            times: model.times,
            structured: model.structured,
            votesInOneCall: model.votesInOneCall,
            cache: model.cache
        )
    }

    /// Read each time it is used, so that a file that changed counts at once.
    static func secret(_ reference: SecretReference) throws(ModelError) -> Secret {
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
