internal import Access
internal import Values

/// One thing the gateway does: where it is asked for, by whom, with what, and how it is done.
///
/// This table routes, guards and documents: a request that matches no row is a 404, what does not
/// fit a row's schemas never reaches its handler, and `/v1/openapi.json` is made of the rows. A
/// row without roles is open to everyone and must say why.
struct Route: Sendable {
    typealias Handler =
        @Sendable (Gateway, Call) async throws(Problem) -> GatewayResponse

    /// A request that was let in: it fits the row's schemas.
    struct Call: Sendable {
        let request: GatewayRequest
        /// The values of the path's `{names}`.
        let values: [String: String]
        /// By name, read as their schemas say; a list for what may be given several times.
        let query: [String: JSON]
        /// Null when there is none.
        let body: JSON
        /// Nothing on the routes that are open to everyone.
        let visitor: Visitor?
        /// What is told of the request once it is answered.
        var notes = RequestNotes()
    }

    enum Tag: String, Sendable, CaseIterable {
        case decisions, runs, work, reviews, policies, flows, releases, models, service
    }

    let method: String
    /// With `{name}` for a part that varies.
    let path: String
    /// Nothing for what is open to everyone.
    let roles: Set<Role>?
    /// The name that generated clients give their function.
    let operation: String
    let tag: Tag
    let summary: String
    var detail: String? = nil
    /// The path's `{names}`, each once.
    var names: [Parameter] = []
    var query: [Parameter] = []
    var headers: [Header] = []
    /// Nothing when a body is not looked at.
    var body: Body? = nil
    let answers: [Answer]
    /// The problems of its own, beside those that follow from the rest of the row.
    var faults: [Fault] = []
    var pace = RequestPace.usual
    let handler: Handler
}

/// How a server best hands over a request.
package enum RequestPace: Sendable {
    case usual
    /// The work is a little at a time, so that it may stay on the server's own thread.
    case brief
    /// The body comes as `GatewayRequest.chunks` while it is read, so that who asks is known before.
    case streamed
}

extension Route {
    /// A part of the path, or an argument after the `?`.
    struct Parameter: Sendable {
        let name: String
        /// One of type `array` may be given several times; `format: uuid` is checked.
        let schema: JSON
        let description: String

        var isList: Bool { schema["type"] == "array" }
    }

    /// A header that the handler reads.
    struct Header: Sendable {
        let name: String
        let schema: JSON
        let description: String
        /// What it is told that sends one that does not fit.
        let fault: Fault
    }

    struct Body: Sendable {
        var contentType = "application/json"
        /// What else it may be called; the same all the same.
        var otherTypes: [String] = []
        /// Of the whole body, or of each line when it is no JSON by itself.
        let schema: JSON
        let description: String
        var isRequired = true

        /// Whether it is read and checked before the handler runs; otherwise the handler does.
        var isJSON: Bool { contentType == "application/json" }
    }

    /// What it says when it is done.
    struct Answer: Sendable {
        let status: Int
        let description: String
        var contentType = "application/json"
        let schema: JSON
        var headers: [AnswerHeader] = []
        var links: [Link] = []
    }

    /// An operation that goes on from an answer.
    struct Link: Sendable {
        let name: String
        let operation: String
        /// Where in the answer's body its `{id}` stands, as a JSON pointer.
        let id: String
    }

    enum AnswerHeader: String, Sendable, CaseIterable {
        case allow
        case location
        case preferenceApplied = "preference-applied"
        case retryAfter = "retry-after"
        case cacheControl = "cache-control"
        case accelBuffering = "x-accel-buffering"
        case release = "stepgate-release"
        case rateLimit = "ratelimit"
        case rateLimitPolicy = "ratelimit-policy"
        case wwwAuthenticate = "www-authenticate"
    }

    /// A problem it may answer with: its status, the last word of its type, and when.
    struct Fault: Sendable, Hashable {
        let status: Int
        let code: String
        let description: String

        init(_ status: Int, _ code: String, _ description: String) {
            self.status = status
            self.code = code
            self.description = description
        }
    }
}

extension Route {
    static let everyone: Set<Role> = [.agent, .operator, .reviewer, .admin]
    static let staff: Set<Role> = [.operator, .reviewer, .admin]
    static let judges: Set<Role> = [.reviewer, .admin]

    /// Every row.
    ///
    /// A new resource has a file of its own and is added here.
    static let all: [Route] =
        service + decisions + runs + runActs + work + models + reviews + policies + flows
        + releases
}
