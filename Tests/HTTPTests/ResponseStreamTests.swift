import Foundation
import HTTPMicro
import Testing

/// Answers that are written bit by bit.
@Suite(.timeLimit(.minutes(5)))
struct ResponseStreamTests {
    private static let get = "GET /events HTTP/1.1\r\nHost: test\r\n\r\n"
    private static let events = HTTPResponse(
        status: 200,
        headers: [("content-type", "text/event-stream"), ("content-length", "7")]
    )

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func `status and headers come first, and each write at once`() async throws {
        let host = try ServerTestHost(streams: false)
        defer { host.server.stop() }
        let client = try host.client()
        client.send(Self.get)
        let stream = try #require(await host.next()).responder.stream(Self.events)
        let head = try client.read(through: "\r\n\r\n").lowercased()
        #expect(head.hasPrefix("http/1.1 200"))
        #expect(head.contains("text/event-stream"))
        #expect(head.contains("transfer-encoding: chunked"))
        #expect(!head.contains("content-length"))
        for index in 0..<3 {
            #expect(await stream.write(bytes("data: \(index)\n\n")))
            #expect(try client.read(through: "\n\n\r\n") == "9\r\ndata: \(index)\n\n\r\n")
        }
        #expect(stream.isOpen)
        stream.finish()
        #expect(try client.read(through: "0\r\n\r\n") == "0\r\n\r\n")
        #expect(await !stream.write(bytes("late")))
        #expect(!stream.isOpen)
        client.send(Self.get)
        try #require(await host.next()).responder.respond(
            HTTPResponse(status: 200, body: bytes("on"))
        )
        #expect(try client.answer().body == "on")
    }

    @Test func `the head's body is sent first, and a client of HTTP 1.0 gets no chunks`()
        async throws
    {
        let host = try ServerTestHost(streams: false)
        defer { host.server.stop() }
        let client = try host.client()
        client.send("GET / HTTP/1.0\r\n\r\n")
        let head = HTTPResponse(status: 200, body: bytes("first "))
        let stream = try #require(await host.next()).responder.stream(head)
        #expect(await stream.write(bytes("second")))
        stream.finish()
        #expect(client.rest().hasSuffix("\r\n\r\nfirst second"))
    }

    @Test func `large answers arrive whole`() async throws {
        let host = try ServerTestHost({ $0.unsentBytes = 100_000 }, streams: false)
        defer { host.server.stop() }
        let client = try host.client()
        client.send("GET / HTTP/1.0\r\n\r\n")
        let inbox = ServerTestInbox<String>()
        Thread { inbox.add(client.rest()) }.start()
        let stream = try #require(await host.next()).responder.stream(HTTPResponse(status: 200))
        for index in 0..<1_000 {
            #expect(await stream.write(bytes(String(repeating: "\(index % 10)", count: 10_007))))
        }
        stream.finish()
        let text = try #require(inbox.take(1).first)
        let body = try #require(text.range(of: "\r\n\r\n")).upperBound
        let sent = text[body...].utf8
        #expect(sent.count == 10_007_000)
        #expect(sent.first == UInt8(ascii: "0") && sent.last == UInt8(ascii: "9"))
    }

    @Test func `a stream dropped before its end is cut, and the client sees it`() async throws {
        let host = try ServerTestHost(streams: false)
        defer { host.server.stop() }
        let client = try host.client()
        client.send(Self.get)
        var stream: HTTPResponseStream? = try #require(await host.next()).responder
            .stream(Self.events)
        #expect(await stream?.write(bytes("half")) == true)
        #expect(try client.read(through: "half\r\n").hasSuffix("4\r\nhalf\r\n"))
        stream = nil
        #expect(client.rest() == "")
    }

    /// The writer hands over more than the system's buffers hold, so it waits for the client.
    @Test func `a writer waits for a slow client, and is told when the client leaves`() async throws
    {
        let host = try ServerTestHost({ $0.unsentBytes = 10_000 }, streams: false)
        defer { host.server.stop() }
        let client = try host.client()
        client.send(Self.get)
        let stream = try #require(await host.next()).responder.stream(Self.events)
        let written = ServerTestCount()
        await withTaskGroup { group in
            group.addTask {
                let block = [UInt8](repeating: 120, count: 50_000)
                while await stream.write(block) { written.add(block.count) }
            }
            #expect(written.settles())
            client.close()
            await group.waitForAll()
        }
        #expect(written.value < 50_000_000)
        #expect(!stream.isOpen)
        #expect(eventually { host.server.requestCount == 0 && host.server.connectionCount == 0 })
    }

    @Test func `a client that leaves while nothing is written is noticed`() async throws {
        let host = try ServerTestHost(streams: false)
        defer { host.server.stop() }
        let clients = try (0..<50).map { _ in try host.client() }
        var streams: [HTTPResponseStream] = []
        for client in clients {
            client.send(Self.get)
            streams.append(try #require(await host.next()).responder.stream(Self.events))
            _ = try client.read(through: "\r\n\r\n")
        }
        #expect(host.server.requestCount == 50)
        for client in clients { client.close() }
        #expect(eventually { host.server.requestCount == 0 && host.server.connectionCount == 0 })
        for stream in streams {
            #expect(!stream.isOpen)
            #expect(await !stream.write([120]))
        }
    }

    @Test func `two hundred clients get each event`() async throws {
        let host = try ServerTestHost(streams: false)
        defer { host.server.stop() }
        let clients = try (0..<200).map { _ in try host.client() }
        var streams: [HTTPResponseStream] = []
        for client in clients {
            client.send(Self.get)
            streams.append(try #require(await host.next()).responder.stream(Self.events))
        }
        for stream in streams { #expect(await stream.write(bytes("data: x\n\n"))) }
        for client in clients {
            #expect(try client.read(through: "x\n\n\r\n").hasSuffix("9\r\ndata: x\n\n\r\n"))
        }
    }

    @Test func `a writer that is cancelled while it waits is told`() async throws {
        let host = try ServerTestHost({ $0.unsentBytes = 10 }, streams: false)
        defer { host.server.stop() }
        let client = try host.client()
        client.send(Self.get)
        let stream = try #require(await host.next()).responder.stream(Self.events)
        let isHeard = await withTaskGroup(of: Bool.self) { group in
            // More than the system's buffers take.
            let block = [UInt8](repeating: 120, count: 50_000_000)
            group.addTask { await stream.write(block) }
            group.cancelAll()
            return await group.next() ?? true
        }
        #expect(!isHeard)
    }

    @Test func `HEAD gets the head only, and the writer hears that nobody reads`() async throws {
        let host = try ServerTestHost(streams: false)
        defer { host.server.stop() }
        let client = try host.client()
        client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n")
        let stream = try #require(await host.next()).responder.stream(Self.events)
        #expect(try client.answer(hasBody: false).status == 200)
        #expect(eventually { !stream.isOpen })
        #expect(await !stream.write([120]))
    }

    /// Found by fuzzing: libmicrohttpd ends a chunked body also where it sends none, and a client
    /// that goes on takes that for the next answer.
    @Test func `nothing follows the head of a streamed answer to HEAD`() async throws {
        let host = try ServerTestHost(streams: false)
        defer { host.server.stop() }
        let client = try host.client()
        client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n")
        let stream = try #require(await host.next()).responder.stream(Self.events)
        let head = try client.read(through: "\r\n\r\n").lowercased()
        #expect(head.contains("connection: close"))
        #expect(!head.contains("content-length"))
        #expect(client.rest() == "")
        #expect(client.isEnded())
        #expect(!stream.isOpen)
    }

    @Test func `the first answer counts, streamed or whole`() async throws {
        let host = try ServerTestHost(streams: false)
        defer { host.server.stop() }
        let client = try host.client()
        client.send(Self.get)
        let call = try #require(await host.next())
        call.responder.respond(HTTPResponse(status: 200, body: bytes("whole")))
        let stream = call.responder.stream(Self.events)
        #expect(!stream.isOpen)
        #expect(await !stream.write([120]))
        #expect(try client.answer().body == "whole")
    }

    @Test func `stopping cuts answers that are being written`() async throws {
        let host = try ServerTestHost(streams: false)
        let client = try host.client()
        client.send(Self.get)
        let stream = try #require(await host.next()).responder.stream(Self.events)
        _ = try client.read(through: "\r\n\r\n")
        host.server.stop()
        #expect(!stream.isOpen)
        #expect(await !stream.write([120]))
        #expect(client.isEnded())
    }

    @Test func `a streamed body is answered by a streamed answer`() async throws {
        let host = try ServerTestHost(streams: true)
        defer { host.server.stop() }
        let client = try host.client()
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\na\nb\nc\n")
        let call = try #require(await host.next())
        var all: [UInt8] = []
        for try await piece in try #require(call.request.stream) { all += piece }
        let stream = call.responder.stream(HTTPResponse(status: 200))
        #expect(await stream.write(all))
        stream.finish()
        #expect(try client.read(through: "0\r\n\r\n").hasSuffix("6\r\na\nb\nc\n\r\n0\r\n\r\n"))
    }
}
