import HTTPCurl
import Models
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ClientTransportTests {
    private let server: ClientTestServer
    private let transport = CurlTransport()

    init() throws { server = try ClientTestServer() }

    private func call(
        _ path: String,
        body: String = "hello",
        headers: [HTTPHeader] = [],
        connectTimeout: Duration = .seconds(5),
        timeout: Duration = .seconds(30),
        limit: Int = 1 << 20
    ) -> HTTPCall {
        HTTPCall(
            url: path.hasPrefix("http") ? path : server.url(path),
            headers: headers,
            body: Array(body.utf8),
            connectTimeout: connectTimeout,
            timeout: timeout,
            responseLimit: limit
        )
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

    @Test func `a call carries method, headers, key and body, and brings all back`() async throws {
        defer { server.stop() }
        let headers = [
            HTTPHeader("content-type", "application/json"),
            HTTPHeader("authorization", prefix: "Bearer ", try Secret("sk-1")),
        ]
        let reply = try await transport.send(call("/echo", body: "{\"a\":1}", headers: headers))
        #expect(reply.status == 200)
        #expect(reply.header("x-shown") == "a b")
        #expect(String(decoding: reply.body, as: UTF8.self) == "{\"a\":1}")
        let head = try #require(server.requests.first)
        #expect(head.hasPrefix("POST /echo HTTP/1.1"))
        #expect(head.contains("content-type: application/json"))
        #expect(head.contains("authorization: Bearer sk-1"))
        #expect(!head.lowercased().contains("expect:"))
    }

    @Test(arguments: [400, 404, 429, 500, 529])
    func `an answer with any status is a reply`(_ status: Int) async throws {
        defer { server.stop() }
        let reply = try await transport.send(call("/status/\(status)"))
        #expect(reply.status == status)
        #expect(reply.header("retry-after") == "7")
        #expect(String(decoding: reply.body, as: UTF8.self) == "odd")
    }

    @Test func `a redirect is a reply and is not followed`() async throws {
        defer { server.stop() }
        let reply = try await transport.send(call("/redirect"))
        #expect(reply.status == 302)
        #expect(server.requests.count == 1)
    }

    @Test func `headers before an interim answer's end are not the answer's`() async throws {
        defer { server.stop() }
        let reply = try await transport.send(call("/interim"))
        #expect(reply.status == 200)
        #expect(reply.header("link") == nil)
    }

    @Test func `a body of two megabytes goes and comes whole`() async throws {
        defer { server.stop() }
        let body = String(repeating: "0123456789abcdef", count: 1 << 17)
        let reply = try await transport.send(call("/echo", body: body, limit: 1 << 22))
        #expect(String(decoding: reply.body, as: UTF8.self) == body)
    }

    @Test func `calls one after another share a connection`() async throws {
        defer { server.stop() }
        for _ in 0..<20 { _ = try await transport.send(call("/echo")) }
        #expect(server.connectionCount == 1)
    }

    @Test func `a key is not sent again with the next call`() async throws {
        defer { server.stop() }
        let key = HTTPHeader("authorization", prefix: "Bearer ", try Secret("sk-1"))
        _ = try await transport.send(call("/echo", headers: [key]))
        _ = try await transport.send(call("/echo"))
        #expect(server.requests.count == 2)
        #expect(server.requests[1].contains("sk-1") == false)
    }

    @Test func `as many calls as there are wait at the same time`() async throws {
        defer { server.stop() }
        let statuses = await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<64 {
                let call = call("/gate/64")
                group.addTask { [transport] in
                    do { return try await transport.send(call).status } catch { return nil }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 64))
    }

    @Test func `a server that never answers is a timeout`() async throws {
        defer { server.stop() }
        let error = await failure(call("/hang", timeout: .milliseconds(150)))
        #expect(error?.kind == .timeout)
        #expect(error?.message.contains("127.0.0.1:\(server.port) did not finish") == true)
    }

    @Test func `an answer that stops in its middle is a timeout`() async throws {
        defer { server.stop() }
        let error = await failure(call("/stall", timeout: .milliseconds(150)))
        #expect(error?.kind == .timeout)
    }

    @Test func `a peer that takes no connection is a timeout that says so`() async throws {
        defer { server.stop() }
        let silent = call("http://192.0.2.1:81/", connectTimeout: .milliseconds(100))
        let error = await failure(silent)
        let kinds: [TransportError.Kind?] = [.timeout, .connect]
        #expect(kinds.contains(error?.kind), "\(String(describing: error))")
        #expect(error?.message.contains("192.0.2.1:81") == true)
    }

    @Test func `a port without a server is refused and named`() async throws {
        server.stop()
        let closed = try ClientTestServer()
        closed.stop()
        _ = await failure(call("http://127.0.0.1:\(closed.port)/x", timeout: .seconds(5)))
        let error = await failure(call("http://127.0.0.1:1/x"))
        #expect(error?.kind == .connect)
        #expect(error?.message.contains("127.0.0.1:1: is the server running?") == true)
    }

    @Test func `a name without an address is told apart`() async throws {
        defer { server.stop() }
        let error = await failure(call("http://no-such-name.invalid/x"))
        #expect(error?.kind == .resolve)
        #expect(error?.message.contains("no-such-name.invalid:80") == true)
    }

    @Test(arguments: ["/cut", "/nothing"])
    func `a connection that ends early is cut`(_ path: String) async throws {
        defer { server.stop() }
        #expect(await failure(call(path))?.kind == .cut)
    }

    @Test func `a transport goes on after a cut`() async throws {
        defer { server.stop() }
        _ = await failure(call("/cut"))
        #expect(try await transport.send(call("/echo")).status == 200)
    }

    @Test func `what is no HTTP is said to be none`() async throws {
        defer { server.stop() }
        let error = await failure(call("/garbage"))
        #expect(error?.kind == .other)
        #expect(error?.message.contains("does not speak HTTP") == true)
    }

    @Test func `TLS towards a server without it fails as TLS`() async throws {
        defer { server.stop() }
        let error = await failure(call("https://127.0.0.1:\(server.port)/garbage"))
        #expect(error?.kind == .tls)
        #expect(error?.message.contains("no secure connection to 127.0.0.1:") == true)
    }

    @Test(arguments: ["ftp://127.0.0.1/x", "file:///etc/hostname", "not a url", ""])
    func `only HTTP is spoken`(_ url: String) async throws {
        defer { server.stop() }
        let error: TransportError?
        do {
            _ = try await transport.send(HTTPCall(url: url, timeout: .seconds(1)))
            error = nil
        } catch let thrown {
            error = thrown
        }
        #expect(error != nil)
        #expect(error?.kind != .cancelled)
    }

    @Test(arguments: ["/large", "/endless", "/headers"])
    func `an answer beyond the limit is cut off`(_ path: String) async throws {
        defer { server.stop() }
        let error = await failure(call(path, limit: 10_000))
        #expect(error?.kind == .tooLarge)
        #expect(error?.message.contains("larger than") == true)
    }

    @Test func `an answer of exactly the limit is whole`() async throws {
        defer { server.stop() }
        let reply = try await transport.send(call("/echo", body: "12345", limit: 5))
        #expect(reply.body.count == 5)
        #expect(await failure(call("/echo", body: "123456", limit: 5))?.kind == .tooLarge)
    }

    @Test(arguments: ["a\r\nx-injected: 1", "a\nb", "nul\0"])
    func `a header that would end early is never sent`(_ value: String) async throws {
        defer { server.stop() }
        let error = await failure(call("/echo", headers: [HTTPHeader("x-a", value)]))
        #expect(error?.kind == .other)
        #expect(server.requests.isEmpty)
    }

    @Test func `cancelling the task ends its call and no other`() async throws {
        defer { server.stop() }
        let hanging = call("/hang")
        let result = await withTaskGroup(of: TransportError.Kind?.self) { group in
            group.addTask { [transport] in await transport.failure(of: hanging) }
            await server.awaitRequests(1)
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(result == .cancelled)
        #expect(try await transport.send(call("/echo")).status == 200)
    }

    @Test func `a task cancelled beforehand sends nothing`() async throws {
        defer { server.stop() }
        let echo = call("/echo")
        let kind = await withTaskGroup(of: TransportError.Kind?.self) { group in
            group.cancelAll()
            group.addTask { [transport] in await transport.failure(of: echo) }
            return await group.next() ?? nil
        }
        #expect(kind == .cancelled)
        #expect(server.requests.isEmpty)
    }

    @Test func `closing fails what is in flight and what comes later`() async throws {
        defer { server.stop() }
        let hanging = call("/hang")
        let kinds = await withTaskGroup(of: TransportError.Kind?.self) { group in
            for _ in 0..<8 {
                group.addTask { [transport] in await transport.failure(of: hanging) }
            }
            await server.awaitRequests(8)
            transport.close()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(kinds == Array(repeating: .cancelled, count: 8))
        #expect(await failure(call("/echo"))?.kind == .cancelled)
    }
}

extension CurlTransport {
    /// Why the call has no reply, if it has none.
    fileprivate func failure(of call: HTTPCall) async -> TransportError.Kind? {
        do {
            _ = try await send(call)
            return nil
        } catch {
            return error.kind
        }
    }
}
