import Access
import Gateway
import TestSupport
import Testing
import Values

/// What is not let in, and how it is told.
struct AdmissionTests {
    /// A request and the problem it comes to.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var method = "POST"
        var path = "/v1/decisions"
        var query: [(String, String)] = []
        var headers: [String: String] = [:]
        var body: String? = nil
        let status: Int
        let code: String
        var says = ""

        var testDescription: String { name }
    }

    private static let good = #"{"policy":"refund","input":{"amount":1}}"#
    private static let review = "/v1/reviews/019a9f3e-0000-7000-8000-000000000000"
    private static let long = String(repeating: "k", count: 256)

    static let cases = [
        Case(
            name: "text is no JSON",
            headers: ["content-type": "text/plain"],
            body: good,
            status: 415,
            code: "unsupported-media-type",
            says: "application/json"
        ),
        Case(
            name: "a body of no type",
            headers: ["content-type": ""],
            body: good,
            status: 415,
            code: "unsupported-media-type"
        ),
        Case(
            name: "Latin-1",
            headers: ["content-type": "application/json; charset=latin1"],
            body: good,
            status: 415,
            code: "unsupported-media-type"
        ),
        Case(name: "an empty body", status: 400, code: "invalid-json"),
        Case(
            name: "a body that breaks off",
            body: "{\n  \"policy\": ",
            status: 400,
            code: "invalid-json",
            says: "line 2, column"
        ),
        Case(
            name: "an integer that cannot be held exactly",
            body: #"{"policy":"refund","input":{"amount":-3937358000742656318615865786368}}"#,
            status: 422,
            code: "invalid-body",
            says: "in /input/amount"
        ),
        Case(
            name: "more levels than are followed",
            body: #"{"policy":"refund","input":"# + String(repeating: "[", count: 5_000),
            status: 422,
            code: "invalid-body"
        ),
        Case(
            name: "a member misspelt",
            body: #"{"polcy":"refund","input":{}}"#,
            status: 422,
            code: "invalid-body",
            says: "did you mean 'policy'?"
        ),
        Case(
            name: "every place is told",
            body: #"{"policy":1,"more":{}}"#,
            status: 422,
            code: "invalid-body",
            says: "/input: is missing"
        ),
        Case(
            name: "a key that is too long",
            headers: ["idempotency-key": long],
            body: good,
            status: 400,
            code: "invalid-key",
            says: "255"
        ),
        Case(
            name: "a key that is no ASCII",
            headers: ["idempotency-key": "k\u{FFFD}"],
            body: good,
            status: 400,
            code: "invalid-key"
        ),
        Case(
            name: "a wait that is no number",
            headers: ["prefer": "respond-async, wait=soon"],
            body: good,
            status: 400,
            code: "invalid-wait"
        ),
        Case(
            name: "an argument where there are none",
            query: [("dry", "1")],
            body: good,
            status: 400,
            code: "invalid-query"
        ),
        Case(
            name: "an argument twice",
            method: "GET",
            query: [("limit", "1"), ("limit", "2")],
            status: 400,
            code: "invalid-query",
            says: "twice"
        ),
        Case(
            name: "a number beyond its limit",
            method: "GET",
            query: [("limit", "501")],
            status: 400,
            code: "invalid-query",
            says: "at most 500"
        ),
        Case(
            name: "a number that is none",
            method: "GET",
            query: [("limit", "9999999999999999999999")],
            status: 400,
            code: "invalid-query"
        ),
        Case(
            name: "a state misspelt",
            method: "GET",
            query: [("state", "decided"), ("state", "reviw")],
            status: 400,
            code: "invalid-query",
            says: "did you mean 'review'?"
        ),
        Case(
            name: "a cursor that is none",
            method: "GET",
            query: [("cursor", "first")],
            status: 400,
            code: "invalid-query",
            says: "'next'"
        ),
        Case(
            name: "an act that needs a reason",
            path: "\(review):reject",
            body: #"{"reason":"  "}"#,
            status: 422,
            code: "invalid-body",
            says: "/reason"
        ),
        Case(
            name: "an act that needs nothing",
            path: "\(review):claim",
            body: #"{"output":1}"#,
            status: 422,
            code: "invalid-body"
        ),
        Case(name: "a method it has not", method: "TRACE", status: 405, code: "method-not-allowed"),
    ]

    @Test(arguments: cases) func `what does not fit its row is told why`(
        _ example: Case
    )
        async throws
    {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            var headers = example.headers
            headers["authorization"] = "Bearer \(world.secrets[.admin] ?? "")"
            if example.body != nil, headers["content-type"] == nil {
                headers["content-type"] = "application/json"
            }
            if headers["content-type"] == "" { headers["content-type"] = nil }
            let response = await world.handle(
                GatewayRequest(
                    method: example.method,
                    path: example.path,
                    query: example.query.map { ($0.0, $0.1) },
                    headers: headers,
                    body: Array((example.body ?? "").utf8)
                )
            )
            let problem = try JSON.read(response.body)
            #expect(response.status == example.status)
            #expect(problem["type"] == .string("urn:stepgate:problem:\(example.code)"))
            let detail = problem["detail"]?.string ?? ""
            #expect(example.says.isEmpty || detail.contains(example.says), "\(detail)")
            if [422].contains(example.status) {
                #expect(problem["errors"]?.array?.isEmpty == false)
            }
        }
    }

    @Test(arguments: [
        "wait=0", "respond-async, WAIT = 1", "waiting=now", "return=minimal", "\"k\"",
        "application/json;charset=UTF-8",
    ])
    func `what is unusual and yet usable is let in`(_ text: String) async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            try await world.serving {
                let name =
                    text.hasPrefix("app")
                    ? "content-type" : text.hasPrefix("\"") ? "idempotency-key" : "prefer"
                let answer = try await world.refund(5, as: .agent, [name: text])
                #expect(answer.status == 200)
            }
        }
    }

    @Test func `a path says what it takes, and HEAD is let in where GET is`() async throws {
        try await VirtualTime.run { time in
            let world = try await GatewayWorld(time)
            func send(_ method: String, _ path: String) async -> GatewayResponse {
                await world.handle(GatewayRequest(method: method, path: path))
            }
            let options = await send("OPTIONS", "/v1/decisions")
            #expect(options.status == 204)
            #expect(options.headers.first?.value == "POST, GET, HEAD, OPTIONS")
            #expect(await send("HEAD", "/healthz").status == 200)
            #expect(await send("HEAD", "/v1/policies").status == 401)
            let act = "/v1/reviews/019a9f3e-0000-7000-8000-000000000000:claim"
            #expect(await send("HEAD", act).status == 405)
            #expect(await send("GET", "/v1/decisions/").status == 404)
            #expect(await send("GET", "/v1/decisions/:withdraw").status == 404)
            #expect(await send("GET", "/v1/\u{301}decisions").status == 404)
            #expect(await send("GET", "").status == 404)
        }
    }
}
