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

    private let loops: [ServerLoop]
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
    /// TLS 1.2 and 1.3 only. `handling` is asked once with each request's head, on the server's own
    /// thread.
    package init(
        address: String = "127.0.0.1",
        port: UInt16,
        limits: HTTPServerLimits = HTTPServerLimits(),
        tls: (certificate: [UInt8], key: [UInt8])? = nil,
        handling: @escaping @Sendable (HTTPRequest.Head) -> HTTPHandling = { _ in .usual },
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
            handling: handling,
            handler: handler
        )
        watch = ServerWatch(service)
        switch Self.loops(service, place, port, identity) {
        case .success(let open): loops = open
        case .failure(let failure):
            if identity != nil, ![EADDRINUSE, EACCES, EADDRNOTAVAIL].contains(failure.code) {
                throw HTTPServerError(key: "does not belong to the certificate, or one is damaged")
            }
            let reason = unsafe String(cString: strerror(failure.code))
            throw HTTPServerError(address: address, port: port, code: failure.code, reason: reason)
        }
        self.port = loops[0].port
        loops[0].probeClients(after: limits.probeSeconds)
        for loop in loops { loop.start() }
        watch.start()
    }

    deinit { stop() }

    /// How many requests are on their way, those being answered among them.
    package var requestCount: Int { service.counts.exchanges }

    /// How many connections are open, those beyond the limit among them.
    package var connectionCount: Int { service.counts.connections }

    /// Returns once each request that is there now is over: answered to its last byte, or left by its
    /// client, or ended by `stop`.
    package func settle() async { await service.settle() }

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
        for loop in loops { loop.finish() }
        for loop in loops { loop.close(isStarted: true) }
    }

    private struct Failure: Error {
        let code: Int32
    }

    /// As many loops as threads, all on one listening socket.
    private static func loops(
        _ service: Service,
        _ place: sockaddr_in,
        _ port: UInt16,
        _ identity: HTTPServerIdentity?
    ) -> Result<[ServerLoop], Failure> {
        let limits = service.limits
        let connections = service.connectionLimit + limits.refusedConnections
        var loops: [ServerLoop] = []
        for index in 0..<limits.threads {
            var settings = unsafe stepgate_mhd_settings()
            unsafe settings.port = port
            unsafe settings.address = place
            unsafe settings.listening = loops.first?.sharedSocket() ?? -1
            let rest = index < connections % limits.threads ? 1 : 0
            unsafe settings.connections = UInt32(connections / limits.threads + rest)
            unsafe settings.idle_seconds = UInt32(limits.idleSeconds)
            unsafe settings.memory = limits.headerBytes
            let loop = ServerLoop(service)
            if let code = unsafe loop.open(settings, identity) {
                for loop in loops { loop.close(isStarted: false) }
                return .failure(Failure(code: code))
            }
            loops.append(loop)
        }
        return .success(loops)
    }

    private static var openFiles: Int {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(kind, &limit) == 0 else { return 0 }
        return Int(clamping: limit.rlim_cur)
    }
}
