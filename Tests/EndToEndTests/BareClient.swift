import Foundation

/// One connection on a bare socket, so that a test sees how an answer ended.
final class BareClient {
    enum Answer {
        case whole
        /// It began and did not end.
        case cut
        /// The connection ended, or was silent for half a minute, before any began.
        case none
    }

    private let descriptor: Int32
    private var unread: [UInt8] = []

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = unsafe inet_addr("127.0.0.1")
        let handle = descriptor
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe connect(handle, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw POSIXError(.ECONNREFUSED) }
    }

    deinit { close(descriptor) }

    /// Whether the other side took it all.
    func send(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Foundation.send(
                    descriptor,
                    buffer.baseAddress,
                    buffer.count,
                    Int32(MSG_NOSIGNAL)
                )
            }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }

    /// Reads one answer, with the length it names.
    func answer() -> Answer {
        let end = Array("\r\n\r\n".utf8)
        while unread.firstRange(of: end) == nil {
            guard receive() else { return unread.isEmpty ? .none : .cut }
        }
        guard let split = unread.firstRange(of: end) else { return .cut }
        let head = String(decoding: unread[..<split.lowerBound], as: UTF8.self).lowercased()
        let after = head.split(separator: "content-length: ").last ?? ""
        let whole = split.upperBound + (Int(after.prefix { $0.isNumber }) ?? 0)
        while unread.count < whole { guard receive() else { return .cut } }
        unread.removeFirst(whole)
        return .whole
    }

    /// Reads an answer without an end until that is in it; all that came by then.
    func text(until word: String) -> String {
        let wanted = Array(word.utf8)
        while unread.firstRange(of: wanted) == nil { guard receive() else { break } }
        return String(decoding: unread, as: UTF8.self)
    }

    private func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 { unread += buffer.prefix(count) }
        return count > 0
    }
}
