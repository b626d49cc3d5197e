import Foundation
import Glibc
import HTTPMicro
import Testing

/// How many clients there may be, and what the next one is told.
@Suite(.serialized, .timeLimit(.minutes(2)))  // Each takes many files of one process.
struct ConnectionLimitTests {
    private static let ok: HTTPServer.Handler = { _, responder in
        responder.respond(HTTPResponse(status: 200, body: Array("served".utf8)))
    }

    private func server(_ change: (inout HTTPServerLimits) -> Void) throws -> HTTPServer {
        var limits = HTTPServerLimits()
        limits.watchMilliseconds = 20
        change(&limits)
        return try HTTPServer(port: 0, limits: limits, handler: Self.ok)
    }

    @Test func `one more than the limit is told so, and served once another leaves`() throws {
        let server = try server { $0.connections = 20 }
        defer { server.stop() }
        #expect(server.connectionLimit == 20)
        var clients: [ServerTestClient] = []
        for _ in 0..<20 {
            let client = try ServerTestClient(port: server.port)
            #expect(try client.request("GET", "/").status == 200)
            clients.append(client)
        }
        let refused = try ServerTestClient(port: server.port)
        let answer = try refused.request("GET", "/")
        #expect(answer.status == 503)
        #expect(answer.header("retry-after") == "1")
        #expect(answer.body.contains("urn:stepgate:problem:too-many-connections"))
        #expect(refused.isEnded())
        clients.removeLast().close()
        #expect(eventually { server.connectionCount == 19 })
        #expect(try ServerTestClient(port: server.port).request("GET", "/").body == "served")
        #expect(try clients[0].request("GET", "/").status == 200)
    }

    @Test func `ten thousand idle connections leave room for a request`() throws {
        var files = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        unsafe getrlimit(kind, &files)
        files.rlim_cur = files.rlim_max
        unsafe setrlimit(kind, &files)
        // Both ends of each connection are files of this process, and so are those of other tests.
        let count = min(10_000, (Int(clamping: files.rlim_cur) - 8_000) / 2)
        try #require(count > 100)
        let server = try server { $0.connections = count + 1 }
        defer { server.stop() }
        try #require(server.connectionLimit == count + 1)
        let before = try residentBytes()
        var clients: [ServerTestClient] = []
        for index in 0..<count {
            let host = UInt8(2 + index / 5_000)
            clients.append(try ServerTestClient(port: server.port, host: host))
        }
        #expect(eventually { server.connectionCount == count })
        let client = try ServerTestClient(port: server.port)
        for _ in 0..<10 { #expect(try client.request("GET", "/").body == "served") }
        for idle in clients.suffix(100) { #expect(try idle.request("GET", "/").status == 200) }
        let growth = try residentBytes() - before
        // With its client's end, and with what the thread sanitizer adds where that runs.
        #expect(growth < count * 96 << 10, "grew by \(growth >> 20) MiB")
        let refused = try ServerTestClient(port: server.port)
        #expect(try refused.request("GET", "/").status == 503)
        Attachment.record("\(count) idle connections took \(growth >> 10) KiB", named: "memory.txt")
        for client in clients { client.close() }
        #expect(eventually { server.connectionCount <= 1 })
    }

    @Test func `the limit is lowered to what the process may open`() throws {
        let lowered = try server {
            $0.openFiles = 1_000
            $0.connections = 10_000
        }
        defer { lowered.stop() }
        #expect(lowered.connectionLimit == 1_000 - 256 - 64)
        let error = try #require(throws: HTTPServerError.self) {
            try server { $0.openFiles = 320 }
        }
        #expect(error.cause == .openFiles)
        #expect(error.message.contains("320"))
        #expect(error.message.contains("ulimit -n"))
    }

    private func residentBytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * 4_096
    }
}
