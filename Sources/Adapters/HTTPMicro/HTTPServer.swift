internal import CMicroHTTPD
internal import Glibc
internal import Synchronization

/// An HTTP server over libmicrohttpd: epoll threads that no waiting request holds.
///
/// A request is read wholly, then its connection is suspended until its responder answers.
@safe
package final class HTTPServer: Sendable {
    package typealias Handler = @Sendable (HTTPRequest, Responder) -> Void

    // The daemon is used by libmicrohttpd's own threads; we only start and stop it.
    nonisolated(unsafe) private let daemon: OpaquePointer
    // Lives as long as the daemon's threads may call back.
    private let service: Service
    package let port: UInt16

    /// Listens on a numeric IPv4 address; port 0 takes any free one.
    package init(
        address: String = "127.0.0.1",
        port: UInt16,
        limits: HTTPServerLimits = HTTPServerLimits(),
        handler: @escaping Handler
    ) throws(HTTPServerError) {
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        guard unsafe inet_pton(AF_INET, address, &place.sin_addr) == 1 else {
            throw HTTPServerError(message: "'\(address)' is no IPv4 address")
        }
        service = Service(limits: limits, handler: handler)
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
        guard let started = unsafe started else {
            let reason = unsafe String(cString: strerror(errno))
            throw HTTPServerError(
                message: "cannot listen on \(address):\(port) (\(reason)): stop what uses it, or "
                    + "name another --port"
            )
        }
        unsafe daemon = started
        self.port = unsafe stepgate_mhd_port(started)
    }

    /// Ends every connection; requests still waiting for an answer get none.
    package func stop() {
        service.resumeAll()
        unsafe MHD_stop_daemon(daemon)
    }
}

/// What the callbacks work with.
private final class Service: Sendable {
    let limits: HTTPServerLimits
    let handler: HTTPServer.Handler
    private let waiting = Mutex<[ObjectIdentifier: Exchange]>([:])

    init(limits: HTTPServerLimits, handler: @escaping HTTPServer.Handler) {
        self.limits = limits
        self.handler = handler
    }

    func add(_ exchange: Exchange) {
        waiting.withLock { $0[ObjectIdentifier(exchange)] = exchange }
    }

    func remove(_ exchange: Exchange) {
        _ = waiting.withLock { $0.removeValue(forKey: ObjectIdentifier(exchange)) }
    }

    /// libmicrohttpd cannot stop while connections are suspended.
    func resumeAll() {
        for exchange in waiting.withLock({ Array($0.values) }) {
            exchange.answer(HTTPResponse(status: 503))
        }
    }
}

/// One request on its way: its body, then its answer.
@safe
private final class Exchange: Sendable {
    private struct State {
        var body: [UInt8] = []
        var tooLarge = false
        var handed = false
        var answer: HTTPResponse?
        var suspended = false
        var ended = false
    }

    // Used to suspend and resume only, which libmicrohttpd allows from any thread.
    nonisolated(unsafe) private let connection: OpaquePointer
    private let state = Mutex(State())

    init(_ connection: OpaquePointer) { unsafe self.connection = connection }

    func add(_ bytes: [UInt8], limit: Int) {
        state.withLock { state in
            if state.tooLarge || state.body.count + bytes.count > limit {
                state.tooLarge = true
                state.body = []
            } else {
                state.body += bytes
            }
        }
    }

    var isTooLarge: Bool { state.withLock { $0.tooLarge } }

    /// The body, the first time it is asked for.
    func takeBody() -> [UInt8]? {
        state.withLock { state in
            if state.handed { return nil }
            state.handed = true
            defer { state.body = [] }
            return state.body
        }
    }

    /// The answer, or nothing after suspending the connection until it comes.
    func answerOrSuspend() -> HTTPResponse? {
        state.withLock { state in
            if let answer = state.answer { return answer }
            state.suspended = true
            unsafe MHD_suspend_connection(connection)
            return nil
        }
    }

    func answer(_ response: HTTPResponse) {
        state.withLock { state in
            guard state.answer == nil, !state.ended else { return }
            state.answer = response
            guard state.suspended else { return }
            state.suspended = false
            unsafe MHD_resume_connection(connection)
        }
    }

    func end() { state.withLock { $0.ended = true } }
}

private func queue(_ response: HTTPResponse, on connection: OpaquePointer?) -> MHD_Result {
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
        let exchange = unsafe Exchange(connection)
        service.add(exchange)
        unsafe slot.pointee = Unmanaged.passRetained(exchange).toOpaque()
        return .YES
    }
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(known).takeUnretainedValue()
    let count = unsafe uploadSize.pointee
    if count > 0 {
        if let upload = unsafe upload {
            let bytes = unsafe Array(UnsafeRawBufferPointer(start: upload, count: count))
            exchange.add(bytes, limit: service.limits.bodyBytes)
        }
        unsafe uploadSize.pointee = 0
        return .YES
    }
    if exchange.isTooLarge { return unsafe queue(HTTPResponse(status: 413), on: connection) }
    if let body = exchange.takeBody() {
        let request = unsafe HTTPRequest(
            method: method.map { unsafe String(cString: $0) } ?? "",
            path: url.map { unsafe String(cString: $0) } ?? "",
            headers: headers(of: connection),
            body: body
        )
        if request.header("transfer-encoding") != nil, request.header("content-length") != nil {
            return unsafe queue(HTTPResponse(status: 400), on: connection)
        }
        service.handler(request, Responder { exchange.answer($0) })
    }
    guard let answer = exchange.answerOrSuspend() else { return .YES }
    return unsafe queue(answer, on: connection)
}

private func headers(of connection: OpaquePointer) -> [String: String] {
    final class Box { var headers: [String: String] = [:] }
    let box = Box()
    unsafe MHD_get_connection_values(
        connection,
        .HEADER_KIND,
        { context, _, name, value in
            guard let context = unsafe context, let name = unsafe name else { return .YES }
            let box = unsafe Unmanaged<Box>.fromOpaque(context).takeUnretainedValue()
            let text = unsafe value.map { unsafe String(cString: $0) } ?? ""
            box.headers[unsafe String(cString: name).lowercased()] = text
            return .YES
        },
        Unmanaged.passUnretained(box).toOpaque()
    )
    return box.headers
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
