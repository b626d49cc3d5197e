import Foundation
import Glibc
import Synchronization

/// A server on a socket of its own that answers, and misbehaves, as the path asks.
///
/// Every connection has a blocking thread. Nothing is timed: what hangs hangs until `stop()`, and
/// `/gate` answers when as many requests are waiting as the path says.
final class ClientTestServer: Sendable {
    private struct State {
        var connections: [Int32] = []
        var requests: [String] = []
        var isStopped = false
    }

    let port: UInt16
    private let listener: Int32
    private let state = Mutex(State())
    private let gate = Gate()

    init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(listener, generic, length) == 0 && listen(listener, 1_024) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRINUSE) }
        port = UInt16(bigEndian: address.sin_port)
        Thread { self.accept() }.start()
    }

    /// How many connections were ever opened.
    var connectionCount: Int { state.withLock { $0.connections.count } }

    /// The heads of the requests so far.
    var requests: [String] { state.withLock { $0.requests } }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// Returns once as many requests have begun; the wait blocks a thread of its own, not a task's.
    func awaitRequests(_ count: Int) async {
        await withCheckedContinuation { continuation in
            Thread {
                self.gate.await(count)
                continuation.resume()
            }.start()
        }
    }

    /// Cuts every connection and listens no more.
    func stop() {
        let connections = state.withLock { state in
            state.isStopped = true
            return state.connections
        }
        shutdown(listener, Int32(SHUT_RDWR))
        for connection in connections { shutdown(connection, Int32(SHUT_RDWR)) }
        gate.open()
    }

    private func accept() {
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            guard connection >= 0 else { break }
            let isTaken = state.withLock { state in
                if !state.isStopped { state.connections.append(connection) }
                return !state.isStopped
            }
            guard isTaken else {
                Glibc.close(connection)
                break
            }
            Thread { self.serve(connection) }.start()
        }
        Glibc.close(listener)
    }

    private func serve(_ connection: Int32) {
        var reader = RequestReader(connection: connection)
        while let (head, body) = reader.next() {
            state.withLock { $0.requests.append(head) }
            gate.arrive()
            let path = head.split(separator: " ").dropFirst().first.map(String.init) ?? ""
            guard answer(path, head, body, on: connection) else { break }
        }
        shutdown(connection, Int32(SHUT_RDWR))
    }

    /// False when the connection is to end.
    private func answer(
        _ path: String,
        _ head: String,
        _ body: [UInt8],
        on connection: Int32
    )
        -> Bool
    {
        func put(_ text: String) -> Bool { write(Array(text.utf8), to: connection) }
        let words = path.split(separator: "/").map(String.init)
        switch words.first {
        case "echo":
            return put("HTTP/1.1 200 OK\r\nX-Shown:  a b \r\nContent-Length: \(body.count)\r\n\r\n")
                && write(body, to: connection)
        case "status":
            return put("HTTP/1.1 \(words[1]) Odd\r\nRetry-After: 7\r\nContent-Length: 3\r\n\r\nodd")
        case "gate":
            gate.await(Int(words[1]) ?? 0)
            return put("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        case "begin":
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
            let begun = words[2] == "byte" ? 1 : 17
            guard put(String(answer.prefix(begun))) else { return false }
            gate.await(Int(words[1]) ?? 0)
            return put(String(answer.dropFirst(begun)))
        case "interim":
            return put("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n")
                && put("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        case "redirect":
            return put("HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n")
        case "hang":
            gate.hang()
            return false
        case "stall":
            _ = put("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            gate.hang()
            return false
        case "cut":
            _ = put("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            return false
        case "garbage":
            _ = put("banana banana banana\r\n\r\n")
            return false
        case "large":
            return put("HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n")
        case "endless":
            guard put("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") else { return false }
            let chunk = "400\r\n" + String(repeating: "x", count: 1_024) + "\r\n"
            while put(chunk) {}
            return false
        case "headers":
            guard put("HTTP/1.1 200 OK\r\n") else { return false }
            while put("x-more: \(String(repeating: "x", count: 1_000))\r\n") {}
            return false
        default:
            return false
        }
    }

    private func write(_ bytes: [UInt8], to connection: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe send(
                    connection,
                    UnsafeRawBufferPointer(rebasing: buffer[sent...]).baseAddress,
                    bytes.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}

/// Counts arrivals and lets threads wait for them.
private final class Gate: Sendable {
    private let condition = NSCondition()
    private let state = Mutex((arrived: 0, isOpen: false))

    func arrive() { change { $0.arrived += 1 } }

    func open() { change { $0.isOpen = true } }

    func await(_ count: Int) { wait { $0.arrived >= count || $0.isOpen } }

    func hang() { wait { $0.isOpen } }

    private func change(_ body: (inout (arrived: Int, isOpen: Bool)) -> Void) {
        condition.lock()
        state.withLock { body(&$0) }
        condition.broadcast()
        condition.unlock()
    }

    private func wait(_ isReached: ((arrived: Int, isOpen: Bool)) -> Bool) {
        condition.lock()
        while !state.withLock({ isReached($0) }) { condition.wait() }
        condition.unlock()
    }
}

/// Reads requests with a `Content-Length` from a blocking socket; a TLS handshake asks for garbage.
private struct RequestReader {
    let connection: Int32
    private var pending: [UInt8] = []

    init(connection: Int32) { self.connection = connection }

    mutating func next() -> (head: String, body: [UInt8])? {
        let end = Array("\r\n\r\n".utf8)
        while true {
            let isHandshake = pending.first == 0x16
            if isHandshake { return ("TLS /garbage", []) }
            if let split = pending.firstRange(of: end) {
                let head = String(decoding: pending[..<split.lowerBound], as: UTF8.self)
                let length = Self.length(head)
                while pending.count < split.upperBound + length { guard fill() else { return nil } }
                let body = Array(pending[split.upperBound..<split.upperBound + length])
                pending.removeFirst(split.upperBound + length)
                return (head, body)
            }
            guard fill() else { return nil }
        }
    }

    private static func length(_ head: String) -> Int {
        for line in head.split(separator: "\r\n") {
            let parts = line.lowercased().split(separator: ":")
            if parts.count == 2, parts[0] == "content-length" {
                return Int(parts[1].trimmingCharacters(in: .whitespaces)) ?? 0
            }
        }
        return 0
    }

    private mutating func fill() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let connection = connection
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe recv(connection, bytes.baseAddress, bytes.count, 0)
        }
        guard count > 0 else { return false }
        pending += buffer[..<count]
        return true
    }
}
