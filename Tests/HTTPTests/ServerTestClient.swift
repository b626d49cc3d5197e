import Foundation
import Glibc
import HTTPMicro
import Synchronization

/// A client on a bare socket, so that tests see and send the bytes themselves.
///
/// Every read ends after five seconds at the latest; a test that would hang fails instead.
// One thread sends while another reads; they share the socket only.
final class ServerTestClient: @unchecked Sendable {
    struct Failure: Error {
        let what: String
    }

    struct Answer {
        let status: Int
        let head: String
        let body: String

        func header(_ name: String) -> String? {
            for line in head.split(separator: "\r\n").dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.first?.lowercased() == name.lowercased() {
                    return parts.last?.trimmingCharacters(in: .whitespaces)
                }
            }
            return nil
        }
    }

    private let descriptor: Int32
    private var unread: [UInt8] = []
    private var isOpen = true

    /// `host` is the last part of the client's own address, of which each has its own ports.
    init(port: UInt16, host: UInt8? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        if let host {
            var own = sockaddr_in()
            own.sin_family = sa_family_t(AF_INET)
            own.sin_addr.s_addr = (UInt32(0x7F00_0000) | UInt32(host)).bigEndian
            try unsafe use(&own, "no port of 127.0.0.\(host) is free", unsafe bind)
        }
        try unsafe use(&address, "no connection to port \(port)", unsafe connect)
    }

    deinit { close() }

    private func use(
        _ address: inout sockaddr_in,
        _ failure: String,
        _ call: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32
    ) throws {
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe call(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(what: "\(failure): \(errno)") }
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        Glibc.close(descriptor)
    }

    /// Sends as much as the server takes; a server that stopped reading is no failure here.
    func send(_ text: String) { send(Array(text.utf8)) }

    /// Whether the server took all of them.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var bytes = bytes[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(
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

    /// Says that nothing more will be sent, and still reads.
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Reads until this text came, and gives all up to its end.
    func read(through text: String) throws -> String {
        let end = Array(text.utf8)
        while unread.firstRange(of: end) == nil { try receive() }
        let found = unread.firstRange(of: end)?.upperBound ?? 0
        defer { unread.removeFirst(found) }
        return String(decoding: unread.prefix(found), as: UTF8.self)
    }

    /// All that comes until the server ends the connection.
    func rest() -> String {
        do { while true { try receive() } } catch {}
        return String(decoding: unread, as: UTF8.self)
    }

    func request(_ method: String, _ target: String, body: String? = nil) throws -> Answer {
        let length = body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? ""
        send("\(method) \(target) HTTP/1.1\r\nHost: test\r\n\(length)\r\n\(body ?? "")")
        return try answer(hasBody: method != "HEAD")
    }

    /// Reads one answer and leaves what follows it for the next.
    func answer(hasBody: Bool = true) throws -> Answer {
        let end = Array("\r\n\r\n".utf8)
        while unread.firstRange(of: end) == nil { try receive() }
        guard let split = unread.firstRange(of: end) else { throw Failure(what: "no head") }
        let head = String(decoding: unread[..<split.lowerBound], as: UTF8.self)
        unread.removeSubrange(..<split.upperBound)
        let status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
        let bare = Answer(status: status, head: head, body: "")
        guard hasBody, let length = bare.header("content-length").flatMap({ Int($0) }) else {
            return bare
        }
        while unread.count < length { try receive() }
        let body = String(decoding: unread.prefix(length), as: UTF8.self)
        unread.removeFirst(length)
        return Answer(status: status, head: head, body: body)
    }

    /// Whether the server ended the connection, after at most five seconds.
    func isEnded() -> Bool {
        do {
            while true { try receive() }
        } catch {
            return errno != EAGAIN
        }
    }

    private func receive() throws {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        errno = 0
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { throw Failure(what: "the connection gave no more bytes") }
        unread += buffer.prefix(count)
    }
}

/// Whether a condition that other threads bring about holds within ten seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<2_000 {
        if condition() { return true }
        poll(nil, 0, 5)
    }
    return false
}

/// What one thread counts and another looks at.
final class ServerTestCount: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func add(_ more: Int) { count.withLock { $0 += more } }

    /// Whether it stays the same for a quarter of a second.
    func settles() -> Bool {
        var last = -1
        return eventually {
            poll(nil, 0, 250)
            defer { last = value }
            return value == last
        }
    }
}

/// A request and the one chance to answer it.
struct ServerTestCall: Sendable {
    let request: HTTPRequest
    let responder: Responder
}

/// A server whose requests the test answers itself, in the order they came.
final class ServerTestHost: Sendable {
    let server: HTTPServer
    let calls: AsyncStream<ServerTestCall>

    init(_ change: (inout HTTPServerLimits) -> Void = { _ in }, streams: Bool) throws {
        let handling: HTTPHandling = streams ? .streamed : .usual
        var limits = HTTPServerLimits()
        limits.watchMilliseconds = 20
        change(&limits)
        let (calls, inbox) = AsyncStream<ServerTestCall>.makeStream()
        self.calls = calls
        server = try HTTPServer(port: 0, limits: limits, handling: { _ in handling }) {
            inbox.yield(ServerTestCall(request: $0, responder: $1))
        }
    }

    func client() throws -> ServerTestClient { try ServerTestClient(port: server.port) }

    func next() async -> ServerTestCall? {
        var iterator = calls.makeAsyncIterator()
        return await iterator.next()
    }
}

/// Keeps what a handler was given until the test wants it answered.
final class ServerTestInbox<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])
    private let arrived = DispatchSemaphore(value: 0)

    func add(_ element: Element) {
        elements.withLock { $0.append(element) }
        arrived.signal()
    }

    /// All of them, once so many have come; nothing after ten seconds without.
    func take(_ count: Int) -> [Element] {
        for _ in 0..<count where arrived.wait(timeout: .now() + 10) == .timedOut { return [] }
        return elements.withLock { elements in
            defer { elements = [] }
            return elements
        }
    }
}
