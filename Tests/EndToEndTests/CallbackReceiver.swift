import Foundation
import Synchronization

/// A server that takes callbacks in and keeps what it was sent; it answers 204.
final class CallbackReceiver: Sendable {
    struct Delivery: Sendable {
        /// By lower-case name.
        let headers: [String: String]
        let target: String
        let body: [UInt8]
        let at: ContinuousClock.Instant
    }

    let port: UInt16
    private let socket: Int32
    private let taken = Mutex<[Delivery]>([])
    private let condition = NSCondition()

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
                serve(client)
            }
        }
    }

    var deliveries: [Delivery] { taken.withLock { $0 } }

    /// The deliveries once there are so many, or what there is when that took too long.
    func deliveries(_ count: Int) async -> [Delivery] {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                let limit = Date(timeIntervalSinceNow: 30)
                condition.lock()
                while deliveries.count < count, condition.wait(until: limit) {}
                condition.unlock()
                continuation.resume(returning: deliveries)
            }
        }
    }

    func stop() {
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }

    private func serve(_ client: Int32) {
        defer { close(client) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let read = unsafe recv(client, &buffer, buffer.count, 0)
            if read <= 0 { return }
            bytes += buffer[..<read]
            guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { continue }
            let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
                .components(separatedBy: "\r\n")
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                headers[line[..<colon].lowercased()] =
                    line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            }
            let body = Array(bytes[end.upperBound...])
            guard body.count >= Int(headers["content-length"] ?? "") ?? 0 else { continue }
            let reply = Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)
            _ = unsafe send(client, reply, reply.count, Int32(MSG_NOSIGNAL))
            let target = lines[0].split(separator: " ").dropFirst().first.map(String.init) ?? ""
            condition.lock()
            taken.withLock {
                $0.append(Delivery(headers: headers, target: target, body: body, at: .now))
            }
            condition.broadcast()
            condition.unlock()
            return
        }
    }
}
