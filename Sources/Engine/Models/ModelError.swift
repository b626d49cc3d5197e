/// Why a model cannot be asked at all; known when a workspace is loaded, or our own bug.
package enum ModelError: Error, Sendable, Equatable {
    /// The endpoint in `stepgate.yaml` is not usable.
    case endpoint(String)
    /// What the policy wants cannot be put to this shape; one sentence for each reason.
    case request([String])
    /// The key cannot be used or found; never holds the key.
    case secret(String)

    /// One sentence for a person.
    package var message: String {
        switch self {
        case .endpoint(let message), .secret(let message): message
        case .request(let messages): messages.joined(separator: "; ")
        }
    }
}
