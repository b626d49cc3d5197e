/// Why a file could not be used: the path, what was tried, and the system's reason.
package struct FileError: Error, Sendable, Equatable {
    package enum Code: Sendable, Equatable {
        case missing
        case notPermitted
        case isFolder
        case exists
        case full
        case other
    }

    package let code: Code
    package let path: String
    /// One sentence: what was tried and why it failed.
    package let message: String

    package init(_ code: Code, path: String, message: String) {
        self.code = code
        self.path = path
        self.message = message
    }
}
