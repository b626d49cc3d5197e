internal import CMicroHTTPD
internal import Glibc
internal import Synchronization

/// An HTTP server over libmicrohttpd: epoll threads that no waiting request holds.
///
/// A request is read wholly, then its connection is suspended until its responder answers. The
/// handler runs on one of the server's few threads, so it must hand long work to another. The
/// server runs until it is stopped or nobody holds it.
@safe
package final class HTTPServer: Sendable {
    package typealias Handler = @Sendable (HTTPRequest, Responder) -> Void
    /// What is answered when the server itself refuses: a status and why.
    package typealias Refusal = @Sendable (Int, String) -> HTTPResponse

    // The daemon is used by libmicrohttpd's own threads; we only start and stop it.
    nonisolated(unsafe) private let daemon: OpaquePointer
    // Lives as long as the daemon's threads may call back.
    private let service: Service
    private let isStopped = Mutex(false)
    package let port: UInt16

    /// Listens on a numeric IPv4 address; port 0 takes any free one.
    package init(
        address: String = "127.0.0.1",
        port: UInt16,
        limits: HTTPServerLimits = HTTPServerLimits(),
        refusal: @escaping Refusal = { status, _ in HTTPResponse(status: status) },
        handler: @escaping Handler
    ) throws(HTTPServerError) {
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        guard unsafe inet_pton(AF_INET, address, &place.sin_addr) == 1 else {
            throw HTTPServerError(noAddress: address)
        }
        service = Service(limits: limits, refusal: refusal, handler: handler)
        let context = unsafe Unmanaged.passUnretained(service).toOpaque()
        let started = unsafe stepgate_mhd_start(
            port,
            &place,
            limits.threads,
            limits.connections,
            limits.idleSeconds,
            limits.headerBytes,
            serveRequest,
            requestCompleted,
            context
        )
        let code = errno
        guard let started = unsafe started else {
            let reason = unsafe String(cString: strerror(code))
            throw HTTPServerError(address: address, port: port, code: code, reason: reason)
        }
        unsafe daemon = started
        self.port = unsafe stepgate_mhd_port(started)
    }

    deinit { stop() }

    /// Ends every connection; answers that come later are passed over.
    ///
    /// Must not be called from a handler, whose thread it waits for.
    package func stop() {
        let isFirst = isStopped.withLock { isStopped in
            defer { isStopped = true }
            return !isStopped
        }
        guard isFirst else { return }
        service.stop()
        unsafe MHD_stop_daemon(daemon)
    }
}

/// What the callbacks work with.
private final class Service: Sendable {
    private struct State {
        var exchanges: [ObjectIdentifier: Exchange] = [:]
        var isStopping = false
    }

    let limits: HTTPServerLimits
    let refusal: HTTPServer.Refusal
    let handler: HTTPServer.Handler
    private let state = Mutex(State())

    init(
        limits: HTTPServerLimits,
        refusal: @escaping HTTPServer.Refusal,
        handler: @escaping HTTPServer.Handler
    ) {
        self.limits = limits
        self.refusal = refusal
        self.handler = handler
    }

    func tooLarge() -> HTTPResponse {
        refusal(413, "a body has at most \(limits.bodyBytes) bytes")
    }

    func stopping() -> HTTPResponse { refusal(503, "the server is stopping") }

    func add(_ exchange: Exchange) {
        let isStopping = state.withLock { state in
            state.exchanges[ObjectIdentifier(exchange)] = exchange
            return state.isStopping
        }
        if isStopping { exchange.answer(stopping()) }
    }

    func remove(_ exchange: Exchange) {
        _ = state.withLock { $0.exchanges.removeValue(forKey: ObjectIdentifier(exchange)) }
    }

    /// Answers every request, those to come too: libmicrohttpd aborts when it is stopped with a
    /// connection suspended, and one that has its answer is never suspended.
    func stop() {
        let known = state.withLock { state in
            state.isStopping = true
            return Array(state.exchanges.values)
        }
        for exchange in known { exchange.answer(stopping()) }
    }
}

