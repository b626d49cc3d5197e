import Foundation
import Synchronization

/// A server that takes calls in and answers none until it is opened; from then on each at once.
final class HeldServer: Sendable {
    let port: UInt16
    private let socket: Int32
    private let seen = Mutex<[String]>([])
    private let isOpen = Mutex(false)
    private let condition = NSCondition()

    /// The `Idempotency-Key` of each call, in the order they came.
    var keys: [String] { seen.withLock { $0 } }

    init() throws {
        socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = unsafe inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let handle = socket
        port = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(handle, address, length)
                unsafe getsockname(handle, address, &length)
            }
            return unsafe UInt16(bigEndian: pointer.pointee.sin_port)
        }
        listen(socket, 64)
        Thread.detachNewThread { [self] in
            while true {
                let client = accept(handle, nil, nil)
                if client < 0 { return }
                Thread.detachNewThread { [self] in serve(client) }
            }
        }
    }

    func open() {
        condition.lock()
        isOpen.withLock { $0 = true }
        condition.broadcast()
        condition.unlock()
    }

    func stop() {
        open()
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }

    private func serve(_ client: Int32) {
        defer { close(client) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.firstRange(of: Array("\r\n\r\n".utf8)) == nil {
            let read = unsafe recv(client, &buffer, buffer.count, 0)
            if read <= 0 { return }
            bytes += buffer[..<read]
        }
        let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
        let name = "idempotency-key: "
        let key = lines.first { $0.lowercased().hasPrefix(name) }?.dropFirst(name.count)
        seen.withLock { $0.append(String(key ?? "")) }
        condition.lock()
        while !isOpen.withLock({ $0 }) { condition.wait() }
        condition.unlock()
        let reply = Array(
            ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n"
                + "Connection: close\r\n\r\n{\"ok\":true}").utf8
        )
        _ = unsafe send(client, reply, reply.count, Int32(MSG_NOSIGNAL))
    }
}
