internal import CMicroHTTPD
internal import Foundation
internal import Glibc
internal import Synchronization

/// One of the server's threads, and the part of libmicrohttpd that works on it.
///
/// libmicrohttpd takes 128 events at a time, and where it got as many it asks for more before it
/// looks at any: on a thread of its own, 128 clients that send at the same moment would wait until
/// another one does. Here it is only ever asked to take what is there; the waiting is ours.
@safe
final class ServerLoop: TaskExecutor {
    let service: Service
    /// How often libmicrohttpd has called for a request.
    let calls = Atomic(0)
    // Set before the thread starts, used by it alone, and by `stop` once it has ended.
    nonisolated(unsafe) private var daemon: OpaquePointer?
    private let bell: Int32
    private let ended: Int32
    private let isRung = Atomic(false)
    private let isStopping = Atomic(false)
    /// Says in words that the compiler knows what `ended` says to the system.
    private let isEnded = Atomic(false)
    private let jobs = Mutex(Jobs())

    /// What tasks that prefer this thread have to do on it.
    private struct Jobs {
        var waiting: [UnownedJob] = []
        var isClosed = false
    }

    init(_ service: Service) {
        self.service = service
        bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        ended = eventfd(0, Int32(EFD_CLOEXEC))
        precondition(bell >= 0 && ended >= 0, "no file is left for the server's own use")
    }

    deinit {
        Glibc.close(bell)
        Glibc.close(ended)
    }

    /// Begins to listen with the settings, which this completes; what `errno` said if it could not.
    func open(
        _ settings: stepgate_mhd_settings,
        _ identity: HTTPServerIdentity?
    ) -> Int32? {
        var settings = unsafe settings
        unsafe settings.handler = serveRequest
        unsafe settings.target = targetCame
        unsafe settings.completed = requestCompleted
        unsafe settings.connected = connectionChanged
        unsafe settings.context = Unmanaged.passUnretained(self).toOpaque()
        errno = 0
        if let identity {
            // libmicrohttpd reads both while it starts.
            unsafe identity.certificate.withCString { certificate in
                unsafe identity.key.withCString { key in
                    unsafe settings.certificate = certificate
                    unsafe settings.key = key
                    unsafe daemon = stepgate_mhd_start(&settings)
                }
            }
        } else {
            unsafe daemon = stepgate_mhd_start(&settings)
        }
        return unsafe daemon == nil ? errno : nil
    }

    /// The port it listens on.
    var port: UInt16 { unsafe daemon.map { unsafe stepgate_mhd_port($0) } ?? 0 }

    /// The socket it listens on, for another loop to have as its own.
    func sharedSocket() -> Int32 {
        unsafe daemon.map { unsafe fcntl(stepgate_mhd_listening($0), F_DUPFD_CLOEXEC, 0) } ?? -1
    }

    /// Has the system ask clients that are silent for so long whether they are still there.
    func probeClients(after seconds: Int) {
        if let daemon = unsafe daemon {
            unsafe stepgate_mhd_probe_clients(daemon, Int32(seconds), 15, 4)
        }
    }

    func start() { Thread { self.run() }.start() }

    /// Has it look for connections that were resumed.
    func ring() {
        // Who found it rung is heard by the turn that the one before has called for: the bell is
        // taken as unrung before libmicrohttpd looks.
        if isRung.exchange(true, ordering: .sequentiallyConsistent) { return }
        eventfd_write(bell, 1)
    }

    /// Has it end once it has nothing at hand.
    func finish() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        ring()
    }

    /// Waits until its thread has ended, if one was started, and closes all connections.
    func close(isStarted: Bool) {
        var count: eventfd_t = 0
        while isStarted, !isEnded.load(ordering: .acquiring) {
            unsafe eventfd_read(ended, &count)
        }
        unsafe MHD_stop_daemon(daemon)
        unsafe daemon = nil
    }

    private func run() {
        defer {
            retire()
            isEnded.store(true, ordering: .releasing)
            eventfd_write(ended, 1)
        }
        guard let daemon = unsafe daemon else { return }
        stepgate_mhd_outlive_clients()
        let events = unsafe stepgate_mhd_events(daemon)
        var files = [events, bell].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var turns = 0
        var heard = 0
        while true {
            let isStopping = isStopping.load(ordering: .sequentiallyConsistent)
            var patience = unsafe isStopping ? 0 : stepgate_mhd_patience(daemon)
            turns = patience == 0 ? turns + 1 : 0
            // A connection that can neither go on nor wait gives it work without end: one whose
            // chunk's head does not fit, until the watch ends it.
            if turns % HTTPServerLimits.turnsAtOnce == 0, turns > 0 {
                if isStopping { return }
                // Where requests go on meanwhile, it is work and no standstill.
                let calls = self.calls.load(ordering: .relaxed)
                if calls == heard { patience = HTTPServerLimits.turnPause }
                heard = calls
            }
            files[1].revents = 0
            if patience != 0 { unsafe poll(&files, 2, patience) }
            if files[1].revents != 0 || isRung.load(ordering: .sequentiallyConsistent) {
                var count: eventfd_t = 0
                unsafe eventfd_read(bell, &count)
                // Those it rang for, while whoever rings now is still heard without a call.
                work()
                isRung.store(false, ordering: .sequentiallyConsistent)
                work()
            }
            unsafe MHD_run(daemon)
            // What was answered before it was told to stop is sent first.
            if isStopping, unsafe stepgate_mhd_patience(daemon) != 0 { return }
        }
    }

    /// Takes a task's next piece of work on; once the thread has ended, the shared ones do it.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isTaken = jobs.withLock { jobs in
            if jobs.isClosed { return false }
            jobs.waiting.append(job)
            return true
        }
        if isTaken { ring() } else { globalConcurrentExecutor.enqueue(job) }
    }

    private func work() {
        let waiting = jobs.withLock { jobs in
            defer { jobs.waiting = [] }
            return jobs.waiting
        }
        for job in waiting { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    private func retire() {
        let left = jobs.withLock { jobs in
            defer { jobs = Jobs(isClosed: true) }
            return jobs.waiting
        }
        for job in left { globalConcurrentExecutor.enqueue(job) }
    }
}
