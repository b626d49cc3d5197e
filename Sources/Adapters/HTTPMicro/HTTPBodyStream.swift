/// A request's body as it comes, in pieces of any length, for one reader.
///
/// A reader that is slow makes the client wait: what the server keeps for it is bounded by
/// `HTTPServerLimits.aheadBytes`. The sequence ends only where the body did; every other end is an
/// `HTTPBodyError`. What is not read by the time the request is answered, or nobody holds the
/// stream, is passed over.
package final class HTTPBodyStream: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = HTTPBodyError

    private let exchange: Exchange

    init(_ exchange: Exchange) { self.exchange = exchange }

    deinit { exchange.dropBody() }

    /// Reads on from where the last reader stopped; two at once are a mistake.
    package func makeAsyncIterator() -> Iterator { Iterator(stream: self) }

    /// The one reader of a body.
    package struct Iterator: AsyncIteratorProtocol {
        let stream: HTTPBodyStream

        /// All that has come since the last call, or nothing once the body is over.
        package mutating func next() async throws(HTTPBodyError) -> [UInt8]? {
            try await stream.next()
        }

        /// The same on the caller's actor.
        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(HTTPBodyError) -> [UInt8]? {
            try await stream.next()
        }
    }

    /// All that has come since the last call, or nothing once the body is over.
    package func next() async throws(HTTPBodyError) -> [UInt8]? {
        let exchange = exchange
        let piece = await withTaskCancellationHandler {
            await withCheckedContinuation { exchange.read($0) }
        } onCancel: {
            exchange.cancelRead()
        }
        return try piece.get()
    }
}
