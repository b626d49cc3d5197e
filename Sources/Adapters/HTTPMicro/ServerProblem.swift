internal import Values

/// What the server itself answers when no handler does: RFC 9457 problems.
enum ServerProblem {
    static func unreadable(_ detail: String) -> HTTPResponse {
        problem(400, "malformed", "The request cannot be read", detail, closing: true)
    }

    static func tooLarge(_ limit: Int, closing: Bool) -> HTTPResponse {
        problem(
            413,
            "too-large",
            "The body is too large",
            "A body has at most \(limit) bytes here.",
            closing: closing
        )
    }

    static func tooManyHeaders(_ limit: Int) -> HTTPResponse {
        problem(
            431,
            "too-many-headers",
            "The request has too many headers",
            "A request has at most \(limit) headers here.",
            closing: true
        )
    }

    static let unknownCoding = problem(
        501,
        "unknown-coding",
        "The body's transfer coding is not known",
        "Send the body with a Content-Length, or as 'Transfer-Encoding: chunked'.",
        closing: true
    )

    static let noAnswer = problem(
        500,
        "no-answer",
        "The request was not answered",
        "What should have answered it ended without an answer."
    )

    static let stopping = problem(
        503,
        "unavailable",
        "The server is stopping",
        "Ask again in a moment.",
        headers: [("retry-after", "1")]
    )

    static let tooManyConnections = problem(
        503,
        "too-many-connections",
        "The server has too many connections",
        "Ask again in a moment, on a connection that is kept.",
        headers: [("retry-after", "1")],
        closing: true
    )

    private static func problem(
        _ status: Int,
        _ code: String,
        _ title: String,
        _ detail: String,
        headers: [(name: String, value: String)] = [],
        closing: Bool = false
    ) -> HTTPResponse {
        let body: JSON = [
            "type": .string("urn:stepgate:problem:\(code)"), "title": .string(title),
            "status": .int(Int64(status)), "detail": .string(detail),
        ]
        let connection = closing ? [(name: "connection", value: "close")] : []
        return HTTPResponse(
            status: status,
            headers: [("content-type", "application/problem+json")] + headers + connection,
            body: Array(body.compactText.utf8)
        )
    }
}
