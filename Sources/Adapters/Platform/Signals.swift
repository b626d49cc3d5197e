internal import Dispatch
internal import Glibc

/// What the system tells the process.
package enum Signals {
    /// An element when the process is asked to end (SIGTERM or SIGINT), instead of ending at once.
    ///
    /// To be made once; the process must then end by itself.
    package static func termination() -> AsyncStream<Void> {
        AsyncStream { continuation in
            let sources = Sources([SIGTERM, SIGINT]) { continuation.yield() }
            continuation.onTermination = { _ in sources.cancel() }
        }
    }

    /// Makes a reader that has gone and a file that may not grow errors to be answered, where the
    /// system would end the process.
    package static func outlive() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
    }

    /// The sources of some signals, which may be cancelled from any thread.
    private final class Sources: @unchecked Sendable {
        // Set once, and libdispatch's own sources are safe to use from anywhere.
        private let sources: [any DispatchSourceSignal]

        init(_ numbers: [Int32], _ handler: @escaping @Sendable () -> Void) {
            sources = numbers.map { number in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number)
                source.setEventHandler(handler: handler)
                source.resume()
                return source
            }
        }

        func cancel() { for source in sources { source.cancel() } }
    }
}
