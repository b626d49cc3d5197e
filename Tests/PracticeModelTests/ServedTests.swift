import Glibc
import HTTPMicro
import PracticeModel
import Testing
import Values

/// The shapes over real sockets.
struct ServedTests {
    struct Failure: Error {
        let what: String
    }

    /// Sends one request, closes its half, and reads to the end; five seconds at most.
    private func exchange(_ port: UInt16, _ request: String) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw Failure(what: "no connection") }
        let bytes = Array(request.utf8)
        guard unsafe send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
        else { throw Failure(what: "not sent") }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count < 0 { throw Failure(what: "no answer in time") }
            if count == 0 { return String(decoding: answer, as: UTF8.self) }
            answer += buffer.prefix(count)
        }
    }

    @Test(
        arguments: [
            (
                "/v1/chat/completions",
                #"{"model":"practice-1","messages":[{"role":"user","content":"where is it"}]}"#,
                "chat.completion"
            ),
            (
                "/v1/decisions",
                #"{"model":"practice-1","input":"where is it","questions":[{"type":"choice","#
                    + #""name":"q","choices":[{"value":"a"},{"value":"b"}]}]}"#,
                #""probability":0.5"#
            ),
            ("/v1/decisions", "{", "not JSON"),
        ]
    )
    func `a shape is served`(path: String, body: String, expected: String) throws {
        let classifier = Classifier(try ExampleWorkspace().examples)
        let server = try PracticeServer(classifier, seed: 1).start(port: 0)
        defer { server.stop() }
        let answer = try exchange(
            server.port,
            "POST \(path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
        #expect(answer.hasPrefix("HTTP/1.1 \(body == "{" ? 400 : 200)"))
        #expect(answer.lowercased().contains("content-type: application/json"))
        #expect(answer.contains(expected))
    }

    @Test func `a body too large for any question is refused`() throws {
        let classifier = Classifier(try ExampleWorkspace().examples)
        let server = try PracticeServer(classifier, seed: 1).start(port: 0)
        defer { server.stop() }
        let answer = try exchange(
            server.port,
            "POST /v1/decisions HTTP/1.1\r\nHost: test\r\nContent-Length: 5000000\r\n\r\n"
        )
        #expect(answer.hasPrefix("HTTP/1.1 413"))
    }
}
