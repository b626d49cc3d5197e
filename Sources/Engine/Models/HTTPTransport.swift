/// The port through which models are reached; `HTTPCurl` is its adapter.
///
/// Any answer with a status is a reply. Cancelling the task that waits ends the exchange with
/// `cancelled`. No redirect is followed.
package protocol HTTPTransport: Sendable {
    func send(_ call: HTTPCall) async throws(TransportError) -> HTTPReply
}

/// Why there is no reply.
package struct TransportError: Error, Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The host's name has no address.
        case resolve
        /// Nothing accepts connections there.
        case connect
        /// The certificate or the handshake failed.
        case tls
        case timeout
        /// The connection ended before the answer did.
        case cut
        case tooLarge = "too-large"
        /// The host's address is not public, and the call may go to no other.
        case notPublic = "not-public"
        /// The caller gave up, or the transport was closed.
        case cancelled
        case other
    }

    package let kind: Kind
    /// One sentence that names host and port and says what to do; never holds a secret.
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
