internal import Glibc

/// Why a server could not start.
package struct HTTPServerError: Error, Sendable, Equatable {
    /// What stands in the way, for a caller that knows where it came from.
    package enum Cause: Sendable, Equatable {
        case address
        case certificate
        case key
        case openFiles
    }

    package let cause: Cause
    /// One sentence with what is wrong and what to do.
    package let message: String

    init(noAddress address: String) {
        cause = .address
        message = "'\(address)' is no IPv4 address: give one such as 127.0.0.1"
    }

    /// What `errno` said when listening failed, as a number and in words.
    init(address: String, port: UInt16, code: Int32, reason: String) {
        let remedy =
            switch code {
            case EADDRINUSE: "stop what uses it, or choose another port"
            case EACCES: "choose another port, from 1024 up"
            case EADDRNOTAVAIL: "choose an address of this machine"
            default: "choose another address or port"
            }
        cause = .address
        message = "cannot listen on \(address):\(port) (\(reason)): \(remedy)"
    }

    init(openFiles: Int, needed: Int) {
        cause = .openFiles
        message =
            "the process may open \(openFiles) files, and the server needs \(needed): raise the "
            + "limit (ulimit -n)"
    }

    init(certificate reason: String) {
        cause = .certificate
        message = "the certificate \(reason)"
    }

    init(key reason: String) {
        cause = .key
        message = "the key \(reason)"
    }
}