/// One request on its way: its body, then its answer.
@safe
private final class Exchange: Sendable {
    private struct State {
        var body: [UInt8] = []
        var received = 0
        var isHanded = false
        var answer: HTTPResponse?
        var isSuspended = false
        var isEnded = false
    }

    let headers: [String: String]
    // Used to suspend and resume only, which libmicrohttpd allows from any thread.
    nonisolated(unsafe) private let connection: OpaquePointer
    private let state = Mutex(State())

    init(_ connection: OpaquePointer, headers: [String: String]) {
        unsafe self.connection = connection
        self.headers = headers
    }

    /// Takes more of the body; no when even discarding it has gone on for too long.
    func add(_ bytes: [UInt8], for service: Service) -> Bool {
        let limits = service.limits
        return state.withLock { state in
            state.received += bytes.count
            if state.received <= limits.bodyBytes {
                state.body += bytes
            } else {
                state.body = []
                state.answer = service.tooLarge()
            }
            return state.received <= limits.bodyBytes + limits.discardedBytes
        }
    }

    /// The body for the handler, once, and only while there is no answer.
    func takeBody() -> [UInt8]? {
        state.withLock { state in
            if state.isHanded || state.answer != nil { return nil }
            state.isHanded = true
            defer { state.body = [] }
            return state.body
        }
    }

    /// The answer, or nothing after suspending the connection until it comes.
    func answerOrSuspend() -> HTTPResponse? {
        state.withLock { state in
            if let answer = state.answer { return answer }
            state.isSuspended = true
            unsafe MHD_suspend_connection(connection)
            return nil
        }
    }

    func answer(_ response: HTTPResponse) {
        state.withLock { state in
            guard state.answer == nil, !state.isEnded else { return }
            state.answer = response
            guard state.isSuspended else { return }
            state.isSuspended = false
            unsafe MHD_resume_connection(connection)
        }
    }

    func end() { state.withLock { $0.isEnded = true } }
}

/// What a request is refused with before its body is read.
///
/// Where a body's end can be read in two ways, one request can hide in another.
private func refusal(_ headers: [String: String], _ service: Service) -> HTTPResponse? {
    let length = headers["content-length"]
    if let coding = headers["transfer-encoding"] {
        if length != nil {
            return service.refusal(400, "the body has both a length and a transfer coding")
        }
        if coding.lowercased() == "chunked" { return nil }
        return service.refusal(501, "the transfer coding '\(coding)' is not known")
    }
    guard let length else { return nil }
    guard let count = Int(length) else {
        return service.refusal(400, "the body's length is no number")
    }
    return count > service.limits.bodyBytes ? service.tooLarge() : nil
}

private func queue(_ response: HTTPResponse, on connection: OpaquePointer) -> MHD_Result {
    let body = response.body
    let made = unsafe body.withUnsafeBytes { bytes in
        unsafe MHD_create_response_from_buffer(
            bytes.count,
            UnsafeMutableRawPointer(mutating: bytes.baseAddress),
            .RESPMEM_MUST_COPY
        )
    }
    guard let made = unsafe made else { return .NO }
    defer { unsafe MHD_destroy_response(made) }
    for (name, value) in response.headers { unsafe MHD_add_response_header(made, name, value) }
    return unsafe MHD_queue_response(connection, UInt32(response.status), made)
}

