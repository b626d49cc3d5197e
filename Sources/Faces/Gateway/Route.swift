internal import Access
internal import Values

/// One thing the gateway does: where it is asked for, by whom, and how it is done.
///
/// This table routes, guards and documents: a request that matches no row is a 404, and a row
/// without roles is open to everyone and must say why.
struct Route: Sendable {
    typealias Handler =
        @Sendable (Gateway, Call) async throws(Problem) -> GatewayResponse

    /// A request that was let in.
    struct Call: Sendable {
        let request: GatewayRequest
        /// The values of the path's `{names}`.
        let values: [String: String]
        /// Nothing on the routes that are open to everyone.
        let visitor: Visitor?
    }

    let method: String
    /// With `{name}` for a part that varies.
    let path: String
    /// Nothing for what is open to everyone.
    let roles: Set<Role>?
    let summary: String
    /// Whether the body is handed over as it comes in, so that who asks is known before it is read.
    var takesStream = false
    let handler: Handler

    /// The values of the path's names, when it fits.
    func values(of path: String) -> [String: String]? {
        let mine = self.path.split(separator: "/", omittingEmptySubsequences: false)
        let others = path.split(separator: "/", omittingEmptySubsequences: false)
        guard mine.count == others.count else { return nil }
        var values: [String: String] = [:]
        for (part, other) in zip(mine, others) {
            if part == other { continue }
            // `{id}:claim` is a name and an act.
            guard part.hasPrefix("{"), let end = part.firstIndex(of: "}") else { return nil }
            let act = part[part.index(after: end)...]
            guard other.hasSuffix(act), other.count > act.count else { return nil }
            let value = String(other.dropLast(act.count))
            if act.isEmpty, value.contains(":") { return nil }
            values[String(part[part.index(after: part.startIndex)..<end])] = value
        }
        return values
    }
}

extension Route {
    private static let everyone: Set<Role> = [.agent, .operator, .reviewer, .admin]
    private static let staff: Set<Role> = [.operator, .reviewer, .admin]
    private static let judges: Set<Role> = [.reviewer, .admin]

    static let all: [Route] =
        [
            // Whether it lives and whether it can work is nobody's secret, and asked without a token.
            Route(
                method: "GET",
                path: "/healthz",
                roles: nil,
                summary: "Whether the process lives.",
                handler: { _, _ throws(Problem) in .json(["status": "ok"]) }
            ),
            Route(
                method: "GET",
                path: "/readyz",
                roles: nil,
                summary: "Whether the store answers.",
                handler: { gateway, _ async throws(Problem) in try await gateway.readiness() }
            ),
            Route(
                method: "POST",
                path: "/v1/decisions",
                roles: [.agent, .operator, .admin],
                summary: "Asks for a decision of one step.",
                handler: { gateway, call async throws(Problem) in try await gateway.decide(call) }
            ),
            Route(
                method: "POST",
                path: "/v1/decisions:batch",
                roles: [.agent, .operator, .admin],
                summary: "Asks for decisions of many steps, one JSON line each.",
                takesStream: true,
                handler: { gateway, call async throws(Problem) in try await gateway.batch(call) }
            ),
            Route(
                method: "GET",
                path: "/v1/events",
                roles: everyone,
                summary: "What happens to decisions, as it happens (server-sent events).",
                handler: { gateway, call async throws(Problem) in try await gateway.events(call) }
            ),
            Route(
                method: "GET",
                path: "/v1/decisions",
                roles: staff,
                summary: "Lists decisions, newest first.",
                handler: { gateway, call async throws(Problem) in try await gateway.decisions(call)
                }
            ),
            Route(
                method: "GET",
                path: "/v1/decisions/{id}",
                roles: everyone,
                summary: "A decision with everything that explains it.",
                handler: { gateway, call async throws(Problem) in try await gateway.decision(call) }
            ),
            Route(
                method: "POST",
                path: "/v1/decisions/{id}/outcome",
                roles: [.agent, .operator, .admin],
                summary: "Reports what turned out to be right.",
                handler: { gateway, call async throws(Problem) in try await gateway.report(call) }
            ),
            Route(
                method: "POST",
                path: "/v1/decisions/{id}:withdraw",
                roles: [.agent, .operator, .admin],
                summary: "Takes a pending step back.",
                handler: { gateway, call async throws(Problem) in try await gateway.withdraw(call) }
            ),
            Route(
                method: "GET",
                path: "/v1/models",
                roles: [.operator, .admin],
                summary: "How the models do: breaker, calls, errors, spend of the last day.",
                handler: { gateway, call async throws(Problem) in try await gateway.models(call) }
            ),
            Route(
                method: "GET",
                path: "/v1/reviews",
                roles: staff,
                summary: "Lists reviews that wait, oldest first.",
                handler: { gateway, call async throws(Problem) in try await gateway.reviews(call) }
            ),
            Route(
                method: "GET",
                path: "/v1/reviews/{id}",
                roles: staff,
                summary: "A review with what a person needs to judge it.",
                handler: { gateway, call async throws(Problem) in try await gateway.review(call) }
            ),
        ]
        + ["claim", "renew", "release", "reassign", "approve", "edit", "decide", "reject"].map {
            act in
            Route(
                method: "POST",
                path: "/v1/reviews/{id}:\(act)",
                roles: judges,
                summary: "Does '\(act)' on a review, as the token's holder.",
                handler: { gateway, call async throws(Problem) in try await gateway.act(act, call) }
            )
        } + [
            Route(
                method: "GET",
                path: "/v1/policies",
                roles: everyone,
                summary: "The policies of the live release.",
                handler: { gateway, call throws(Problem) in gateway.policies(call) }
            )
        ]
}
