/// The bounds of callbacks.
package enum Limits {
    /// Bytes of a callback's URL.
    package static let urlBytes = 2_048
    /// Bytes of a message; a larger one says only where its decision is.
    package static let messageBytes = 20_000
    /// Characters that are kept of why an attempt failed.
    package static let errorCharacters = 300
    /// The longest wait that a receiver may ask for.
    package static let receiverWait = Duration.seconds(86_400)
}
