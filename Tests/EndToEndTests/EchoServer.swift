import Foundation
import Synchronization

/// A model server that says everything it was sent back, keys included: in an error first, then in
/// an answer.
final class EchoServer: Sendable {
    let port: UInt16
    private let socket: Int32
    private let count = Mutex(0)
    private let seen = Mutex<[String]>([])

    /// The requests' heads.
    var heads: [String] { seen.withLock { $0 } }

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

    func stop() {
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }

    private func serve(_ client: Int32) {
        defer { close(client) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let end = Array("\r\n\r\n".utf8)
        while true {
            let read = unsafe recv(client, &buffer, buffer.count, 0)
            if read <= 0 { return }
            bytes += buffer[..<read]
            let text = String(decoding: bytes, as: UTF8.self)
            guard let head = text.range(of: String(decoding: end, as: UTF8.self)) else { continue }
            let length =
                text[..<head.lowerBound].split(separator: "\r\n").lazy.compactMap {
                    $0.lowercased().hasPrefix("content-length: ") ? Int($0.dropFirst(16)) : nil
                }.first ?? 0
            guard text[head.upperBound...].utf8.count >= length else { continue }
            let said = String(text[..<head.lowerBound])
            seen.withLock { $0.append(said) }
            let reply = Array(reply(echoing: said).utf8)
            _ = unsafe send(client, reply, reply.count, Int32(MSG_NOSIGNAL))
            return
        }
    }

    private func reply(echoing head: String) -> String {
        let number = count.withLock { count -> Int in
            count += 1
            return count
        }
        let quoted = head.replacingOccurrences(of: "\r\n", with: " ")
            .replacingOccurrences(of: "\"", with: "'")
        let isError = number % 3 == 1
        let answer = #"{\"action\":\"refund\",\"reason\":\"\#(quoted)\"}"#
        let body =
            isError
            ? #"{"error":{"message":"You sent \#(quoted)","type":"server_error"}}"#
            : #"{"model":"echo-1","choices":[{"index":0,"finish_reason":"stop","message":"#
                + #"{"role":"assistant","content":"\#(answer)"}}],"usage":{"prompt_tokens":1,"#
                + #""completion_tokens":1}}"#
        return "HTTP/1.1 \(isError ? "500 Sorry" : "200 OK")\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
    }
}
