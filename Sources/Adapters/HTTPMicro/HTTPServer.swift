internal import CMicroHTTPD
internal import Glibc
internal import Synchronization

/// An HTTP server over libmicrohttpd: epoll threads that no waiting request holds.
///
/// A request is read wholly, then its connection is suspended until its responder answers. One that
/// is to be streamed is handed over with its head, and its body comes meanwhile. The handler runs
/// on one of the server's few threads, so it must hand long work to another. The server runs until
/// it is stopped or nobody holds it.
@safe
package final class HTTPServer: Sendable {
    package typealias Handler = @Sendable (HTTPRequest, Responder) -> Void

    // The daemon is used by libmicrohttpd's own threads; we only start and stop it.
    nonisolated(unsafe) private let daemon: OpaquePointer
    // Lives as long as the daemon's threads may call back.
    private let service: Service
    private let watch: ServerWatch
    private let isStopped = Mutex(false)
    package let port: UInt16
    /// How many connections it serves at once: those asked for, or as many as the process's files
    /// allow.
    package let connectionLimit: Int

    /// Listens on a numeric IPv4 address; port 0 takes any free one.
    ///
    /// With `tls`, a certificate (and those that vouch for it) and its private key in PEM, it speaks
    /// TLS 1.2 and 1.3 only. `streams` is asked once with each request's head, on the server's own
    /// thread, whether the body is to be streamed.
    package init(
        address: String = "127.0.0.1",
        port: UInt16,
        limits: HTTPServerLimits = HTTPServerLimits(),
        tls: (certificate: [UInt8], key: [UInt8])? = nil,
        streams: @escaping @Sendable (HTTPRequest.Head) -> Bool = { _ in false },
        handler: @escaping Handler
    ) throws(HTTPServerError) {
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        guard unsafe inet_pton(AF_INET, address, &place.sin_addr) == 1 else {
            throw HTTPServerError(noAddress: address)
        }
        connectionLimit = try limits.fittingConnections(limits.openFiles ?? Self.openFiles)
        let identity: HTTPServerIdentity?
        if let tls {
            identity = try HTTPServerIdentity(certificate: tls.certificate, key: tls.key)
        } else {
            identity = nil
        }
        service = Service(
            limits: limits,
            connectionLimit: connectionLimit,
            streams: streams,
            handler: handler
        )
        watch = ServerWatch(service)
        let started = unsafe Self.start(service, place, port, identity)
        let code = errno
        guard let started = unsafe started else {
            if identity != nil, ![EADDRINUSE, EACCES, EADDRNOTAVAIL].contains(code) {
                throw HTTPServerError(key: "does not belong to the certificate, or one is damaged")
            }
            let reason = unsafe String(cString: strerror(code))
            throw HTTPServerError(address: address, port: port, code: code, reason: reason)
        }
        unsafe daemon = started
        self.port = unsafe stepgate_mhd_port(started)
        unsafe stepgate_mhd_probe_clients(started, Int32(limits.probeSeconds), 15, 4)
        watch.start()
    }

    deinit { stop() }

    /// How many requests are on their way, those being answered among them.
    package var requestCount: Int { service.counts.exchanges }

    /// How many connections are open, those beyond the limit among them.
    package var connectionCount: Int { service.counts.connections }

    /// Ends every connection; answers that come later are passed over.
    ///
    /// Must not be called from a handler, whose thread it waits for.
    package func stop() {
        let isFirst = isStopped.withLock { isStopped in
            defer { isStopped = true }
            return !isStopped
        }
        guard isFirst else { return }
        watch.stop()
        service.stop()
        unsafe MHD_stop_daemon(daemon)
    }

    private static func start(
        _ service: Service,
        _ place: sockaddr_in,
        _ port: UInt16,
        _ identity: HTTPServerIdentity?
    ) -> OpaquePointer? {
        let limits = service.limits
        var settings = unsafe stepgate_mhd_settings()
        unsafe settings.port = port
        unsafe settings.address = place
        unsafe settings.threads = UInt32(limits.threads)
        unsafe settings.connections = UInt32(service.connectionLimit + limits.refusedConnections)
        unsafe settings.idle_seconds = UInt32(limits.idleSeconds)
        unsafe settings.memory = limits.headerBytes
        unsafe settings.handler = serveRequest
        unsafe settings.target = targetCame
        unsafe settings.completed = requestCompleted
        unsafe settings.connected = connectionChanged
        unsafe settings.context = Unmanaged.passUnretained(service).toOpaque()
        errno = 0
        guard let identity else { return unsafe stepgate_mhd_start(&settings) }
        // libmicrohttpd reads both while it starts.
        return unsafe identity.certificate.withCString { certificate in
            unsafe identity.key.withCString { key in
                unsafe settings.certificate = certificate
                unsafe settings.key = key
                return unsafe stepgate_mhd_start(&settings)
            }
        }
    }

    private static var openFiles: Int {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(kind, &limit) == 0 else { return 0 }
        return Int(clamping: limit.rlim_cur)
    }
}
