import Foundation
import HTTPMicro
import Testing

/// Many clients that all send at the same moment.
struct ServerBurstTests {
    /// libmicrohttpd takes 128 events at once, and where it got them all it waits for more before it
    /// looks at any.
    @Test(arguments: [127, 128, 129, 256])
    func `as many requests at once as the server's thread takes are answered`(count: Int) throws {
        let (held, goOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        var limits = HTTPServerLimits()
        limits.threads = 1
        let server = try HTTPServer(port: 0, limits: limits) { request, responder in
            if request.path == "/hold" {
                held.signal()
                goOn.wait()
            }
            responder.respond(HTTPResponse(status: 200))
        }
        defer { server.stop() }
        let holder = try ServerTestClient(port: server.port)
        let clients = try (0..<count).map { _ in try ServerTestClient(port: server.port) }
        for client in clients { #expect(try client.request("GET", "/").status == 200) }
        let request = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"
        holder.send("GET /hold HTTP/1.1\r\nHost: test\r\n\r\n")
        held.wait()
        for client in clients { client.send(request) }
        goOn.signal()
        #expect(try holder.answer().status == 200)
        for client in clients { try #require(try client.answer().status == 200) }
    }
}
