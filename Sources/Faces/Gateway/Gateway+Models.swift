internal import Autonomy
internal import Decisions
internal import Engine
internal import Storage
internal import Values

/// Models: how they do.
extension Gateway {
    func models(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let models = service.engine.live.workspace.models
        do throws(StoreError) {
            let tallies = try await store.tallies(since: now() - .seconds(86_400))
            let states = try await store.models()
            let rows = models.keys.sorted().map { name -> JSON in
                var sum = CallTally(CallTally.Key(at: now(), policy: "", model: name))
                for tally in tallies where tally.key.model == name { sum.add(tally) }
                let breaker = states.first { $0.model == name }?.breaker ?? .closed
                return [
                    "model": .string(name),
                    "shape": .string(models[name]?.shape.rawValue ?? ""),
                    "breaker": .string(breaker.rawValue), "last_day": sum.json,
                ]
            }
            return .json(["models": .array(rows)])
        } catch {
            throw Problem(error)
        }
    }
}
