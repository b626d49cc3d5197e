internal import Access
internal import Decisions
internal import Values

/// A request as the gateway sees it, whatever server took it in.
package struct GatewayRequest: Sendable {
    package let method: String
    /// Decoded, without the query.
    package let path: String
    package let query: [(name: String, value: String)]
    /// By lower-case name.
    package let headers: [String: String]
    package let body: [UInt8]
    /// The body as it comes in, in the place of `body`, where `Gateway.pace` says so.
    package let chunks: GatewayBody?

    package init(
        method: String,
        path: String,
        query: [(name: String, value: String)] = [],
        headers: [String: String] = [:],
        body: [UInt8] = [],
        chunks: GatewayBody? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.chunks = chunks
    }
}

/// What the gateway answers.
package struct GatewayResponse: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    /// Writes the body piece by piece, in the place of `body`; called once at most, and over when
    /// it returns.
    package let stream: Stream?

    package typealias Stream = @Sendable (GatewayWriter) async -> Void

    /// Waits and then gives the answer, in the place of everything else here; called once.
    ///
    /// To be called by a task of its own: a task keeps the memory of its deepest call until it ends,
    /// which for thousands that wait is most of what they cost.
    package let later: Later?

    package typealias Later = @Sendable () async -> GatewayResponse

    package init(
        status: Int,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        stream: Stream? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.stream = stream
        later = nil
    }

    /// An answer that is not there yet.
    init(later: @escaping Later) {
        status = 0
        headers = []
        body = []
        stream = nil
        self.later = later
    }

    /// The same answer, changed once it is there.
    func map(
        _ change: @escaping @Sendable (GatewayResponse) -> GatewayResponse
    ) -> GatewayResponse {
        guard let later else { return change(self) }
        return GatewayResponse(later: { change(await later()) })
    }

    var withoutStream: GatewayResponse {
        GatewayResponse(status: status, headers: headers, body: body)
    }

    func adding(_ more: [(name: String, value: String)]) -> GatewayResponse {
        GatewayResponse(status: status, headers: headers + more, body: body, stream: stream)
    }

    static func json(
        _ value: JSON,
        status: Int = 200,
        headers: [(name: String, value: String)] = []
    ) -> GatewayResponse {
        var bytes: [UInt8] = []
        value.appendCompact(to: &bytes)
        return GatewayResponse(
            status: status,
            headers: [("content-type", "application/json")] + headers,
            body: bytes
        )
    }
}

/// Why a request is not done: an RFC 9457 problem.
struct Problem: Error, Sendable {
    let status: Int
    /// The last part of the problem's type, one stable word.
    let code: String
    let title: String
    let detail: String
    /// What is wrong where: JSON pointers with a sentence each.
    var failures: [SchemaFailure] = []
    var headers: [(name: String, value: String)] = []

    init(_ status: Int, _ code: String, _ title: String, _ detail: String) {
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
    }

    /// What a list was asked for cannot be read.
    init(query detail: String) {
        self.init(400, "invalid-query", "The query is not usable", detail)
    }

    /// What does not fit its schema; nothing where all does.
    init?(misfit failures: [SchemaFailure], of what: String) {
        guard let first = failures.first else { return nil }
        let isOther = first.pointer.tokens.isEmpty && first.keyword == "type"
        self.init(
            isOther ? 400 : 422,
            "invalid-body",
            "The \(what) does not fit",
            failures.map(\.description).joined(separator: "; ")
        )
        self.failures = failures
    }

    var document: JSON {
        var members: [JSONObject.Member] = [
            .init("type", .string("urn:stepgate:problem:\(code)")), .init("title", .string(title)),
            .init("status", .int(Int64(status))), .init("detail", .string(detail)),
        ]
        if !failures.isEmpty {
            let errors = failures.map { failure -> JSON in
                [
                    "pointer": .string(failure.pointer.description),
                    "detail": .string(failure.message),
                ]
            }
            members.append(.init("errors", .array(errors)))
        }
        return .object(JSONObject(uniqueMembers: members))
    }

    var response: GatewayResponse {
        var bytes: [UInt8] = []
        document.appendCompact(to: &bytes)
        return GatewayResponse(
            status: status,
            headers: [("content-type", "application/problem+json")] + headers,
            body: bytes
        )
    }
}

/// Who asks, once their token was found good.
struct Visitor: Sendable {
    let token: AccessToken

    var name: String { token.name }

    /// Whether a decision is there for them: of their policies, and for an agent their own.
    func sees(_ record: DecisionRecord) -> Bool {
        token.covers(record.policy) && (token.role != .agent || record.caller == name)
    }
}
