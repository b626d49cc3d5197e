import Glibc
import HTTPMicro
import Synchronization

/// A server that answers every request at once and says which answer it is.
private final class Host: Sendable {
    /// What was handed over since the last input.
    final class Served: Sendable {
        private struct State {
            var input = 0
            var methods: [String] = []
            var dueCount = 0
        }

        private let state = Mutex(State())

        var methods: [String] { state.withLock { $0.methods } }
        /// How many are wholly read, and so answered at once.
        var dueCount: Int { state.withLock { $0.dueCount } }

        func add(_ method: String) -> (input: Int, number: Int) {
            state.withLock { state in
                state.methods.append(method)
                return (state.input, state.methods.count)
            }
        }

        /// A body may have been read when its client is gone, among the next input's.
        func isRead(_ input: Int) {
            state.withLock { if $0.input == input { $0.dueCount += 1 } }
        }

        func forget() { state.withLock { $0 = State(input: $0.input + 1) } }
    }

    let server: HTTPServer
    let served: Served

    init() throws(HTTPServerError) {
        var limits = HTTPServerLimits()
        limits.bodyBytes = 1_000
        limits.streamedBytes = 2_000
        limits.watchMilliseconds = 20
        limits.connections = 100
        limits.threads = 1
        let served = Served()
        self.served = served
        server = try HTTPServer(
            port: 0,
            limits: limits,
            handling: { head in
                if head.path.hasPrefix("/up") { return .streamed }
                return head.path.utf8.count.isMultiple(of: 2) ? .brief : .usual
            }
        ) { request, responder in
            let (input, number) = served.add(request.method)
            let headers = [("x-answer", String(number))]
            if request.stream == nil, !request.path.hasPrefix("/down") {
                served.isRead(input)
                let text = "\(request.path) \(request.query.count) \(request.body.count)"
                let answer = HTTPResponse(status: 200, headers: headers, body: Array(text.utf8))
                guard let thread = responder.thread else { return responder.respond(answer) }
                Task.immediate(executorPreference: thread) {
                    await Task.yield()
                    responder.respond(answer)
                }
                return
            }
            Task {
                do throws(HTTPBodyError) {
                    while let piece = try await request.stream?.next() {
                        hold(!piece.isEmpty, "a piece of a body is empty")
                    }
                    served.isRead(input)
                } catch {
                    // What is too large is answered only after its end, which may never come.
                    hold(request.stream != nil, "what is no stream fails: \(error)")
                }
                let answer = responder.stream(HTTPResponse(status: 200, headers: headers))
                _ = await answer.write(Array("one".utf8))
                _ = await answer.write([UInt8](repeating: 0x61, count: 3_000))
                answer.finish()
            }
        }
    }
}

private let host: Host = {
    do {
        return try Host()
    } catch {
        broken("no server starts: \(error)")
    }
}()

/// The bytes a client sends over a socket, the first byte saying in how large pieces: each request
/// that is handed over gets its answer, in order, and nothing answers 500.
@Sendable
func fuzzServer(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    host.served.forget()
    let client = Client(port: host.server.port)
    // Else one that is accepted late would be answered among the next input's.
    wait("a connection is not accepted") { host.server.connectionCount > 0 }
    let rest = bytes.dropFirst()
    let size = first < 0xF0 ? rest.count : max(1, rest.count / Int(first & 15 | 1))
    var sent = rest.startIndex
    while sent < rest.endIndex, client.send(Array(rest[sent..<min(rest.endIndex, sent + size)])) {
        sent += size
    }
    var answers = Answers([], served: [])
    var due = 0
    var silence = 0
    while client.isOpen, silence < 1_000 {
        if client.receive(milliseconds: silence == 0 ? 2 : 5) {
            silence = 0
        } else {
            silence += 1
        }
        due = host.served.dueCount
        answers = Answers(client.received, served: host.served.methods)
        if silence > 0, answers.numbers.count >= due { break }
    }
    hold(
        answers.numbers == Array(1..<answers.numbers.count + 1),
        "the answers are \(answers.numbers)"
    )
    hold(
        !client.isOpen || answers.numbers.count >= due,
        "\(due) requests are due, \(answers.numbers) answered, with \(answers.statuses)"
    )
    for status in answers.statuses {
        hold(status != 500 && (200...599).contains(status), "a request got \(status)")
    }
    client.close()
    wait("a connection that ended is kept") { host.server.connectionCount == 0 }
    hold(host.server.requestCount == 0, "a request outlives its connection")
}

