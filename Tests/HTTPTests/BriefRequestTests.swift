import Foundation
import HTTPMicro
import Synchronization
import Testing

/// Requests whose task stays on the server's own thread.
@Suite(.timeLimit(.minutes(5))) struct BriefRequestTests {
    /// Who waits for a moment that the test chooses, on no thread.
    private final class Gate: Sendable {
        private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])
        private let arrivals: AsyncStream<Void>
        private let inbox: AsyncStream<Void>.Continuation

        init() { (arrivals, inbox) = AsyncStream<Void>.makeStream() }

        func wait() async {
            await withCheckedContinuation { continuation in
                waiting.withLock { $0.append(continuation) }
                inbox.yield()
            }
        }

        /// Returns once so many wait.
        func arrived(_ count: Int) async {
            var iterator = arrivals.makeAsyncIterator()
            for _ in 0..<count { await iterator.next() }
        }

        func open() {
            let all = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            for continuation in all { continuation.resume() }
        }
    }

    private static func thread() -> String { "\(Thread.current.description)" }

    @Test func `what comes after a wait is done on the thread the request came on`() async throws {
        let gate = Gate()
        let server = try HTTPServer(port: 0, handling: { _ in .brief }) { _, responder in
            Task.immediate(executorPreference: responder.thread) {
                let before = Self.thread()
                await gate.wait()
                let after = Self.thread()
                responder.respond(HTTPResponse(status: before == after ? 200 : 500))
            }
        }
        defer { server.stop() }
        let clients = try (0..<64).map { _ in try ServerTestClient(port: server.port) }
        for _ in 0..<20 {
            for client in clients { client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
            await gate.arrived(clients.count)
            gate.open()
            for client in clients { #expect(try client.answer().status == 200) }
        }
    }

    @Test func `only a brief request has a thread for its task`() async throws {
        let server = try HTTPServer(
            port: 0,
            handling: { $0.path == "/brief" ? .brief : .usual },
            handler: { _, responder in
                responder.respond(HTTPResponse(status: responder.thread == nil ? 204 : 200))
            }
        )
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send("GET /brief HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.answer().status == 200)
        client.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.answer().status == 204)
    }

    @Test func `a task that waits longer than the server lives goes on elsewhere`() async throws {
        let gate = Gate()
        let (ends, inbox) = AsyncStream<Void>.makeStream()
        let server = try HTTPServer(port: 0, handling: { _ in .brief }) { _, responder in
            Task.immediate(executorPreference: responder.thread) {
                await gate.wait()
                await Task.yield()
                responder.respond(HTTPResponse(status: 200))
                inbox.yield()
            }
        }
        let clients = try (0..<10).map { _ in try ServerTestClient(port: server.port) }
        for client in clients { client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
        await gate.arrived(clients.count)
        server.stop()
        gate.open()
        var iterator = ends.makeAsyncIterator()
        for _ in clients { #expect(await iterator.next() != nil) }
    }
}
