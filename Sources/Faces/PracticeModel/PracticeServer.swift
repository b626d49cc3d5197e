package import HTTPMicro
internal import Values

/// The classifier behind the shapes `chat` and `decisions`, as a real model server answers them.
package struct PracticeServer: Sendable {
    package static let modelName = "practice-1"

    /// What a client asked wrongly, in the words of the answer.
    struct Refusal: Error {
        let status: Int
        let message: String

        init(_ message: String, status: Int = 400) {
            self.message = message
            self.status = status
        }
    }

    let classifier: Classifier
    let draws: Draws

    /// `seed` makes the samples of a `vote` repeatable.
    package init(_ classifier: Classifier, seed: UInt64) {
        self.classifier = classifier
        draws = Draws(seed: seed)
    }

    /// Listens until the server is stopped or let go of.
    package func start(
        address: String = "127.0.0.1",
        port: UInt16
    ) throws(HTTPServerError) -> HTTPServer {
        var limits = HTTPServerLimits()
        limits.bodyBytes = Limits.bodyBytes
        return try HTTPServer(address: address, port: port, limits: limits) { request, responder in
            responder.respond(handle(request))
        }
    }

    /// Answers one request; pure but for the draws of sampled answers.
    package func handle(_ request: HTTPRequest) -> HTTPResponse {
        do throws(Refusal) {
            switch (request.method, request.path) {
            case ("GET", "/v1/models"): return Self.json(200, models)
            case ("POST", "/v1/chat/completions"):
                return Self.json(200, try chat(try body(of: request)))
            case ("POST", "/v1/decisions"):
                return Self.json(200, try decisions(try body(of: request)))
            default:
                let place = "\(request.method) \(request.path)"
                throw Refusal("there is nothing at \(place)", status: 404)
            }
        } catch {
            return Self.json(error.status, Self.problem(error))
        }
    }

    private var models: JSON {
        [
            "object": "list",
            "data": [
                ["id": .string(Self.modelName), "object": "model", "owned_by": "stepgate"]
            ],
        ]
    }

    /// The body as JSON, once it names the model that is here.
    private func body(of request: HTTPRequest) throws(Refusal) -> JSON {
        let body: JSON
        do {
            body = try JSON.read(request.body)
        } catch {
            throw Refusal("the body is not JSON: \(error)")
        }
        guard let model = body["model"]?.string else {
            throw Refusal("'model' is required: \(Self.modelName)")
        }
        guard model == Self.modelName else {
            throw Refusal("there is no model '\(model)' here, only \(Self.modelName)", status: 404)
        }
        return body
    }

    private static func problem(_ refusal: Refusal) -> JSON {
        [
            "error": [
                "message": .string(refusal.message), "type": "invalid_request_error",
                "param": nil, "code": nil,
            ]
        ]
    }

    private static func json(_ status: Int, _ body: JSON) -> HTTPResponse {
        HTTPResponse(
            status: status,
            headers: [("content-type", "application/json")],
            body: Array(body.compactText.utf8)
        )
    }

    static func best(_ p: [Double]) -> Int {
        p.indices.max { p[$0] < p[$1] } ?? 0
    }
}