/// libmicrohttpd calls this once with the head, again with each piece of the body, once at its
/// end, and once more after a connection was resumed.
private func serveRequest(
    _ context: UnsafeMutableRawPointer?,
    _ connection: OpaquePointer?,
    _ url: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?,
    _ version: UnsafePointer<CChar>?,
    _ upload: UnsafePointer<CChar>?,
    _ uploadSize: UnsafeMutablePointer<Int>?,
    _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context = unsafe context, let connection = unsafe connection,
        let slot = unsafe slot, let uploadSize = unsafe uploadSize
    else { return .NO }
    let service = unsafe Unmanaged<Service>.fromOpaque(context).takeUnretainedValue()
    guard let known = unsafe slot.pointee else {
        let headers = unsafe headers(of: connection)
        if let refused = refusal(headers, service) {
            return unsafe queue(refused, on: connection)
        }
        let exchange = unsafe Exchange(connection, headers: headers)
        service.add(exchange)
        unsafe slot.pointee = Unmanaged.passRetained(exchange).toOpaque()
        return .YES
    }
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(known).takeUnretainedValue()
    let count = unsafe uploadSize.pointee
    if count > 0, let upload = unsafe upload {
        let bytes = unsafe Array(UnsafeRawBufferPointer(start: upload, count: count))
        unsafe uploadSize.pointee = 0
        return exchange.add(bytes, for: service) ? .YES : .NO
    }
    if let body = exchange.takeBody() {
        let path = unsafe url.flatMap { unsafe unescaped(bytes(of: $0)) }
        let query = unsafe query(of: connection)
        if let path, let query {
            let request = unsafe HTTPRequest(
                method: method.map { unsafe String(cString: $0) } ?? "",
                path: path,
                query: query,
                headers: exchange.headers,
                body: body
            )
            service.handler(request, Responder { exchange.answer($0) })
        } else {
            let reason =
                "the path or the query has a wrong escape, a NUL, or bytes that are no UTF-8"
            exchange.answer(service.refusal(400, reason))
        }
    }
    guard let answer = exchange.answerOrSuspend() else { return .YES }
    return unsafe queue(answer, on: connection)
}

private func headers(of connection: OpaquePointer) -> [String: String] {
    let pairs = unsafe values(of: connection, .HEADER_KIND).map { name, value in
        (String(decoding: name, as: UTF8.self).lowercased(), String(decoding: value, as: UTF8.self))
    }
    return Dictionary(pairs) { "\($0), \($1)" }
}

/// The arguments, or nothing when one of them cannot be read.
private func query(of connection: OpaquePointer) -> [(name: String, value: String)]? {
    var query: [(name: String, value: String)] = []
    for (name, value) in unsafe values(of: connection, .GET_ARGUMENT_KIND) {
        guard let name = unescaped(name), let value = unescaped(value) else { return nil }
        query.append((name, value))
    }
    return query
}

private func bytes(of text: UnsafePointer<CChar>) -> [UInt8] {
    unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
}

private func values(
    of connection: OpaquePointer,
    _ kind: MHD_ValueKind
) -> [(name: [UInt8], value: [UInt8])] {
    final class Box { var pairs: [(name: [UInt8], value: [UInt8])] = [] }
    let box = Box()
    unsafe MHD_get_connection_values(
        connection,
        kind,
        { context, _, name, value in
            guard let context = unsafe context, let name = unsafe name else { return .YES }
            let box = unsafe Unmanaged<Box>.fromOpaque(context).takeUnretainedValue()
            let text = unsafe value.map { unsafe bytes(of: $0) } ?? []
            box.pairs.append((unsafe bytes(of: name), text))
            return .YES
        },
        Unmanaged.passUnretained(box).toOpaque()
    )
    return box.pairs
}

private func requestCompleted(
    _ context: UnsafeMutableRawPointer?,
    _ connection: OpaquePointer?,
    _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ code: MHD_RequestTerminationCode
) {
    guard let context = unsafe context, let slot = unsafe slot, let known = unsafe slot.pointee
    else { return }
    let service = unsafe Unmanaged<Service>.fromOpaque(context).takeUnretainedValue()
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(known).takeRetainedValue()
    exchange.end()
    service.remove(exchange)
    unsafe slot.pointee = nil
}
