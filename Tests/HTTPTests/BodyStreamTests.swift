import Foundation
import HTTPMicro
import Testing

/// Request bodies that are read while they come.
@Suite(.timeLimit(.minutes(5)))
struct BodyStreamTests {
    private static let head = "POST /batch HTTP/1.1\r\nHost: test\r\n"
    private static let chunked = head + "Transfer-Encoding: chunked\r\n"

    private func text(_ piece: [UInt8]?) -> String? {
        piece.map { String(decoding: $0, as: UTF8.self) }
    }

    private func answer(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, body: Array(text.utf8))
    }

    private func isCut(_ stream: HTTPBodyStream) async -> HTTPBodyError? {
        do {
            while try await stream.next() != nil {}
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [false, true])
    func `a body is read while it comes`(isChunked: Bool) async throws {
        let host = try ServerTestHost(streams: true)
        defer { host.server.stop() }
        let client = try host.client()
        client.send(isChunked ? Self.chunked + "\r\n" : Self.head + "Content-Length: 11\r\n\r\n")
        let call = try #require(await host.next())
        let stream = try #require(call.request.stream)
        #expect(call.request.body.isEmpty)
        #expect(call.request.path == "/batch")
        client.send(isChunked ? "6\r\nhello \r\n" : "hello ")
        #expect(text(try await stream.next()) == "hello ")
        client.send(isChunked ? "5\r\nworld\r\n0\r\n\r\n" : "world")
        #expect(text(try await stream.next()) == "world")
        #expect(try await stream.next() == nil)
        #expect(try await stream.next() == nil)
        call.responder.respond(answer("done"))
        #expect(try client.answer().body == "done")
        client.send(Self.head + "Content-Length: 0\r\n\r\n")
        let second = try #require(await host.next())
        #expect(try await second.request.stream?.next() == nil)
        second.responder.respond(answer("again"))
        #expect(try client.answer().body == "again")
    }

    @Test func `only what the server is told to stream is streamed`() async throws {
        let server = try HTTPServer(port: 0, handling: { $0.path == "/batch" ? .streamed : .usual })
        {
            request,
            responder in
            let kind = request.stream == nil ? "whole" : "streamed"
            responder.respond(HTTPResponse(status: 200, body: Array(kind.utf8)))
        }
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        #expect(try client.request("POST", "/other", body: "x").body == "whole")
        #expect(try client.request("POST", "/batch?x=1", body: "x").body == "streamed")
        #expect(try client.request("POST", "/other", body: "x").body == "whole")
    }

    @Test func `a client that waits for 100-continue gets it`() async throws {
        let host = try ServerTestHost(streams: true)
        defer { host.server.stop() }
        let client = try host.client()
        client.send(Self.head + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        let call = try #require(await host.next())
        #expect(try client.answer(hasBody: false).status == 100)
        client.send("ok")
        #expect(text(try await call.request.stream?.next()) == "ok")
        call.responder.respond(answer("read"))
        #expect(try client.answer().body == "read")
    }

    @Test func `a client that waits for 100-continue and is refused sends nothing`() throws {
        let server = try HTTPServer(port: 0, handling: { _ in .streamed }) { _, responder in
            responder.respond(HTTPResponse(status: 401))
        }
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send(Self.head + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.answer().status == 401)
        #expect(client.isEnded())
    }

    @Test func `an answer before the end passes over the rest, and the connection serves on`()
        async throws
    {
        let host = try ServerTestHost(streams: true)
        defer { host.server.stop() }
        let client = try host.client()
        client.send(Self.head + "Content-Length: 4000000\r\n\r\n")
        let call = try #require(await host.next())
        call.responder.respond(answer("enough", status: 403))
        client.send(String(repeating: "x", count: 4_000_000))
        #expect(try client.answer().status == 403)
        client.send(Self.head + "Content-Length: 0\r\n\r\n")
        let second = try #require(await host.next())
        second.responder.respond(answer("again"))
        #expect(try client.answer().body == "again")
    }

    /// A reader takes all there is, so no piece is larger than what the server kept.
    @Test(arguments: [false, true])
    func `a slow reader makes the sender wait in bounded memory`(isChunked: Bool) async throws {
        let host = try ServerTestHost({ $0.aheadBytes = 100_000 }, streams: true)
        defer { host.server.stop() }
        let client = try host.client()
        let (block, count) = ([UInt8](repeating: 120, count: 0x10000), 512)
        client.send(
            isChunked ? Self.chunked + "\r\n" : Self.head + "Content-Length: \(count << 16)\r\n\r\n"
        )
        let sent = ServerTestCount()
        Thread {
            for _ in 0..<count {
                if isChunked { client.send("10000\r\n") }
                client.send(block)
                sent.add(1)
                if isChunked { client.send("\r\n") }
            }
            if isChunked { client.send("0\r\n\r\n") }
        }.start()
        let call = try #require(await host.next())
        let stream = try #require(call.request.stream)
        #expect(sent.settles())
        #expect(sent.value < count)
        var (sum, largest) = (0, 0)
        for try await piece in stream {
            sum += piece.count
            largest = max(largest, piece.count)
        }
        #expect(sum == count << 16)
        #expect(largest <= 100_000 + (32 << 10))
        call.responder.respond(answer("all"))
        #expect(try client.answer().body == "all")
    }

    @Test func `a client that leaves in the middle cuts its body`() async throws {
        let host = try ServerTestHost(streams: true)
        defer { host.server.stop() }
        let client = try host.client()
        client.send(Self.head + "Content-Length: 100\r\n\r\nhello")
        let call = try #require(await host.next())
        let stream = try #require(call.request.stream)
        #expect(text(try await stream.next()) == "hello")
        client.close()
        #expect(await isCut(stream) == .cut)
        #expect(eventually { host.server.requestCount == 0 && host.server.connectionCount == 0 })
    }

    @Test func `a client that leaves while its sender waits cuts its body`() async throws {
        let host = try ServerTestHost({ $0.aheadBytes = 1_000 }, streams: true)
        defer { host.server.stop() }
        let client = try host.client()
        client.send(
            Self.head + "Content-Length: 100000\r\n\r\n" + String(repeating: "x", count: 50_000)
        )
        let call = try #require(await host.next())
        client.close()
        #expect(await isCut(try #require(call.request.stream)) == .cut)
        #expect(eventually { host.server.requestCount == 0 && host.server.connectionCount == 0 })
    }

    @Test func `a body that grows too large is told, and its sender reads the answer`() async throws
    {
        let host = try ServerTestHost({ $0.streamedBytes = 100_000 }, streams: true)
        defer { host.server.stop() }
        let client = try host.client()
        client.send(Self.chunked + "\r\n")
        Thread {
            for _ in 0..<5 {
                client.send("10000\r\n" + String(repeating: "x", count: 0x10000) + "\r\n")
            }
            client.send("0\r\n\r\n")
        }.start()
        let call = try #require(await host.next())
        #expect(
            await isCut(try #require(call.request.stream)) == .tooLarge(limit: 100_000)
        )
        call.responder.respond(answer("too large", status: 413))
        #expect(try client.answer().status == 413)
    }

    @Test func `a body without end is cut off`() async throws {
        let host = try ServerTestHost(
            {
                $0.streamedBytes = 100_000
                $0.discardedBytes = 100_000
            },
            streams: true
        )
        defer { host.server.stop() }
        let client = try host.client()
        client.send(Self.chunked + "\r\n")
        let chunk = Array(("10000\r\n" + String(repeating: "x", count: 0x10000) + "\r\n").utf8)
        var chunks = 0
        while chunks < 500, client.send(chunk) { chunks += 1 }
        #expect(chunks < 500)
        let call = try #require(await host.next())
        #expect(await isCut(try #require(call.request.stream)) == .tooLarge(limit: 100_000))
    }

    @Test func `a length beyond the limit is refused before the handler`() throws {
        let host = try ServerTestHost({ $0.streamedBytes = 100 }, streams: true)
        defer { host.server.stop() }
        let client = try host.client()
        let small = try client.request("POST", "/", body: String(repeating: "x", count: 101))
        #expect(small.status == 413)
        #expect(small.header("content-type") == "application/problem+json")
        #expect(small.body.contains("urn:stepgate:problem:too-large"))
        client.send(Self.head + "Content-Length: 101\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.answer().status == 413)
        #expect(client.isEnded())
    }

    @Test func `a stream nobody holds is passed over`() async throws {
        let host = try ServerTestHost({ $0.aheadBytes = 1_000 }, streams: true)
        defer { host.server.stop() }
        let client = try host.client()
        client.send(Self.head + "Content-Length: 400000\r\n\r\n")
        let responder = try #require(await host.next()?.responder)
        client.send(String(repeating: "x", count: 400_000))
        responder.respond(answer("unread"))
        #expect(try client.answer().body == "unread")
    }

    @Test func `a reader that is cancelled is told`() async throws {
        let host = try ServerTestHost(streams: true)
        defer { host.server.stop() }
        let client = try host.client()
        client.send(Self.head + "Content-Length: 100\r\n\r\n")
        let call = try #require(await host.next())
        let stream = try #require(call.request.stream)
        let error = await withTaskGroup(of: HTTPBodyError?.self) { group in
            group.addTask { await isCut(stream) }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(error == .cancelled)
    }

    @Test func `stopping cuts bodies that come and bodies whose sender waits`() async throws {
        let host = try ServerTestHost({ $0.aheadBytes = 1_000 }, streams: true)
        let clients = [try host.client(), try host.client()]
        clients[0].send(Self.head + "Content-Length: 100\r\n\r\n")
        let first = try #require(await host.next())
        clients[1].send(
            Self.head + "Content-Length: 100000\r\n\r\n" + String(repeating: "x", count: 50_000)
        )
        let second = try #require(await host.next())
        host.server.stop()
        #expect(await isCut(try #require(first.request.stream)) == .cut)
        #expect(await isCut(try #require(second.request.stream)) == .cut)
        for client in clients { #expect(client.isEnded()) }
    }
}
