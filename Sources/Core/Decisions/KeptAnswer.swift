package import Values

/// An answer that may be given again to the very same request.
package struct KeptAnswer: Sendable, Equatable {
    /// SHA-256 of the endpoint's URL and the request's body, which names the model.
    package let key: Digest
    /// The model as the server resolved it; another version's answers are not given again.
    package let version: String
    /// The server's body, as it came.
    package let body: [UInt8]
    package let keptAt: Instant
    package let expiresAt: Instant

    package init(
        key: Digest,
        version: String,
        body: [UInt8],
        keptAt: Instant,
        expiresAt: Instant
    ) {
        self.key = key
        self.version = version
        self.body = body
        self.keptAt = keptAt
        self.expiresAt = expiresAt
    }
}
