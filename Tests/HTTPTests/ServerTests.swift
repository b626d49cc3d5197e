import Foundation
import HTTPMicro
import Testing

struct ServerTests {
    /// Answers with what it was asked: method, path, query and body.
    private static let echo: HTTPServer.Handler = { request, responder in
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let text = "\(request.method) \(request.path) [\(query)] "
        responder.respond(HTTPResponse(status: 200, body: Array(text.utf8) + request.body))
    }

    private func tight(_ change: (inout HTTPServerLimits) -> Void) -> HTTPServerLimits {
        var limits = HTTPServerLimits()
        change(&limits)
        return limits
    }

    @Test func `a request arrives with its method, path, query and body`() throws {
        let server = try HTTPServer(port: 0, handler: Self.echo)
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        #expect(
            try client.request("GET", "/a/b?x=1&y=two%20words&flag").body
                == "GET /a/b [x=1&y=two words&flag=] "
        )
        #expect(try client.request("POST", "/p", body: "hello").body == "POST /p [] hello")
    }

    @Test(arguments: [
        "/a%", "/a%4", "/a%zz", "/a%+1", "/a%00b", "/%ff", "/a?x=%", "/a?x=%00", "/a?%c3%28=1",
        "/a?x=%ed%a0%80",
    ])
    func `what cannot be read for certain is refused in the server's own words`(
        _ target: String
    ) throws {
        let server = try HTTPServer(
            port: 0,
            refusal: { HTTPResponse(status: $0, body: Array("because \($1)".utf8)) },
            handler: Self.echo
        )
        defer { server.stop() }
        let answer = try ServerTestClient(port: server.port).request("GET", target)
        #expect(answer.status == 400)
        #expect(answer.body.hasPrefix("because the path or the query"))
    }

    @Test func `escapes are read once, and a plus is a space in a query alone`() throws {
        let server = try HTTPServer(port: 0, handler: Self.echo)
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        let answer = try client.request("GET", "/a%252e+%C3%A9?x=%2541+%2B&%3D=%26")
        #expect(answer.body == "GET /a%2e+é [x=%41 +&==&] ")
    }

    @Test func `header names are found in any case, and repeated headers are joined`() throws {
        let server = try HTTPServer(port: 0) { request, responder in
            let text = request.header("x-kind") ?? "none"
            responder.respond(HTTPResponse(status: 200, body: Array(text.utf8)))
        }
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: test\r\nX-KIND: a\r\nx-Kind: b\r\n\r\n")
        #expect(try client.answer().body == "a, b")
    }

    @Test func `status and headers of an answer go out as given`() throws {
        let server = try HTTPServer(port: 0) { _, responder in
            responder.respond(
                HTTPResponse(status: 202, headers: [("Location", "/decisions/7")], body: [])
            )
        }
        defer { server.stop() }
        let answer = try ServerTestClient(port: server.port).request("POST", "/", body: "{}")
        #expect(answer.status == 202)
        #expect(answer.header("location") == "/decisions/7")
        #expect(answer.header("content-length") == "0")
    }

    @Test func `one connection serves many requests, small and large`() throws {
        let server = try HTTPServer(port: 0, handler: Self.echo)
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        for size in [0, 1, 1_000, 40_000, 300_000, 5] {
            let body = String(repeating: "x", count: size)
            #expect(try client.request("POST", "/", body: body).body == "POST / [] " + body)
        }
    }

    @Test func `requests sent at once on one connection are answered in order`() throws {
        let server = try HTTPServer(port: 0, handler: Self.echo)
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send("GET /1 HTTP/1.1\r\nHost: test\r\n\r\nGET /2 HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try client.answer().body.hasPrefix("GET /1"))
        #expect(try client.answer().body.hasPrefix("GET /2"))
    }

    @Test func `HEAD gets the head of the answer only`() throws {
        let server = try HTTPServer(port: 0, handler: Self.echo)
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        let answer = try client.request("HEAD", "/")
        #expect(answer.status == 200)
        #expect(answer.header("content-length") == "10")
        #expect(try client.request("GET", "/next").body.hasPrefix("GET /next"))
    }

    @Test func `a body in chunks is read whole`() throws {
        let server = try HTTPServer(port: 0, handler: Self.echo)
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send("POST /c HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
        #expect(try client.answer().body == "POST /c [] hello world")
    }

    @Test func `a client that waits for 100-continue gets it, then its answer`() throws {
        let server = try HTTPServer(port: 0, handler: Self.echo)
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n")
        client.send("Expect: 100-continue\r\n\r\n")
        #expect(try client.answer(hasBody: false).status == 100)
        client.send("ok")
        #expect(try client.answer().body == "POST / [] ok")
    }
}

extension ServerTests {
    @Test func `a body that will be too large is refused before it is sent`() throws {
        let server = try HTTPServer(
            port: 0,
            limits: tight { $0.bodyBytes = 100 },
            handler: Self.echo
        )
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 101\r\n")
        client.send("Expect: 100-continue\r\n\r\n")
        #expect(try client.answer().status == 413)
        #expect(client.isEnded())
        let fits = String(repeating: "x", count: 100)
        let next = try ServerTestClient(port: server.port)
        #expect(try next.request("POST", "/", body: fits).status == 200)
    }

    @Test func `a body in chunks that grows too large is refused`() throws {
        let server = try HTTPServer(
            port: 0,
            limits: tight { $0.bodyBytes = 100 },
            handler: Self.echo
        )
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        let piece = "32\r\n" + String(repeating: "x", count: 50) + "\r\n"
        client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(piece + piece + piece + "0\r\n\r\n")
        #expect(try client.answer().status == 413)
    }

    @Test func `a body in chunks without end is cut off`() throws {
        let limits = tight {
            $0.bodyBytes = 100
            $0.discardedBytes = 1_000
        }
        let server = try HTTPServer(port: 0, limits: limits, handler: Self.echo)
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send("2000\r\n" + String(repeating: "x", count: 0x2000) + "\r\n")
        #expect(client.isEnded())
    }

    @Test func `headers larger than their limit are refused`() throws {
        let server = try HTTPServer(
            port: 0,
            limits: tight { $0.headerBytes = 4_096 },
            handler: Self.echo
        )
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: test\r\nX: ")
        client.send(String(repeating: "x", count: 10_000) + "\r\n\r\n")
        #expect([413, 431].contains(try client.answer().status))
    }

    /// Two readings of where a body ends let one request hide in another.
    @Test(
        arguments: [
            ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
            ("Content-Length: 5\r\nContent-Length: 7\r\n", 400),
            ("Transfer-Encoding: gzip\r\n", 501),
        ]
    )
    func `a body with no one length is refused`(headers: String, status: Int) throws {
        let server = try HTTPServer(port: 0, handler: Self.echo)
        defer { server.stop() }
        let client = try ServerTestClient(port: server.port)
        client.send("POST / HTTP/1.1\r\nHost: test\r\n\(headers)\r\n0\r\n\r\n")
        #expect(try client.answer().status == status)
        #expect(client.isEnded())
    }

    @Test func `a port in use is told with address, port and what to do`() throws {
        let server = try HTTPServer(port: 0, handler: Self.echo)
        defer { server.stop() }
        let error = try #require(throws: HTTPServerError.self) {
            try HTTPServer(port: server.port, handler: Self.echo)
        }
        #expect(error.message.contains("127.0.0.1:\(server.port)"))
        #expect(error.message.contains("in use"))
        #expect(error.message.contains("another port"))
    }

    @Test(arguments: ["localhost", "203.0.113.77", "::1"])
    func `an address that is not this machine's is told`(address: String) throws {
        let error = try #require(throws: HTTPServerError.self) {
            try HTTPServer(address: address, port: 0, handler: Self.echo)
        }
        #expect(error.message.contains(address))
    }
}
