internal import Glibc

/// Why a server could not start.
package struct HTTPServerError: Error, Sendable, Equatable {
    /// One sentence with the address and what to do.
    package let message: String

    init(noAddress address: String) {
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
        message = "cannot listen on \(address):\(port) (\(reason)): \(remedy)"
    }
}
