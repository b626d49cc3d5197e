import Foundation
import HTTPMicro
import Synchronization
import Testing

/// Requests that wait: answered later, elsewhere, twice, never, or not before the server stops.
struct ServerSuspensionTests {
    private let inbox = ServerTestInbox<Responder>()

    private func waiting() throws -> HTTPServer {
        let inbox = inbox
        return try HTTPServer(port: 0) { _, responder in inbox.add(responder) }
    }

    private func text(_ text: String) -> HTTPResponse {
        HTTPResponse(status: 200, body: Array(text.utf8))
    }

    @Test func `a request may be answered later from another thread`() throws {
        let server = try waiting()
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        let responder = try #require(inbox.take(1).first)
        let late = text("late")
        Thread { responder.respond(late) }.start()
        #expect(try client.answer().body == "late")
    }

    @Test func `two hundred requests wait at once and each gets its own answer`() throws {
        let inbox = ServerTestInbox<(String, Responder)>()
        let server = try HTTPServer(port: 0) { request, responder in
            inbox.add((request.path, responder))
        }
        defer { server.stop() }
        let clients = try (0..<200).map { _ in try ServerTestClient(port: server.port) }
        for (index, client) in clients.enumerated() {
            client.send("GET /\(index) HTTP/1.1\r\nHost: test\r\n\r\n")
        }
        let waiting = inbox.take(200)
        #expect(waiting.count == 200)
        Thread {
            for (path, responder) in waiting.reversed() {
                responder.respond(HTTPResponse(status: 200, body: Array(path.utf8)))
            }
        }.start()
        for (index, client) in clients.enumerated() {
            #expect(try client.answer().body == "/\(index)")
        }
    }

    @Test func `a connection serves on after a request that waited`() throws {
        let server = try waiting()
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        for turn in 0..<20 {
            client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            try #require(inbox.take(1).first).respond(text("\(turn)"))
            #expect(try client.answer().body == "\(turn)")
        }
    }

    @Test func `the first answer counts and a second is passed over`() throws {
        let server = try waiting()
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        let responder = try #require(inbox.take(1).first)
        responder.respond(text("first"))
        responder.respond(text("second"))
        #expect(try client.answer().body == "first")
    }

    @Test func `a responder dropped without an answer answers 500`() throws {
        let server = try waiting()
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(inbox.take(1).count == 1)
        #expect(try client.answer().status == 500)
    }

    @Test func `a client that left while waiting harms nobody`() throws {
        let server = try waiting()
        defer { server.stop() }
        let gone = try (0..<20).map { _ in try ServerTestClient(port: server.port) }
        for client in gone { client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n") }
        let waiting = inbox.take(20)
        for client in gone { client.close() }
        for responder in waiting { responder.respond(text("nobody hears this")) }
        let client = try ServerTestClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        try #require(inbox.take(1).first).respond(text("here"))
        #expect(try client.answer().body == "here")
    }

    @Test func `stopping ends requests that wait, and answers after it are passed over`() throws {
        let server = try waiting()
        let clients = try (0..<50).map { _ in try ServerTestClient(port: server.port) }
        for client in clients { client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n") }
        let waiting = inbox.take(50)
        #expect(waiting.count == 50)
        server.stop()
        for responder in waiting { responder.respond(text("too late")) }
        for client in clients { #expect(client.isEnded()) }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a server settles when what was asked before is answered to its last byte`() async throws {
        let server = try waiting()
        await server.settle()
        let clients = try (0..<10).map { _ in try ServerTestClient(port: server.port) }
        for client in clients { client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n") }
        let waiting = inbox.take(10)
        #expect(waiting.count == 10)
        let long = text(String(repeating: "x", count: 8 << 20))
        for responder in waiting { responder.respond(long) }
        async let bodies = withTaskGroup(of: Int.self) { group in
            for client in clients {
                group.addTask { ((try? client.answer())?.body.utf8.count) ?? 0 }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        await server.settle()
        server.stop()
        #expect(await bodies == Array(repeating: 8 << 20, count: 10))
    }

    @Test func `stopping twice is stopping once`() throws {
        let server = try waiting()
        server.stop()
        server.stop()
        #expect(throws: ServerTestClient.Failure.self) { try ServerTestClient(port: server.port) }
    }

    @Test func `a server nobody holds stops`() throws {
        var server: HTTPServer? = try waiting()
        let port = try #require(server?.port)
        server = nil
        #expect(throws: ServerTestClient.Failure.self) { try ServerTestClient(port: port) }
    }

    /// libmicrohttpd aborts the process when it is stopped with a connection still suspended, so
    /// requests keep coming, and keep waiting, while the server goes down.
    @Test func `stopping under load leaves no request suspended`() throws {
        for _ in 0..<20 {
            let kept = Mutex<[Responder]>([])
            let begun = ServerTestInbox<Int>()
            let server = try HTTPServer(port: 0) { _, responder in
                let count = kept.withLock { kept in
                    kept.append(responder)
                    return kept.count
                }
                if count == 40 { begun.add(count) }
            }
            let port = server.port
            let ended = DispatchGroup()
            for _ in 0..<4 {
                ended.enter()
                Thread {
                    defer { ended.leave() }
                    var clients: [ServerTestClient] = []
                    while let client = try? ServerTestClient(port: port), clients.count < 500 {
                        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
                        clients.append(client)
                    }
                }.start()
            }
            #expect(begun.take(1) == [40])
            server.stop()
            #expect(ended.wait(timeout: .now() + 20) == .success)
        }
    }
}