/// Waits for what the server's thread does soon.
private func wait(_ failure: String, until condition: () -> Bool) {
    for round in 0..<10_000 {
        if condition() { return }
        poll(nil, 0, round < 100 ? 0 : 1)
    }
    broken(failure)
}

/// What a client was answered, as far as it came.
private struct Answers {
    /// By `x-answer`.
    var numbers: [Int] = []
    var statuses: [Int] = []

    init(_ bytes: [UInt8], served: [String]) {
        var rest = bytes[...]
        let end = Array("\r\n\r\n".utf8)
        while let split = rest.firstRange(of: end) {
            let head = String(decoding: rest[..<split.lowerBound], as: UTF8.self)
            rest = rest[split.upperBound...]
            let lines = head.split(separator: "\r\n")
            let words = (lines.first ?? "").split(separator: " ")
            guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
                broken("an answer begins with '\(lines.first ?? "")'")
            }
            if status == 100 { continue }
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else {
                    broken("an answer has the header '\(line)'")
                }
                let name = line[..<colon].lowercased()
                headers[name] = String(line[colon...].dropFirst(2))
            }
            statuses.append(status)
            guard let number = headers["x-answer"].flatMap({ Int($0) }) else {
                // The server's own, or libmicrohttpd's; the connection ends with it.
                hold(status >= 400, "an answer of the server's own says \(status)")
                return
            }
            let isHead = served.indices.contains(number - 1) && served[number - 1] == "HEAD"
            guard isHead || skipBody(&rest, headers) else {
                // It is still coming; an answer without length ends with the connection.
                if headers["content-length"] == nil, headers["transfer-encoding"] == nil {
                    numbers.append(number)
                }
                return
            }
            numbers.append(number)
        }
    }

    /// Whether the body is there whole.
    private func skipBody(_ rest: inout ArraySlice<UInt8>, _ headers: [String: String]) -> Bool {
        if let length = headers["content-length"].flatMap({ Int($0) }) {
            guard rest.count >= length else { return false }
            rest = rest.dropFirst(length)
            return true
        }
        guard headers["transfer-encoding"]?.lowercased() == "chunked" else { return false }
        let line = Array("\r\n".utf8)
        while let end = rest.firstRange(of: line) {
            let text = String(decoding: rest[..<end.lowerBound], as: UTF8.self)
            guard let length = Int(text, radix: 16) else { broken("a chunk is '\(text)' long") }
            guard rest.count >= text.utf8.count + length + 4 else { return false }
            rest = rest[end.upperBound...].dropFirst(length + 2)
            if length == 0 { return true }
        }
        return false
    }
}

private final class Client {
    private let descriptor: Int32
    private(set) var received: [UInt8] = []
    /// Whether the server has not ended the connection.
    private(set) var isOpen = true

    init(port: UInt16) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        // libFuzzer's alarm may interrupt any call; the connection then comes by itself.
        hold(result == 0 || errno == EINTR, "no connection: \(errno)")
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while unsafe poll(&waiting, 1, 1_000) < 0, errno == EINTR {}
        // Closing forgets what is unsent, so that no port waits.
        var ending = linger(l_onoff: 1, l_linger: 0)
        let size = socklen_t(MemoryLayout<linger>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &ending, size)
    }

    func send(_ bytes: [UInt8]) -> Bool {
        var count = -1
        repeat {
            count = unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        } while count < 0 && errno == EINTR
        return count == bytes.count
    }

    /// Whether more came in that time.
    func receive(milliseconds: Int32) -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&waiting, 1, milliseconds) > 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else {
            isOpen = count < 0 && errno == EINTR
            return false
        }
        received += buffer.prefix(count)
        return true
    }

    func close() { Glibc.close(descriptor) }
}
