/// A request's body as it comes in, whatever server takes it in.
///
/// One reader at a time. `read` gives what has arrived, nothing at the end, and gives up when
/// its task is cancelled: an answer may be due before the body is there.
package struct GatewayBody: AsyncSequence, Sendable {
    package typealias Element = [UInt8]

    /// Why a body is not there whole.
    package enum Failure: Error, Sendable, Equatable {
        /// The client went away.
        case cut
        /// The server takes no more of it.
        case tooLarge
    }

    /// The one reader of a body.
    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let read: @Sendable () async throws(Failure) -> [UInt8]?

        /// What has arrived since the last call; nothing at the end.
        package mutating func next() async throws(Failure) -> [UInt8]? { try await read() }

        /// The same on the caller's actor.
        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(Failure) -> [UInt8]? {
            try await read()
        }
    }

    private let read: @Sendable () async throws(Failure) -> [UInt8]?

    package init(_ read: @escaping @Sendable () async throws(Failure) -> [UInt8]?) {
        self.read = read
    }

    /// Reads on from where the last reader stopped.
    package func makeAsyncIterator() -> Iterator { Iterator(read: read) }
}

/// Where a streamed answer goes.
package struct GatewayWriter: Sendable {
    private let send: @Sendable ([UInt8]) async -> Bool

    package init(_ send: @escaping @Sendable ([UInt8]) async -> Bool) { self.send = send }

    /// Hands the bytes on, waiting while the client is slower; false once it is gone.
    package func write(_ bytes: [UInt8]) async -> Bool { await send(bytes) }
}
