internal import Decisions
internal import Engine
internal import Values

/// Releases: what is live, and how that changes.
extension Gateway {
    func releases() async throws(Problem) -> GatewayResponse {
        do throws(EngineError) {
            let promotions = try await releaseDesk.promotions()
            return .json([
                "live": promotions.first.map { .string($0.release.hex) } ?? .null,
                "releases": .array(try await releaseDesk.all().map(\.json)),
                "promotions": .array(promotions.map(\.json)),
            ])
        } catch {
            throw Problem(error)
        }
    }

    func promote(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let person = try visitor(call).name
        return try await goingLive { () throws(EngineError) in
            let digest = try await releaseDesk.find(call.values["release"] ?? "")
            return try await releaseDesk.promote(digest, by: person)
        }
    }

    func rollback(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let person = try visitor(call).name
        return try await goingLive { () throws(EngineError) in
            try await releaseDesk.rollback(by: person)
        }
    }

    func removeRelease(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let person = try visitor(call).name
        do throws(EngineError) {
            let release = try await releaseDesk.find(call.values["release"] ?? "")
            return .json(try await releaseDesk.remove(release, by: person).json)
        } catch {
            throw Problem(error)
        }
    }

    /// Answered once this very server serves it.
    private func goingLive(
        _ act: () async throws(EngineError) -> Promotion
    ) async throws(Problem) -> GatewayResponse {
        do throws(EngineError) {
            let promotion = try await act()
            try await service.follow()
            return .json(promotion.json)
        } catch {
            throw Problem(error)
        }
    }
}
