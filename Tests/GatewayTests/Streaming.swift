import Access
import Gateway
import Synchronization
import Testing
import Values

/// A body that a test sends piece by piece.
final class Upload: Sendable {
    private enum Piece: Sendable {
        case bytes([UInt8])
        case failure(GatewayBody.Failure)
    }

    private let pieces: AsyncStream<Piece>
    private let into: AsyncStream<Piece>.Continuation
    private let count = Mutex(0)

    init() { (pieces, into) = AsyncStream.makeStream() }

    /// How often the gateway has asked for more.
    var reads: Int { count.withLock { $0 } }

    var body: GatewayBody {
        GatewayBody { [self] () async throws(GatewayBody.Failure) in
            count.withLock { $0 += 1 }
            var iterator = pieces.makeAsyncIterator()
            switch await iterator.next() {
            case .bytes(let bytes)?: return bytes
            case .failure(let failure)?: throw failure
            case nil: return nil
            }
        }
    }

    func send(_ text: String) { into.yield(.bytes(Array(text.utf8))) }
    func send(_ bytes: [UInt8]) { into.yield(.bytes(bytes)) }
    func fail(_ failure: GatewayBody.Failure) { into.yield(.failure(failure)) }
    func finish() { into.finish() }

    /// The whole text in pieces of so many bytes.
    static func of(_ text: String, by size: Int) -> Upload {
        let upload = Upload()
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            upload.send(Array(bytes[start..<min(bytes.count, start + size)]))
        }
        upload.finish()
        return upload
    }
}

/// A client of a streamed answer.
final class Listener: Sendable {
    struct Event: Equatable {
        /// Where to go on from.
        let position: String
        /// The entry of the log in it.
        let id: Int64
        let kind: String
        let data: JSON
    }

    private struct State {
        var text: [UInt8] = []
        var isGone = false
    }

    private let state = Mutex(State())
    private let before: @Sendable () async -> Void

    /// `before` is done before each piece is taken, for a client that is slow.
    init(before: @escaping @Sendable () async -> Void = {}) { self.before = before }

    var writer: GatewayWriter {
        GatewayWriter { [self] bytes in
            await before()
            return state.withLock { state in
                if state.isGone { return false }
                state.text += bytes
                return true
            }
        }
    }

    func leave() { state.withLock { $0.isGone = true } }

    var text: String { String(decoding: state.withLock { $0.text }, as: UTF8.self) }

    var lines: [JSON] {
        get throws {
            try text.split(separator: "\n").map { try JSON.read(String($0)) }
        }
    }

    /// What was told, without comments and hints.
    var events: [Event] {
        get throws {
            var events: [Event] = []
            var rest = text[...]
            while let end = rest.firstRange(of: "\n\n") {
                let fields = rest[..<end.lowerBound].split(separator: "\n").map(String.init)
                rest = rest[end.upperBound...]
                guard let id = Self.field("id", fields), let kind = Self.field("event", fields),
                    let data = Self.field("data", fields)
                else { continue }
                let entry = Int64(id.prefix { $0 != "." }) ?? -1
                events.append(
                    Event(position: id, id: entry, kind: kind, data: try JSON.read(data))
                )
            }
            return events
        }
    }

    private static func field(_ name: String, _ fields: [String]) -> String? {
        fields.first { $0.hasPrefix(name + ": ") }.map { String($0.dropFirst(name.count + 2)) }
    }
}

extension Listener {
    /// Listens while the work goes on; the stream is over when this returns.
    func listening<Value: Sendable>(
        to response: GatewayResponse,
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let stream = try #require(response.stream)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await stream(self.writer) }
            let value = try await work()
            group.cancelAll()
            try await group.waitForAll()
            return value
        }
    }
}

extension GatewayWorld {
    func batch(
        _ upload: Upload,
        as role: Role = .agent,
        _ headers: [String: String] = [:]
    ) async throws -> (status: Int, headers: [String: String], lines: [JSON], text: String) {
        var headers = headers
        headers["authorization"] = "Bearer \(secrets[role] ?? "")"
        headers["content-type"] = "application/x-ndjson"
        let response = await handle(
            GatewayRequest(
                method: "POST",
                path: "/v1/decisions:batch",
                headers: headers,
                chunks: upload.body
            )
        )
        let told = Dictionary(response.headers.map { ($0.name, $0.value) }) { $1 }
        guard let stream = response.stream else {
            return (
                response.status, told, [try JSON.read(response.body)],
                String(decoding: response.body, as: UTF8.self)
            )
        }
        let listener = Listener()
        await stream(listener.writer)
        let lines = try listener.lines
        // Each is alike, so a few of many do.
        let objections = lines.prefix(100).flatMap {
            Contract.live.objections("POST", "/v1/decisions:batch", line: $0)
        }
        #expect(objections.isEmpty, "\(objections.joined(separator: "\n"))")
        return (response.status, told, lines, listener.text)
    }

    /// The answer to who wants to be told of events.
    func follow(
        _ secret: String,
        after: Int64? = nil,
        from position: String? = nil,
        query: [(String, String)] = []
    ) async -> GatewayResponse {
        var headers = ["authorization": "Bearer \(secret)"]
        if let last = position ?? after.map({ "\($0)" }) { headers["last-event-id"] = last }
        return await handle(
            GatewayRequest(
                method: "GET",
                path: "/v1/events",
                query: query.map { ($0.0, $0.1) },
                headers: headers
            )
        )
    }
}
