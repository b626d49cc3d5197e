internal import Access
internal import Autonomy
internal import Decisions
package import Engine
package import Storage
package import Values

/// The HTTP API: a function from a request to a response; sockets are elsewhere.
package struct Gateway: Sendable {
    let service: DecisionService
    let desk: ReviewDesk
    let decisionDesk: DecisionDesk
    let store: any Store
    let now: @Sendable () -> Instant

    package init(
        service: DecisionService,
        desk: ReviewDesk,
        decisionDesk: DecisionDesk,
        store: any Store,
        now: @escaping @Sendable () -> Instant
    ) {
        self.service = service
        self.desk = desk
        self.decisionDesk = decisionDesk
        self.store = store
        self.now = now
    }

    /// Bytes of one request's body; a server refuses more before it is read.
    package static let bodyLimit = Limits.bodyBytes

    /// Bytes of one request's body on the routes that take a stream.
    package static let streamedBodyLimit = Limits.batchBytes

    /// Whether the body of such a request is to be handed over as `GatewayRequest.chunks`, once its
    /// head is there.
    package static func streams(method: String, path: String) -> Bool {
        Route.all.contains { route in
            route.takesStream && route.method == method && route.values(of: path) != nil
        }
    }

    /// Answers one request; never throws, and never answers before what it says is durable.
    package func handle(_ request: GatewayRequest) async -> GatewayResponse {
        do throws(Problem) {
            let (route, values) = try find(request)
            var visitor: Visitor?
            if let roles = route.roles {
                let found = try await self.visitor(request)
                guard roles.contains(found.token.role) else {
                    throw Problem(
                        403,
                        "forbidden",
                        "Not allowed",
                        "a token of role '\(found.token.role.rawValue)' may not "
                            + "\(request.method) \(route.path)"
                    )
                }
                visitor = found
            }
            return try await route.handler(
                self,
                Route.Call(request: request, values: values, visitor: visitor)
            )
        } catch {
            return error.response
        }
    }

    private func find(_ request: GatewayRequest) throws(Problem) -> (Route, [String: String]) {
        var allowed: [String] = []
        for route in Route.all {
            guard let values = route.values(of: request.path) else { continue }
            if route.method == request.method { return (route, values) }
            allowed.append(route.method)
        }
        guard allowed.isEmpty else {
            var problem = Problem(
                405,
                "method-not-allowed",
                "Method not allowed",
                "\(request.path) takes \(allowed.joined(separator: ", "))"
            )
            problem.headers = [("allow", allowed.joined(separator: ", "))]
            throw problem
        }
        throw Problem(404, "not-found", "Not found", "there is nothing at \(request.path)")
    }

    /// Who sent it, by the token in `Authorization: Bearer …`.
    private func visitor(_ request: GatewayRequest) async throws(Problem) -> Visitor {
        var problem = Problem(
            401,
            "unauthorized",
            "A token is needed",
            "send 'Authorization: Bearer TOKEN'; 'stepgate token create' makes one"
        )
        problem.headers = [("www-authenticate", "Bearer")]
        guard let header = request.headers["authorization"] else { throw problem }
        let parts = header.split(separator: " ", maxSplits: 1).map(String.init)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { throw problem }
        let token: AccessToken?
        do {
            token = try await store.token(AccessToken.digest(of: parts[1]))
        } catch {
            throw Problem(error)
        }
        guard let token, token.isValid(at: now()) else { throw Problem.badToken }
        return Visitor(token: token)
    }

    /// Throws when the token is no longer good, for what goes on long after it was shown.
    func check(_ visitor: Visitor) async throws(Problem) {
        let token: AccessToken?
        do {
            token = try await store.token(visitor.token.digest)
        } catch {
            throw Problem(error)
        }
        guard token?.isValid(at: now()) == true else { throw Problem.badToken }
    }

    func readiness() async throws(Problem) -> GatewayResponse {
        do {
            let head = try await store.head()
            return .json(["status": "ready", "head": .string(head.description)])
        } catch {
            throw Problem(error)
        }
    }

    func policies(_ call: Route.Call) -> GatewayResponse {
        let live = service.engine.live
        let policies = live.workspace.policies.values.sorted { $0.name < $1.name }
            .filter { call.visitor?.token.covers($0.name) ?? false }
        return .json([
            "release": .string(live.digest.hex),
            "policies": .array(
                policies.map { policy in
                    [
                        "policy": .string(policy.name),
                        "title": policy.title.map(JSON.string) ?? .null,
                        "owner": policy.owner.map(JSON.string) ?? .null,
                        "autonomy": .string(policy.autonomy.rawValue),
                        "input": policy.input.document, "output": policy.output.document,
                    ]
                }
            ),
        ])
    }
}

extension Problem {
    fileprivate static var badToken: Problem {
        var problem = Problem(
            401,
            "unauthorized",
            "This token is not good",
            "it is unknown, expired or revoked"
        )
        problem.headers = [("www-authenticate", #"Bearer error="invalid_token""#)]
        return problem
    }

    /// The store did not answer; nothing was acknowledged.
    init(_ error: StoreError) {
        self.init(503, "unavailable", "The store does not answer", error.message)
        headers = [("retry-after", "1")]
    }

    init(_ error: EngineError) {
        switch error.code {
        case .unknown: self.init(404, "not-found", "Not found", error.message)
        case .invalid: self.init(422, "invalid-output", "It does not fit", error.message)
        case .refused: self.init(409, "refused", "This does not count", error.message)
        case .busy, .store:
            self.init(503, "unavailable", "Not now", error.message)
            headers = [("retry-after", "1")]
        case .release:
            self.init(500, "release", "The decision's release cannot be loaded", error.message)
        }
    }
}
