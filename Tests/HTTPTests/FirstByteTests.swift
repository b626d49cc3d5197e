import HTTPCurl
import Models
import Testing

@Suite(.timeLimit(.minutes(1)))
struct FirstByteTests {
    private let server: ClientTestServer
    private let transport = CurlTransport()

    init() throws { server = try ClientTestServer() }

    private func call(
        _ path: String,
        firstByte: Duration?,
        timeout: Duration = .seconds(30)
    ) -> HTTPCall {
        HTTPCall(url: server.url(path), firstByteTimeout: firstByte, timeout: timeout)
    }

    @Test func `a server that says nothing fails after the first-byte time`() async throws {
        defer { server.stop() }
        let error = await transport.error(of: call("/hang", firstByte: .milliseconds(150)))
        #expect(error.error?.kind == .timeout)
        let message = error.error?.message ?? ""
        #expect(message.contains("no byte came from 127.0.0.1:\(server.port) within 0.15 seconds"))
        #expect(error.time >= .milliseconds(150) && error.time < .seconds(25))
    }

    @Test func `a kept connection's silence is told like a new one's, and the next call goes on`()
        async throws
    {
        defer { server.stop() }
        let echo = call("/echo", firstByte: .seconds(10))
        #expect(try await transport.send(echo).status == 200)
        let error = await transport.error(of: call("/hang", firstByte: .milliseconds(50)))
        #expect(server.connectionCount == 1)
        #expect(error.error?.message.hasSuffix("is the server overloaded?") == true)
        _ = try await transport.send(echo)
        let late = call("/hang", firstByte: nil, timeout: .milliseconds(50))
        let message = await transport.error(of: late).error?.message
        #expect(message?.contains("did not finish its answer") == true)
        #expect(try await transport.send(echo).status == 200)
    }

    /// The second call's time begins after the first's and is over before the third call lets the
    /// first answer go on.
    @Test(arguments: ["byte", "line"])
    func `an answer that has begun is not cut, however slowly it goes on`(
        _ beginning: String
    ) async throws {
        defer { server.stop() }
        let slow = call("/begin/3/\(beginning)", firstByte: .milliseconds(300))
        let reply = await withTaskGroup(of: HTTPReply?.self) { group in
            group.addTask { [transport] in
                do { return try await transport.send(slow) } catch { return nil }
            }
            await server.awaitRequests(1)
            let error = await transport.error(of: call("/hang", firstByte: .milliseconds(300)))
            #expect(error.error?.kind == .timeout)
            #expect(await transport.error(of: call("/echo", firstByte: nil)).error == nil)
            return await group.next() ?? nil
        }
        #expect(reply?.status == 200)
        #expect(reply.map { String(decoding: $0.body, as: UTF8.self) } == "ok")
    }

    @Test func `a call without the time waits beside one whose time is over`() async throws {
        defer { server.stop() }
        let patient = call("/gate/3", firstByte: nil)
        let status = await withTaskGroup(of: Int?.self) { group in
            group.addTask { [transport] in
                do { return try await transport.send(patient).status } catch { return nil }
            }
            await server.awaitRequests(1)
            let error = await transport.error(of: call("/hang", firstByte: .milliseconds(50)))
            #expect(error.error?.kind == .timeout)
            #expect(await transport.error(of: call("/echo", firstByte: nil)).error == nil)
            return await group.next() ?? nil
        }
        #expect(status == 200)
    }

    @Test func `the time for the whole exchange still bounds it`() async throws {
        defer { server.stop() }
        let hanging = call("/hang", firstByte: .seconds(20), timeout: .milliseconds(150))
        let error = await transport.error(of: hanging)
        #expect(error.error?.kind == .timeout)
        #expect(error.error?.message.contains("did not finish its answer") == true)
        #expect(error.time < .seconds(15))
    }

    @Test func `of many silent calls each fails at its own time`() async throws {
        defer { server.stop() }
        let bounds = (0..<64).map { Duration.milliseconds(($0 * 37 % 64 + 1) * 4) }
        let isLater = await withTaskGroup(of: Bool.self) { group in
            for bound in bounds {
                let call = call("/hang", firstByte: bound)
                group.addTask { [transport] in
                    let failure = await transport.error(of: call)
                    return failure.error?.kind == .timeout && failure.time >= bound
                        && failure.time < .seconds(10)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(isLater == Array(repeating: true, count: 64))
    }
}

extension CurlTransport {
    /// Why the call has no reply, if it has none, and after what time.
    fileprivate func error(of call: HTTPCall) async -> (error: TransportError?, time: Duration) {
        let clock = ContinuousClock()
        let start = clock.now
        do {
            _ = try await send(call)
            return (nil, start.duration(to: clock.now))
        } catch {
            return (error, start.duration(to: clock.now))
        }
    }
}
