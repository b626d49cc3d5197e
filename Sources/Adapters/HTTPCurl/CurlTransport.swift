internal import Foundation
package import Models
internal import Synchronization

/// Exchanges over libcurl: any number in flight on one thread, connections kept for the next.
///
/// HTTP/2 is used where a server offers it over TLS, proxies as libcurl reads them from the
/// environment, but for calls that go direct; redirects are not followed and only `http` and `https`
/// are spoken. The thread begins with the value and ends with `close()` or when the last reference
/// goes.
package final class CurlTransport: HTTPTransport {
    private let loop = CurlLoop()

    package init() {
        let loop = loop
        let thread = Thread { loop.run() }
        thread.name = "stepgate-http"
        thread.start()
    }

    deinit { loop.close() }

    package func send(_ call: HTTPCall) async throws(TransportError) -> HTTPReply {
        let ticket = Ticket()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.submit(Submission(ticket: ticket, call: call, continuation: continuation))
            }
        } onCancel: {
            loop.cancel(ticket)
        }
        return try result.get()
    }

    /// Fails what is in flight with `cancelled`, and everything sent later.
    package func close() { loop.close() }
}

/// Names one exchange to both threads.
final class Ticket: Sendable {
    private let cancelled = Atomic(false)

    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    func cancel() { cancelled.store(true, ordering: .releasing) }
}

/// An exchange on its way to the thread.
struct Submission: Sendable {
    typealias Outcome = Result<HTTPReply, TransportError>

    let ticket: Ticket
    let call: HTTPCall
    let continuation: CheckedContinuation<Outcome, Never>
}
