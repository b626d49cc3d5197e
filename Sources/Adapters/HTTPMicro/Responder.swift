internal import Synchronization

/// The one chance to answer a request, at once or later and from any thread.
///
/// Dropped without an answer, it answers 500, so that no client waits for ever.
package final class Responder: Sendable {
    private let exchange: Mutex<Exchange?>
    /// The server's thread that a `brief` request came on, for its task to prefer; else nothing.
    package let thread: (any TaskExecutor)?

    init(_ exchange: Exchange) {
        self.exchange = Mutex(exchange)
        thread = exchange.thread
    }

    /// Answers; a second answer is passed over.
    package func respond(_ response: HTTPResponse) { take()?.answer(.whole(response)) }

    /// Answers that the server is stopping, as a problem.
    package func refuse() { respond(ServerProblem.stopping) }

    /// Sends status and headers (and the body there is), and gives what the rest is written to.
    ///
    /// Without a length: in chunks, or for HTTP/1.0 until the connection closes. A body that is
    /// still being streamed in is passed over first. After another answer nobody hears it.
    package func stream(_ head: HTTPResponse) -> HTTPResponseStream {
        let exchange = take()
        let isTaken = exchange?.answer(.streamed(head)) ?? false
        return HTTPResponseStream(isTaken ? exchange : nil)
    }

    deinit { take()?.answer(.whole(ServerProblem.noAnswer)) }

    private func take() -> Exchange? {
        exchange.withLock { exchange in
            defer { exchange = nil }
            return exchange
        }
    }
}
