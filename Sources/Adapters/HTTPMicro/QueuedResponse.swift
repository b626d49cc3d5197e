internal import CMicroHTTPD

/// Keeps an answer's bytes where they are until libmicrohttpd has sent them.
private final class SentBytes {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }
}

func queue(
    _ answer: Exchange.Answer,
    of exchange: Exchange,
    on connection: OpaquePointer
) -> MHD_Result {
    switch answer {
    case .whole(let response): unsafe queue(response, on: connection)
    case .streamed(let head): unsafe queue(head, streamedBy: exchange, on: connection)
    }
}

func queue(_ response: HTTPResponse, on connection: OpaquePointer) -> MHD_Result {
    let body = response.body
    let made =
        unsafe body.count > HTTPServerLimits.copiedBytes ? kept(body) : copied(body)
    return unsafe queue(made, response.status, response.headers, on: connection)
}

private func copied(_ body: [UInt8]) -> OpaquePointer? {
    unsafe body.withUnsafeBytes { bytes in
        unsafe MHD_create_response_from_buffer(
            bytes.count,
            UnsafeMutableRawPointer(mutating: bytes.baseAddress),
            .RESPMEM_MUST_COPY
        )
    }
}

/// An array's bytes stay in their place as long as somebody holds the array and nobody writes it.
private func kept(_ body: [UInt8]) -> OpaquePointer? {
    let owner = SentBytes(body)
    let start = unsafe owner.bytes.withUnsafeBytes { $0.baseAddress }
    return unsafe MHD_create_response_from_buffer_with_free_callback_cls(
        body.count,
        UnsafeMutableRawPointer(mutating: start),
        { owner in
            if let owner = unsafe owner { unsafe Unmanaged<SentBytes>.fromOpaque(owner).release() }
        },
        Unmanaged.passRetained(owner).toOpaque()
    )
}

private func queue(
    _ head: HTTPResponse,
    streamedBy exchange: Exchange,
    on connection: OpaquePointer
) -> MHD_Result {
    let made = unsafe MHD_create_response_from_callback(
        UInt64.max,
        HTTPServerLimits.unchunkedBlock,
        { exchange, _, out, count in
            guard let exchange = unsafe exchange, let out = unsafe out else { return -2 }
            let sender = unsafe Unmanaged<Exchange>.fromOpaque(exchange).takeUnretainedValue()
            switch unsafe sender.send(UnsafeMutableRawBufferPointer(start: out, count: count)) {
            case .bytes(let count): return count
            case .later: return 0
            case .end: return -1
            case .cut: return -2
            }
        },
        Unmanaged.passRetained(exchange).toOpaque(),
        { exchange in
            if let exchange = unsafe exchange {
                unsafe Unmanaged<Exchange>.fromOpaque(exchange).release()
            }
        }
    )
    // Else libmicrohttpd sends HEAD the last chunk of a body that it does not send.
    if exchange.request.method == "HEAD", let made = unsafe made {
        unsafe stepgate_mhd_end_after(made)
    }
    let lengths: Set = ["content-length", "transfer-encoding"]
    let headers = head.headers.filter { !lengths.contains($0.name.lowercased()) }
    return unsafe queue(made, head.status, headers, on: connection)
}

private func queue(
    _ made: OpaquePointer?,
    _ status: Int,
    _ headers: [(name: String, value: String)],
    on connection: OpaquePointer
) -> MHD_Result {
    guard let made = unsafe made else { return .NO }
    defer { unsafe MHD_destroy_response(made) }
    for (name, value) in headers { unsafe MHD_add_response_header(made, name, value) }
    return unsafe MHD_queue_response(connection, UInt32(status), made)
}
