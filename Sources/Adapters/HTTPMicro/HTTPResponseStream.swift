/// An answer whose status and headers are sent and whose body is written bit by bit.
///
/// Whoever drops it without `finish` cuts the answer, so that the client sees that its end is
/// missing.
package final class HTTPResponseStream: Sendable {
    /// Nothing when the request was answered otherwise.
    private let exchange: Exchange?

    init(_ exchange: Exchange?) { self.exchange = exchange }

    deinit { exchange?.cutReply() }

    /// Whether somebody may still hear what is written.
    package var isOpen: Bool { exchange?.isReplyOpen ?? false }

    /// Hands bytes over to be sent at once, and waits while more than
    /// `HTTPServerLimits.unsentBytes` are unsent.
    ///
    /// False when the client went away, the stream was finished, the server stops, or the task is
    /// cancelled while it waits.
    package func write(_ bytes: [UInt8]) async -> Bool {
        guard let exchange, let turn = exchange.write(bytes) else { return false }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { exchange.waitToWrite(turn, $0) }
        } onCancel: {
            exchange.cancelWrite(turn)
        }
    }

    /// Ends the answer once what was written is sent.
    package func finish() { exchange?.finishReply() }
}
