internal import CMicroHTTPD
internal import Glibc
internal import Synchronization

/// libmicrohttpd calls this with each target before it decodes it.
func targetCame(
    _ context: UnsafeMutableRawPointer?,
    _ target: UnsafePointer<CChar>?,
    _ connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context, let target = unsafe target,
        let connection = unsafe connection, let client = unsafe client(of: connection)
    else { return nil }
    let loop = unsafe Unmanaged<ServerLoop>.fromOpaque(context).takeUnretainedValue()
    let bytes = unsafe UnsafeRawBufferPointer(start: target, count: strlen(target))
    let isHeld = unsafe RequestTarget.fits(bytes, in: loop.service.limits.headerBytes)
    let read = isHeld ? unsafe RequestTarget(bytes) : nil
    client.expect(read)
    // Arguments that its memory does not hold leave libmicrohttpd waiting for ever: of a target that
    // is refused it gets none, in its own buffer, before it looks for them.
    if read == nil, let mark = unsafe bytes.firstIndex(of: UInt8(ascii: "?")),
        mark + 1 < bytes.count
    {
        unsafe UnsafeMutablePointer(mutating: target)[mark + 1] = 0
    }
    return nil
}

/// libmicrohttpd calls this once with the head, again with each piece of the body, once at its
/// end, and once more after a connection was resumed.
func serveRequest(
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
    let loop = unsafe Unmanaged<ServerLoop>.fromOpaque(context).takeUnretainedValue()
    let service = loop.service
    loop.calls.add(1, ordering: .relaxed)
    guard let known = unsafe slot.pointee else {
        guard let url = unsafe url, let method = unsafe method, let version = unsafe version,
            let client = unsafe client(of: connection)
        else { return .NO }
        client.stopWaiting()
        let head =
            unsafe client.isRefused
            ? .failure(.tooManyConnections)
            : RequestHead.read(
                connection,
                url: url,
                method: method,
                version: version,
                target: client.nextTarget,
                limits: service.limits
            )
        return unsafe begin(head, client, loop, connection, slot)
    }
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(known).takeUnretainedValue()
    let count = unsafe uploadSize.pointee
    if count > 0, let upload = unsafe upload {
        unsafe uploadSize.pointee = 0
        return unsafe exchange.add(UnsafeRawBufferPointer(start: upload, count: count))
            ? .YES : .NO
    }
    if let request = exchange.endBody() { service.handler(request, Responder(exchange)) }
    switch exchange.nextTurn() {
    case .answer(let answer): return unsafe queue(answer, of: exchange, on: connection)
    case .wait: return .YES
    case .close: return .NO
    }
}

/// Takes a request on from its head, or refuses it.
private func begin(
    _ head: Result<HTTPRequest, RequestHead.Refusal>,
    _ client: Connection,
    _ loop: ServerLoop,
    _ connection: OpaquePointer,
    _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>
) -> MHD_Result {
    let service = loop.service
    let request: HTTPRequest
    switch head {
    case .success(let sound): request = sound
    case .failure(let refusal):
        return unsafe queue(refusal.response(service.limits), on: connection)
    }
    let limits = service.limits
    let handling = service.handling(request.head)
    let isStreamed = handling == .streamed
    let limit = isStreamed ? limits.streamedBytes : limits.bodyBytes
    let length = request.headers["content-length"].flatMap { Int($0) } ?? 0
    let isExpected = request.headers["expect"] != nil
    let isDiscarded = isStreamed && !isExpected && length <= limit + limits.discardedBytes
    if length > limit, !isDiscarded {
        return unsafe queue(ServerProblem.tooLarge(limit, closing: true), on: connection)
    }
    let exchange = unsafe Exchange(
        connection,
        request,
        client: client,
        loop: loop,
        handling: handling
    )
    service.add(exchange)
    unsafe slot.pointee = Unmanaged.passRetained(exchange).toOpaque()
    if length > limit {
        // Little enough to be read and dropped, so that the client reads why.
        exchange.answer(.whole(ServerProblem.tooLarge(limit, closing: false)))
    } else if isStreamed {
        service.handler(exchange.begin(), Responder(exchange))
        // A client that waits for leave is answered before it sends anything.
        if isExpected, let answer = exchange.earlyAnswer {
            return unsafe queue(answer, of: exchange, on: connection)
        }
    }
    return .YES
}

/// libmicrohttpd calls this when a request is over, however it ended.
func requestCompleted(
    _ context: UnsafeMutableRawPointer?,
    _ connection: OpaquePointer?,
    _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ code: MHD_RequestTerminationCode
) {
    guard let context = unsafe context, let slot = unsafe slot, let connection = unsafe connection
    else { return }
    let service = unsafe Unmanaged<ServerLoop>.fromOpaque(context).takeUnretainedValue().service
    unsafe client(of: connection)?
        .awaitHead(until: Sockets.second + service.limits.idleSeconds)
    guard let known = unsafe slot.pointee else { return }
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(known).takeRetainedValue()
    exchange.end()
    service.remove(exchange)
    unsafe slot.pointee = nil
}

/// libmicrohttpd calls this when a connection begins, and before it closes its socket.
func connectionChanged(
    _ context: UnsafeMutableRawPointer?,
    _ connection: OpaquePointer?,
    _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ code: MHD_ConnectionNotificationCode
) {
    guard let context = unsafe context, let slot = unsafe slot, let connection = unsafe connection
    else { return }
    let service = unsafe Unmanaged<ServerLoop>.fromOpaque(context).takeUnretainedValue().service
    if let known = unsafe slot.pointee {
        service.disconnect(unsafe Unmanaged<Connection>.fromOpaque(known).takeRetainedValue())
        unsafe slot.pointee = nil
    } else {
        let client = service.connect(unsafe stepgate_mhd_socket(connection), at: Sockets.second)
        unsafe slot.pointee = Unmanaged.passRetained(client).toOpaque()
    }
}

private func client(of connection: OpaquePointer) -> Connection? {
    guard let known = unsafe stepgate_mhd_context(connection) else { return nil }
    return unsafe Unmanaged<Connection>.fromOpaque(known).takeUnretainedValue()
}
