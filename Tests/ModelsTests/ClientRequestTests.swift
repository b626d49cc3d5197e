import Autonomy
import Foundation
import Models
import Prompts
import Testing
import Values

/// A request as `Scripts/check-clients` sends it through an official client.
struct ClientRequest: CustomTestStringConvertible, Sendable {
    let shape: Shape
    var what: String
    let signal: ConfidenceSignal
    var messages = Self.question
    var sampling = Sampling()
    var property = "action"
    var structured = ModelDefinition.Structured.format

    var testDescription: String { "\(shape.rawValue)-\(what)" }

    private static let question = [text(.system, "Decide."), text(.user, "Where is it?")]
    private static let conversation = [
        text(.system, "Decide."), text(.system, "Be kind."), text(.user, "Where is it?"),
        text(.model, "Which one?"), text(.user, "The blue one."),
    ]

    private static func text(_ role: Message.Role, _ text: String) -> Message {
        Message(role: role, content: [.text(text)])
    }

    private static func picture(_ url: String) -> [Message] {
        let parts: [Message.Part] = [
            .text("See"), .section("later"), .media(url: url, contentType: "image/png"),
        ]
        return [text(.system, "Decide."), Message(role: .user, content: parts)]
    }

    /// The shapes that an official client speaks.
    static let shapes: [Shape] = [.chat, .responses, .messages, .decisions]

    static let all = shapes.flatMap { shape -> [ClientRequest] in
        let requests = every(shape)
        guard shape == .messages else { return requests }
        return requests
            + requests.map { request in
                var forced = request
                forced.what = "tool-\(request.what)"
                forced.structured = .tool
                return forced
            }
    }

    private static func every(_ shape: Shape) -> [ClientRequest] {
        let signals = ConfidenceSignal.allCases.filter(shape.signals.contains)
        let requests = signals.map { signal in
            ClientRequest(
                shape: shape,
                what: signal.rawValue,
                signal: signal,
                property: signal == .stated ? "sure" : "action"
            )
        }
        let usual = signals[0]
        let more = [
            ClientRequest(
                shape: shape,
                what: "conversation",
                signal: usual,
                messages: conversation
            ),
            ClientRequest(shape: shape, what: "boolean", signal: usual, property: "urgent"),
            ClientRequest(shape: shape, what: "described", signal: usual, property: "tone"),
        ]
        return requests + more + (shape.takesPictures ? prose(shape, usual) : [])
    }

    /// What only models that write prose take.
    private static func prose(_ shape: Shape, _ usual: ConfidenceSignal) -> [ClientRequest] {
        let data = "data:image/png;base64,iVBORw0KGgo="
        let stop = shape == .responses ? [] : ["END", "STOP"]
        let bounded = Sampling(
            temperature: .exactly(0.3),
            topP: 0.9,
            maximumOutputTokens: 200,
            stop: stop
        )
        let free = Sampling(temperature: .server)
        return [
            ClientRequest(
                shape: shape,
                what: "picture-url",
                signal: usual,
                messages: picture("https://example.com/p.png")
            ),
            ClientRequest(
                shape: shape,
                what: "picture-data",
                signal: usual,
                messages: picture(data)
            ),
            ClientRequest(shape: shape, what: "sampling", signal: usual, sampling: bounded),
            ClientRequest(shape: shape, what: "no-temperature", signal: usual, sampling: free),
        ]
    }

    func body() throws -> [UInt8] {
        let coding = shape.coding(structured)
        let several = signal == .vote && coding.takesSeveralSamples
        let request = ModelRequest(
            messages: messages,
            output: OutputForm(name: "refund triage", schema: try Schema(schema)),
            confidence: ConfidenceClause(from: signal, of: property, samples: several ? 5 : 1),
            sampling: sampling
        )
        return try coding.encode(request, model: "banker-1")
    }

    private var schema: JSON {
        [
            "type": "object",
            "properties": [
                "action": ["enum": ["refund", "replace", "reject"]],
                "urgent": ["type": "boolean", "description": "Whether it cannot wait"],
                "tone": [
                    "oneOf": [
                        ["const": "calm", "description": "Patient words"], ["const": "angry"],
                    ]
                ],
                "sure": ["type": "number", "minimum": 0, "maximum": 1],
                "items": [
                    "type": "array", "maxItems": 5,
                    "items": [
                        "type": "object",
                        "properties": ["name": ["type": "string", "minLength": 1]],
                        "required": ["name"],
                    ],
                ],
            ],
            "required": [.string(property)],
            "additionalProperties": false,
        ]
    }
}

/// Writes requests for the official clients to judge.
struct ClientRequestTests {
    static let folder = ProcessInfo.processInfo.environment["STEPGATE_REQUESTS"]
    static let runner: Comment = "run by Scripts/check-clients"

    private func write(_ bytes: [UInt8], _ name: String) throws {
        let folder = URL(filePath: try #require(Self.folder))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: folder.appending(path: "\(name).json"))
    }

    @Test(.enabled(if: Self.folder != nil, Self.runner), arguments: ClientRequest.all)
    func `a request is written for its client`(_ request: ClientRequest) throws {
        try write(try request.body(), request.testDescription)
    }

    @Test(.enabled(if: Self.folder != nil, Self.runner), arguments: ClientRequest.shapes)
    func `a shape's path and headers are written for its client`(_ shape: Shape) throws {
        let coding = shape.coding()
        let headers = coding.headers(key: try Secret("sk-1")).map { JSON.string($0.name) }
        let place: JSON = ["path": .string(coding.path), "headers": .array(headers)]
        try write(Array(place.compactText.utf8), shape.rawValue)
    }
}
