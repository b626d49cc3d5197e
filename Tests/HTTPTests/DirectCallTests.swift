import HTTPCurl
import Models
import Testing

/// Calls that go straight to their host, over real sockets.
@Suite(.timeLimit(.minutes(1)))
struct DirectCallTests {
    private let server: ClientTestServer
    private let transport = CurlTransport()

    init() throws { server = try ClientTestServer() }

    private func call(_ url: String, publicOnly: Bool, limit: Int = 1 << 16) -> HTTPCall {
        var call = HTTPCall(
            url: url,
            body: Array("hello".utf8),
            timeout: .seconds(20),
            responseLimit: limit
        )
        call.reach = .direct(publicOnly: publicOnly)
        call.cutsBody = true
        return call
    }

    private func failure(_ call: HTTPCall) async -> TransportError? {
        do {
            let reply = try await transport.send(call)
            Issue.record("expected a failure, got status \(reply.status)")
            return nil
        } catch {
            return error
        }
    }

    @Test func `a private address is refused without leave, and reached with it`() async throws {
        defer { server.stop() }
        let refused = await failure(call(server.url("/echo"), publicOnly: true))
        #expect(refused?.kind == .notPublic)
        #expect(refused?.message.contains("127.0.0.1:\(server.port)") == true)
        #expect(server.connectionCount == 0)
        let reply = try await transport.send(call(server.url("/echo"), publicOnly: false))
        #expect(reply.status == 200)
        #expect(server.requests.count == 1)
    }

    @Test(arguments: ["localhost", "127.1", "0x7f000001", "2130706433", "[::ffff:127.0.0.1]"])
    func `a name that leads to this machine is refused when it is connected to`(
        _ host: String
    ) async throws {
        defer { server.stop() }
        let url = "http://\(host):\(server.port)/echo"
        #expect(await failure(call(url, publicOnly: true))?.kind == .notPublic)
        #expect(server.connectionCount == 0)
    }

    @Test func `a connection that another call left open is not used`() async throws {
        defer { server.stop() }
        let usual = HTTPCall(url: server.url("/echo"), timeout: .seconds(20))
        _ = try await transport.send(usual)
        #expect(server.connectionCount == 1)
        let refused = await failure(call(server.url("/echo"), publicOnly: true))
        #expect(refused?.kind == .notPublic)
        _ = try await transport.send(call(server.url("/echo"), publicOnly: false))
        #expect(server.connectionCount == 2)
        // Nor is the check left behind on the handle that the next call uses.
        _ = try await transport.send(usual)
        #expect(server.requests.count == 3)
    }

    @Test func `an answer beyond its limit is cut, and counts`() async throws {
        defer { server.stop() }
        let reply = try await transport.send(
            call(server.url("/endless"), publicOnly: false, limit: 5_000)
        )
        #expect(reply.status == 200)
        #expect(reply.body.count <= 5_000)
        var usual = HTTPCall(url: server.url("/endless"), timeout: .seconds(20), responseLimit: 99)
        usual.cutsBody = false
        #expect(await failure(usual)?.kind == .tooLarge)
    }

    @Test func `a redirect is an answer, and nobody goes where it leads`() async throws {
        defer { server.stop() }
        let reply = try await transport.send(call(server.url("/redirect"), publicOnly: false))
        #expect(reply.status == 302)
        #expect(server.requests.count == 1)
    }
}
