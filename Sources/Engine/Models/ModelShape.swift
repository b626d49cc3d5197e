package import Autonomy

/// A provider's wire format: a request value to bytes, and bytes to a reply value.
///
/// Pure; one file each, with recorded exchanges beside its tests. A shape never sees the network,
/// and sees a key only as a `Secret` to put into a header.
package protocol ModelShape: Sendable {
    /// Below the endpoint's URL, with a leading slash.
    var path: String { get }
    /// Whether one request can ask for several samples; without, `vote` makes a call for each.
    var takesSeveralSamples: Bool { get }
    /// What the policy wants and this shape cannot give, one sentence each; for the check at load.
    func problems(output: OutputForm, confidence: ConfidenceClause) -> [String]
    /// The headers that a key, if there is one, travels in.
    func headers(key: Secret?) -> [HTTPHeader]
    /// The body of the request.
    func encode(_ request: ModelRequest, model: String) throws(ModelError) -> [UInt8]
    /// The reply to that request, whatever the server sent.
    func decode(_ reply: HTTPReply, to request: ModelRequest) -> ModelReply
}

extension ModelShape {
    package var takesSeveralSamples: Bool { false }

    /// As most providers take it.
    package func headers(key: Secret?) -> [HTTPHeader] {
        key.map { [HTTPHeader("authorization", prefix: "Bearer ", $0)] } ?? []
    }
}

/// The wire formats by the names that `stepgate.yaml` gives them.
package typealias Shape = ModelDefinition.Shape

extension ModelDefinition.Shape {
    /// The format itself; `structured` is how it is held to the schema, where it has a choice.
    package func coding(_ structured: ModelDefinition.Structured = .format) -> any ModelShape {
        switch self {
        case .chat: ChatShape()
        case .responses: ResponsesShape()
        case .decisions: DecisionsShape()
        case .systemone: SystemOneShape()
        case .messages: MessagesShape(structured: structured)
        }
    }

    /// What the policy wants and this shape cannot give, one sentence each; empty when all is well.
    package func problems(output: OutputForm, confidence: ConfidenceClause) -> [String] {
        coding().problems(output: output, confidence: confidence)
    }
}
