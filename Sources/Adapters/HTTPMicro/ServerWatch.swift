internal import CMicroHTTPD
internal import Foundation
internal import Glibc

/// What the watch asks of the system's sockets.
struct Sockets {
    /// Makes the server's own thread find the connection ended.
    func end(_ socket: Int32) { shutdown(socket, Int32(SHUT_RDWR)) }

    /// The places of those whose client closed its side.
    func closed(among sockets: [Int32]) -> [Int] {
        guard !sockets.isEmpty else { return [] }
        var polls = sockets.map { pollfd(fd: $0, events: Int16(Self.sendingEnded), revents: 0) }
        guard unsafe poll(&polls, nfds_t(polls.count), 0) > 0 else { return [] }
        return polls.indices.filter { polls[$0].revents != 0 }
    }

    /// Whether bytes that came are still to be read.
    func hasBytes(_ socket: Int32) -> Bool {
        var byte: UInt8 = 0
        return unsafe recv(socket, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) > 0
    }

    /// POLLRDHUP, which the headers show only to GNU sources.
    private static let sendingEnded = 0x2000

    /// The monotonic clock's seconds.
    static var second: Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec
    }
}

/// The thread that looks after connections: libmicrohttpd knows only one deadline, which any byte
/// sets anew, and does not look at suspended connections at all.
final class ServerWatch: Sendable {
    private let bell: Int32
    private let service: Service

    init(_ service: Service) {
        self.service = service
        bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(bell >= 0, "no file is left for the server's own use")
    }

    deinit { close(bell) }

    func start() { Thread { self.run() }.start() }

    func stop() { eventfd_write(bell, 1) }

    private func run() {
        let pause = Int32(service.limits.watchMilliseconds)
        var stopped = pollfd(fd: bell, events: Int16(POLLIN), revents: 0)
        while unsafe poll(&stopped, 1, pause) <= 0 {
            service.look(at: Sockets.second, sockets: Sockets())
        }
    }
}
