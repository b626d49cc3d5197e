package import Autonomy

/// A provider's wire format: a request value to bytes, and bytes to a reply value.
///
/// Pure; one file each, with recorded exchanges beside its tests. A shape never sees the network,
/// and sees a key only as a `Secret` to put into a header.
package protocol ModelShape: Sendable {
    /// Below the endpoint's URL, with a leading slash.
    var path: String { get }
    /// The confidence that its answers can carry.
    var signals: Set<ConfidenceSignal> { get }
    /// What the policy wants and this shape cannot give, one sentence each; for the check at load.
    func problems(output: OutputForm, confidence: ConfidenceClause) -> [String]
    /// The headers that a key, if there is one, travels in.
    func headers(key: Secret?) -> [HTTPHeader]
    /// The body of the request.
    func encode(_ request: ModelRequest, model: String) throws(ModelError) -> [UInt8]
    /// The reply to that request, whatever the server sent.
    func decode(_ reply: HTTPReply, to request: ModelRequest) -> ModelReply
}

/// The wire formats by the names that `stepgate.yaml` gives them.
package enum Shape: String, Sendable, CaseIterable {
    case chat
    case decisions

    package var coding: any ModelShape {
        switch self {
        case .chat: ChatShape()
        case .decisions: DecisionsShape()
        }
    }

    /// The confidence that answers of this shape can carry.
    package var capabilities: Set<ConfidenceSignal> { coding.signals }

    /// What the policy wants and this shape cannot give, one sentence each; empty when all is well.
    package func problems(output: OutputForm, confidence: ConfidenceClause) -> [String] {
        coding.problems(output: output, confidence: confidence)
    }
}
