internal import Synchronization

/// The one chance to answer a request, at once or later and from any thread.
///
/// Dropped without an answer, it answers 500, so that no client waits for ever.
package final class Responder: Sendable {
    private let answer: Mutex<(@Sendable (HTTPResponse) -> Void)?>

    init(_ answer: @escaping @Sendable (HTTPResponse) -> Void) { self.answer = Mutex(answer) }

    /// Answers; a second answer is passed over.
    package func respond(_ response: HTTPResponse) {
        let first = answer.withLock { answer in
            defer { answer = nil }
            return answer
        }
        first?(response)
    }

    deinit {
        let first = answer.withLock { answer in
            defer { answer = nil }
            return answer
        }
        first?(HTTPResponse(status: 500))
    }
}
