package import Access
internal import Autonomy
internal import Decisions
package import Engine
package import Storage
package import Telemetry
package import Values

/// The HTTP API: a function from a request to a response; sockets are elsewhere.
///
/// One object, since every request under way refers to it.
package final class Gateway: Sendable {
    let service: DecisionService
    let desk: ReviewDesk
    let decisionDesk: DecisionDesk
    let releaseDesk: ReleaseDesk
    let runDesk: RunDesk
    /// Where callers wait for runs and workers for work.
    let watch: RunWatch
    let store: any Store
    /// Whether results may be sent into private networks, this machine included.
    let allowsPrivateCallbacks: Bool
    let now: @Sendable () -> Instant
    let instruments: Instruments
    let gatekeeper: Gatekeeper

    /// `rate` is how often each token may ask that has no rate of its own; nothing means always.
    package init(
        service: DecisionService,
        desk: ReviewDesk,
        decisionDesk: DecisionDesk,
        releaseDesk: ReleaseDesk,
        runDesk: RunDesk,
        watch: RunWatch,
        store: any Store,
        allowsPrivateCallbacks: Bool = false,
        now: @escaping @Sendable () -> Instant,
        instruments: Instruments = .quiet(),
        rate: Rate? = nil
    ) {
        self.service = service
        self.desk = desk
        self.decisionDesk = decisionDesk
        self.releaseDesk = releaseDesk
        self.runDesk = runDesk
        self.watch = watch
        self.store = store
        self.allowsPrivateCallbacks = allowsPrivateCallbacks
        self.now = now
        self.instruments = instruments
        gatekeeper = Gatekeeper(store: store, standard: rate, now: now)
    }

    /// Bytes of one request's body; a server refuses more before it is read.
    package static let bodyLimit = Limits.bodyBytes

    /// The version of the program and of its API.
    package static let version = "0.1.0"

    /// Bytes of one request's body on the routes that take a stream.
    package static let streamedBodyLimit = Limits.batchBytes

    /// How a server best hands over such a request, which it may ask once the head is there.
    package static func pace(method: String, path: String) -> RequestPace {
        guard case .found(let endpoint, _) = RouteTable.live.find(method, path) else {
            return .usual
        }
        return endpoint.route.pace
    }

    /// Answers one request; never throws, and never answers before what it says is durable.
    package func handle(_ request: GatewayRequest) async -> GatewayResponse {
        let response = await begin(request)
        guard let later = response.later else { return response }
        return await later()
    }

    /// The same, but leaves the waiting, where there is any, to `GatewayResponse.later`.
    package func begin(_ request: GatewayRequest) async -> GatewayResponse {
        let began = instruments.uptime()
        let notes = RequestNotes()
        let method = request.method
        return await answer(request, notes).map { [self] response in
            let noted = notes.noted
            let lasted = instruments.uptime() - began
            observe(method, noted, status: response.status, lasted: lasted)
            return noted.headers.isEmpty ? response : response.adding(noted.headers)
        }
    }

    private func answer(_ request: GatewayRequest, _ notes: RequestNotes) async -> GatewayResponse {
        do throws(Problem) {
            switch RouteTable.live.find(request.method, request.path) {
            case .found(let endpoint, let values):
                return try await answer(request, by: endpoint, values, notes)
            case .otherMethods(let methods):
                return try other(request, methods.joined(separator: ", "))
            case .nothing:
                throw Problem(404, "not-found", "Not found", "there is nothing at \(request.path)")
            }
        } catch {
            notes.note(error)
            return error.response
        }
    }

    /// Which release is live and how it went live, so that each answer tells when that changes.
    private var liveHeader: (name: String, value: String) {
        ("stepgate-release", service.engine.liveName)
    }

    private func answer(
        _ request: GatewayRequest,
        by endpoint: RouteTable.Endpoint,
        _ values: [String: String],
        _ notes: RequestNotes
    ) async throws(Problem) -> GatewayResponse {
        let route = endpoint.route
        notes.note { $0.route = route.path }
        var visitor: Visitor?
        if let roles = route.roles {
            let found = try await self.visitor(request)
            notes.note { $0.token = found.token }
            let headers = try gatekeeper.take(1, of: found.token)
            notes.note { $0.headers = headers }
            guard roles.contains(found.token.role) else {
                throw Problem(
                    403,
                    "forbidden",
                    "Not allowed",
                    "a token of role '\(found.token.role.rawValue)' may not "
                        + "\(route.method) \(route.path)"
                )
            }
            visitor = found
        }
        var call = try endpoint.admission.call(request, values: values, visitor: visitor)
        call.notes = notes
        let isHead = request.method == "HEAD"
        let isOpen = visitor == nil
        return try await route.handler(self, call).map { [self] response in
            // The same as to GET, but for what would go on for ever.
            let response = isHead ? response.withoutStream : response
            return isOpen || response.status >= 400 ? response : response.adding([liveHeader])
        }
    }

    /// What a path says to a method that it has not: which it has.
    private func other(
        _ request: GatewayRequest,
        _ methods: String
    ) throws(Problem) -> GatewayResponse {
        if request.method == "OPTIONS" {
            return GatewayResponse(status: 204, headers: [("allow", methods)])
        }
        var problem = Problem(
            405,
            "method-not-allowed",
            "Method not allowed",
            "\(request.path) takes \(methods)"
        )
        problem.headers = [("allow", methods)]
        throw problem
    }

    /// Who sent it, by the token in `Authorization: Bearer …`.
    private func visitor(_ request: GatewayRequest) async throws(Problem) -> Visitor {
        guard let secret = bearer(request) else { throw Problem.noToken }
        guard let token = try await gatekeeper.token(secret) else { throw Problem.badToken }
        return Visitor(token: token)
    }

    /// The secret that was sent, by RFC 6750.
    private func bearer(_ request: GatewayRequest) -> String? {
        let parts = request.headers["authorization"]?.split(separator: " ", maxSplits: 1) ?? []
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
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
    fileprivate static var noToken: Problem {
        var problem = Problem(
            401,
            "unauthorized",
            "A token is needed",
            "send 'Authorization: Bearer TOKEN'; 'stepgate token create' makes one"
        )
        problem.headers = [("www-authenticate", "Bearer")]
        return problem
    }

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

    /// It cannot be done now, and was not begun.
    init(unavailable detail: String) {
        self.init(503, "unavailable", "Not now", detail)
        headers = [("retry-after", "1")]
    }

    init(_ error: EngineError) {
        switch error.code {
        case .unknown: self.init(404, "not-found", "Not found", error.message)
        case .invalid: self.init(422, "invalid-output", "It does not fit", error.message)
        case .refused: self.init(409, "refused", "This does not count", error.message)
        case .busy, .store:
            self.init(unavailable: error.message)
        case .release:
            self.init(500, "release", "The decision's release cannot be loaded", error.message)
        }
    }
}
