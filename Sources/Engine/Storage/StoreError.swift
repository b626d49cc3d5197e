/// Why a store did not do what it was asked.
package struct StoreError: Error, Sendable, Equatable {
    package enum Code: String, Sendable {
        /// Another engine has the store; the message names its process.
        case locked
        /// No file, no permission, or not a database of ours.
        case cannotOpen
        /// Written by a later Stepgate.
        case newerSchema
        /// The disk is full, broken or too slow; nothing was acknowledged.
        case unavailable
        /// More waits for the disk than may; nothing was written, and later it may be.
        case busy
        /// What was read is not what Stepgate writes.
        case corrupt
        /// The store was opened for reading only, or is closed.
        case notWritable
    }

    package let code: Code
    /// One sentence that says what to do next where that is known.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
