import Foundation
import Glibc
@testable import HTTPMicro
import Testing

/// Clients that are careless or hostile.
@Suite(.timeLimit(.minutes(1)))
struct HardeningTests {
    /// What is sent, and the status it gets; the connection ends in every case.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let sent: String
        let statuses: Set<Int>
        /// libmicrohttpd itself answers, in its own words.
        var isOurs = true

        static func head(_ name: String, _ headers: String, _ statuses: Set<Int> = [400]) -> Case {
            Case(
                testDescription: name,
                sent: "POST / HTTP/1.1\r\nHost: test\r\n\(headers)\r\nbody",
                statuses: statuses
            )
        }

        static func line(_ name: String, _ line: String) -> Case {
            Case(testDescription: name, sent: "\(line)\r\nHost: test\r\n\r\n", statuses: [400])
        }

        var byLibrary: Case {
            Case(testDescription: testDescription, sent: sent, statuses: statuses, isOurs: false)
        }
    }

    static let cases: [Case] = [
        .head("length and coding", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
        .head("coding and length", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
        .head("two lengths", "Content-Length: 4\r\nContent-Length: 0\r\n"),
        .head("two lengths the other way", "Content-Length: 0\r\nContent-Length: 4\r\n"),
        .head("equal lengths", "Content-Length: 4\r\nContent-Length: 4\r\n"),
        .head("lengths in a list", "Content-Length: 4, 4\r\n").byLibrary,
        .head("negative length", "Content-Length: -4\r\n").byLibrary,
        .head("signed length", "Content-Length: +4\r\n").byLibrary,
        .head("overflowing length", "Content-Length: 99999999999999999999\r\n", [400, 413])
            .byLibrary,
        .head("length beyond Int", "Content-Length: 9999999999999999999\r\n"),
        .head("hexadecimal length", "Content-Length: 0x4\r\n").byLibrary,
        .head("unknown coding", "Transfer-Encoding: gzip\r\n", [501]),
        .head(
            "twice chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            [501]
        ),
        .head("coding in a list", "Transfer-Encoding: gzip, chunked\r\n", [501]),
        .head("zero in a value", "X-A: a\0b\r\n"),
        .head("zero in the last value", "Content-Length: 0\0 4\r\n"),
        .head("zero in a coding", "Transfer-Encoding: chunked\0x\r\n"),
        .head("zero in a name", "X-\0A: b\r\n").byLibrary,
        .head("zero after a name", "X-A:\0 b\r\n"),
        .head("control byte in a value", "X-A: a\u{1}b\r\n"),
        .head("bare return in a value", "X-A: a\rX-B: b\r\n"),
        .head("delete byte in a value", "X-A: a\u{7F}b\r\n"),
        .head("blank before the colon", "Content-Length : 4\r\n"),
        .head("empty name", ": b\r\n"),
        .head("no colon", "X-A\r\n").byLibrary,
        .head("folded line", "X-A: a\r\n b\r\nX-B: c\r\n"),
        .head("folded last line", "X-A: a\r\n b\r\n"),
        .head("two hosts", "Host: other\r\n"),
        .head(
            "too many headers",
            (0..<50).map { "X-\($0): a\r\n" }.joined(),
            [431]
        ),
        .line("bad escape", "GET /a%2 HTTP/1.1"),
        .line("escape that is none", "GET /a%zz HTTP/1.1"),
        .line("escaped zero", "GET /a%00b HTTP/1.1"),
        .line("escape that is no UTF-8", "GET /a%ff HTTP/1.1"),
        .line("overlong UTF-8", "GET /a%c0%af HTTP/1.1"),
        .line("bad escape in the query", "GET /a?x=%f HTTP/1.1"),
        .line("too many arguments", "GET /a?" + repeated("x=1", 70) + " HTTP/1.1"),
        .line("far too many arguments", "GET /a?" + repeated("x=1", 1_000) + " HTTP/1.1"),
        .line("long arguments", "GET /a?" + repeated("x=" + long, 24) + " HTTP/1.1"),
        .line("control byte in the target", "GET /a\u{1}b HTTP/1.1"),
        .line("zero in the target", "GET /a\0b HTTP/1.1"),
        .line("blank in the target", "GET /a b HTTP/1.1"),
        .line("zero in the method", "HEAD\0GET / HTTP/1.1"),
        .line("method that is none", "GE(T / HTTP/1.1"),
        Case(
            testDescription: "chunks for HTTP 1.0",
            sent: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            statuses: [400]
        ),
        Case(
            testDescription: "no host",
            sent: "GET / HTTP/1.1\r\nX-A: b\r\n\r\n",
            statuses: [400]
        ),
    ]

    private static let long = String(repeating: "y", count: 200)
    private static func repeated(_ argument: String, _ count: Int) -> String {
        Array(repeating: argument, count: count).joined(separator: "&")
    }

    @Test(arguments: cases) func `a request that can be read in two ways is refused`(
        of: Case
    ) throws {
        let asked = ServerTestInbox<String>()
        let server = try HTTPServer(port: 0) { request, responder in
            asked.add(request.path)
            responder.respond(HTTPResponse(status: 200))
        }
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send(of.sent)
        let answer = try client.answer()
        #expect(of.statuses.contains(answer.status), "got \(answer.status)")
        if of.isOurs {
            #expect(answer.header("content-type") == "application/problem+json")
            #expect(answer.body.contains(#""type":"urn:stepgate:problem:"#))
        }
        #expect(client.isEnded())
        #expect(eventually { server.connectionCount == 0 })
        #expect(server.requestCount == 0)
    }

    @Test func `what is unusual but sound is taken`() throws {
        let server = try HTTPServer(port: 0) { request, responder in
            let value = request.header("x-a") ?? ""
            let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
            let text = "\(request.path) \(query) [\(value)]"
            responder.respond(HTTPResponse(status: 200, body: Array(text.utf8)))
        }
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send(
            "GET /%C3%A4%20b?q=%E2%82%AC+x HTTP/1.1\r\nHost: test\r\nX-A:\t a\tb \t\r\n\r\n"
        )
        #expect(try client.answer().body == "/ä b q=€ x [a\tb]")
        client.send("GET /ä HTTP/1.1\nHost: test\nX-A:\n\n")
        #expect(try client.answer().body == "/ä  []")
        client.send("\r\nGET / HTTP/1.1\r\nX-A: 1\r\nHost: test\r\nX-A: 2\r\n\r\n")
        #expect(try client.answer().body == "/  [1, 2]")
    }

    @Test func `headers without end are cut off within their limit`() throws {
        let server = try HTTPServer(port: 0) { _, responder in
            responder.respond(HTTPResponse(status: 200))
        }
        defer { server.stop() }
        for piece in ["X-A: " + String(repeating: "a", count: 1_000) + "\r\n", "aaaaaaaaaa"] {
            let client = try ServerTestClient(port: server.port)
            client.send("GET / HTTP/1.1\r\nHost: test\r\n")
            let bytes = Array(piece.utf8)
            var sent = 0
            while sent < 20_000_000, client.send(bytes) { sent += bytes.count }
            #expect(sent < 20_000_000)
            #expect(client.isEnded())
        }
        #expect(eventually { server.connectionCount == 0 })
    }

    /// Each byte comes well within the time a silent connection has.
    @Test(
        arguments: [
            "GET / HTTP/1.1\r\nHost: test\r\nX-A: ",
            "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n",
            "POST /streamed HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n",
            "",
        ]
    )
    func `a client that drips is cut off`(beginning: String) throws {
        var limits = HTTPServerLimits()
        limits.headSeconds = 1
        limits.bodySeconds = 1
        limits.watchMilliseconds = 50
        let server = try HTTPServer(
            port: 0,
            limits: limits,
            handling: { $0.path == "/streamed" ? .streamed : .usual }
        ) { _, responder in responder.respond(HTTPResponse(status: 200)) }
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send(beginning)
        var drops = 0
        while drops < 200, client.send(beginning.isEmpty ? [] : [120]) {
            if server.connectionCount == 0, drops > 5 { break }
            poll(nil, 0, 50)
            drops += 1
        }
        #expect(drops < 100)
        #expect(client.isEnded())
    }

    @Test func `a kept connection without a request ends after its time`() throws {
        var limits = HTTPServerLimits()
        limits.idleSeconds = 1
        limits.watchMilliseconds = 50
        let server = try HTTPServer(port: 0, limits: limits) { _, responder in
            responder.respond(HTTPResponse(status: 200))
        }
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        #expect(try client.request("GET", "/").status == 200)
        var drops = 0
        while drops < 200, client.send([UInt8(ascii: "G")]), server.connectionCount > 0 {
            poll(nil, 0, 50)
            drops += 1
        }
        #expect(drops < 100)
        #expect(client.isEnded())
    }

    @Test func `a client that leaves while it waits is given up, and nothing of it is kept`()
        async throws
    {
        let host = try ServerTestHost(streams: false)
        defer { host.server.stop() }
        let clients = try (0..<100).map { _ in try host.client() }
        var calls: [ServerTestCall] = []
        for client in clients {
            client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            calls.append(try #require(await host.next()))
        }
        #expect(host.server.requestCount == 100)
        for client in clients.prefix(50) { client.close() }
        #expect(eventually { host.server.requestCount == 50 && host.server.connectionCount == 50 })
        for call in calls { call.responder.respond(HTTPResponse(status: 204)) }
        for client in clients.dropFirst(50) {
            #expect(try client.answer(hasBody: false).status == 204)
        }
        #expect(eventually { host.server.requestCount == 0 })
    }

    /// libmicrohttpd misses an end that came together with the last bytes before it.
    @Test(
        arguments: [
            "GET / HTTP/1.1\r\nHost: test\r\n\r\n", "GET / HTTP/1.1\r\nHost: te",
            "POST /streamed HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nbody",
            "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nbody",
        ]
    )
    func `clients that leave as soon as they spoke are noticed`(spoken: String) throws {
        var limits = HTTPServerLimits()
        limits.watchMilliseconds = 20
        let kept = ServerTestInbox<HTTPRequest>()
        let server = try HTTPServer(
            port: 0,
            limits: limits,
            handling: { $0.path == "/streamed" ? .streamed : .usual }
        ) { request, responder in
            kept.add(request)
            if request.stream == nil { responder.respond(HTTPResponse(status: 200)) }
        }
        defer { server.stop() }
        for _ in 0..<1_000 {
            let client = try ServerTestClient(port: server.port)
            client.send(spoken)
            client.close()
        }
        #expect(eventually { server.connectionCount == 0 })
        #expect(server.requestCount == 0)
    }

    @Test func `a client that closed its side for sending still gets a quick answer`() throws {
        let server = try HTTPServer(port: 0) { _, responder in
            responder.respond(HTTPResponse(status: 200, body: Array("heard".utf8)))
        }
        defer { server.stop() }
        for _ in 0..<100 {
            let client = try ServerTestClient(port: server.port)
            client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            client.endSending()
            #expect(try client.answer().body == "heard")
        }
    }

    @Test(
        arguments: [
            ("/plain", true), ("/%41", true), ("/a?b=%20", true), ("/%", false), ("/%4", false),
            ("/%4g", false), ("/%00", false), ("/\u{7F}", false), ("/%e2%82", false),
            ("/%e2%82%ac", true),
        ]
    )
    func `a target is taken when it can be decoded`(target: String, isSound: Bool) {
        #expect((RequestTarget(target.utf8) != nil) == isSound)
    }

    @Test func `the head of a chunk that does not fit ends the connection, and the server rests`()
        throws
    {
        var limits = HTTPServerLimits()
        limits.watchMilliseconds = 20
        limits.stillSeconds = 1
        let server = try HTTPServer(port: 0, limits: limits) { _, responder in
            responder.respond(HTTPResponse(status: 200))
        }
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5;")
        client.send(String(repeating: "x", count: 200_000))
        #expect(eventually { server.connectionCount == 1 })
        #expect(try ServerTestClient(port: server.port).request("GET", "/").status == 200)
        #expect(client.isEnded())
        #expect(eventually { server.connectionCount <= 1 && server.requestCount == 0 })
    }
}
