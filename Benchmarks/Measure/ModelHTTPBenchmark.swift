internal import HTTPMicro
internal import Synchronization

/// What a model decision over HTTP takes beside the model: through `stepgate serve` against calling
/// the practice model directly with the bytes that `serve` sends it, on one connection.
enum ModelHTTPBenchmark {
    private static let rounds = 5
    /// No number of a round: found again in what the server sends.
    private static let captured = 4_000_000_001
    private static let input =
        #"{"message":"My parcel \#(Load.number) has not arrived, when will it come?","#
        + #""customer":{"id":"C-\#(Load.number)","tier":"standard"}}"#

    static func run(program: String, _ progress: Progress) async throws -> Report {
        let scratch = try Scratch()
        let workspace = try await BenchWorkspace(scratch, "shop", program: program)
        progress.show("model over HTTP: what the server sends")
        let sent = try capture(workspace)
        let practice = try workspace.practice()
        try workspace.point(at: practice.port)
        let served = try workspace.serve()
        defer {
            served.child.end()
            practice.child.end()
        }
        var first = 0
        var direct = Load(port: practice.port, request: sent, seconds: 0.3)
        var through = Load(
            port: served.port,
            request: workspace.decide("message-triage", input),
            seconds: 0.3
        )
        _ = try HTTPBenchmark.valid(direct.run(from: &first))
        _ = try HTTPBenchmark.valid(through.run(from: &first))
        (direct.seconds, through.seconds) = (1, 2)
        var floors = Rounds()
        var subjects = Rounds()
        for round in 1...rounds {
            progress.show("model over HTTP: round \(round) of \(rounds)")
            try floors.add(direct, practice.child, &first)
            try subjects.add(through, served.child, &first)
        }
        let figures = [("p50", 0.5, 300.0), ("p99", 0.99, 1_000)].map { name, share, goal in
            Figure(
                "model decision over HTTP, 1 conn, \(name)",
                unit: "us",
                floor: floors.microseconds(at: share),
                subject: subjects.microseconds(at: share),
                goal: .addedUnder(goal)
            )
        }
        return Report(
            figures: figures,
            loads: [
                try floors.row("practice model, direct"), try subjects.row("through serve, 1 conn"),
            ]
        )
    }

    /// The request that `serve` makes of one decision, with marks where the number was.
    private static func capture(_ workspace: BenchWorkspace) throws -> String {
        let heard = Heard()
        let server = try HTTPServer(port: 0) { request, responder in
            heard.note(request)
            responder.respond(HTTPResponse(status: 400))
        }
        defer { server.stop() }
        try workspace.point(at: server.port)
        let served = try workspace.serve()
        defer { served.child.end() }
        var load = Load(
            port: served.port,
            request: workspace.decide("message-triage", input),
            seconds: 1
        )
        (load.most, load.patience) = (1, 1)
        var first = captured
        _ = load.run(from: &first)
        guard let request = heard.request else {
            throw InvalidRun("the model was not asked")
        }
        let parts = String(decoding: request.body, as: UTF8.self)
            .split(separator: "\(captured)", omittingEmptySubsequences: false)
        guard parts.count > 1 else {
            throw InvalidRun("the model was not asked about the message")
        }
        return Load.request(
            request.method,
            request.path,
            body: parts.joined(separator: Load.number)
        )
    }

    /// The first request a server heard.
    private final class Heard: Sendable {
        private let first = Mutex<HTTPRequest?>(nil)

        var request: HTTPRequest? { first.withLock { $0 } }

        func note(_ request: HTTPRequest) {
            first.withLock { if $0 == nil { $0 = request } }
        }
    }
}
