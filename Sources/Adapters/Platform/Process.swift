internal import Glibc
package import Values

/// What the process knows of itself and the terminal it runs in.
package enum Process {
    /// The value of an environment variable, if it is set.
    package static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// All of the environment, for a workspace's `${env:NAME}`.
    package static var environment: [String: String] {
        var all: [String: String] = [:]
        var next = unsafe environ
        while let line = unsafe next.pointee {
            let text = unsafe String(cString: line)
            if let equals = text.firstIndex(of: "=") {
                all[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            unsafe next += 1
        }
        return all
    }

    package static var now: Instant {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    /// Bytes of the kernel's random source, for salts, ids and secrets.
    package static func randomBytes(_ count: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { out, filled in
            unsafe fill(UnsafeMutableRawBufferPointer(out))
            filled = count
        }
    }

    /// 64-bit words of the kernel's random source, all in as few system calls as it takes.
    package static func randomWords(_ count: Int) -> [UInt64] {
        unsafe [UInt64](unsafeUninitializedCapacity: count) { out, filled in
            unsafe fill(UnsafeMutableRawBufferPointer(out))
            filled = count
        }
    }

    /// getentropy(3) gives at most 256 bytes a call, all or none of them.
    private static func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        for start in stride(from: 0, to: bytes.count, by: 256) {
            let end = min(bytes.count, start + 256)
            let part = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[start..<end])
            let failed = unsafe getentropy(part.baseAddress, part.count)
            precondition(failed == 0, "the kernel's random source is gone")
        }
    }

    /// Lets the process open as many files and sockets as its administrator allows, and says how
    /// many that is; what it was started with is often 1,024.
    @discardableResult
    package static func raiseFileLimit() -> UInt64 {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return 0
        }
        let present = UInt64(limit.rlim_cur)
        limit.rlim_cur = limit.rlim_max
        let isRaised = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        return isRaised ? UInt64(limit.rlim_cur) : present
    }

    /// Whether a person's terminal is at the other end.
    package static func isTerminal(_ stream: StandardStream) -> Bool {
        isatty(stream.rawValue) == 1
    }

    /// How many columns standard output's terminal has; as many as wanted where it is none, so
    /// that a program that reads the output gets all of it.
    package static var terminalWidth: Int {
        var size = winsize()
        let isTerminal = unsafe ioctl(StandardStream.output.rawValue, UInt(TIOCGWINSZ), &size) == 0
        if isTerminal, size.ws_col > 0 { return Int(size.ws_col) }
        return environment("COLUMNS").flatMap { Int($0) } ?? 10_000
    }

    /// How many lines standard output's terminal has; nothing where it is none.
    package static var terminalHeight: Int? {
        var size = winsize()
        let isTerminal = unsafe ioctl(StandardStream.output.rawValue, UInt(TIOCGWINSZ), &size) == 0
        return isTerminal && size.ws_row > 0 ? Int(size.ws_row) : nil
    }

    /// The bytes of memory in use, by `/proc`; nothing where the system does not tell.
    package static var residentBytes: Int? {
        let text: String
        do {
            let file = try File("/proc/self/statm", for: .reading)
            text = String(decoding: try file.readAll(limit: 4_096), as: UTF8.self)
        } catch {
            return nil
        }
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return pages.map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) }
    }

    /// How many files and sockets are open, by `/proc`; nothing where the system does not tell.
    package static var openFiles: Int? {
        do {
            // One of them is the folder being read.
            return try Folder.names(in: "/proc/self/fd").count - 1
        } catch {
            return nil
        }
    }

    /// Writes all of it; a reader that has gone is not an error worth telling.
    package static func write(_ text: String, to stream: StandardStream) {
        write(Array(text.utf8), to: stream)
    }

    /// Writes all the bytes, as `write` does a text.
    package static func write(_ bytes: [UInt8], to stream: StandardStream) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(
                    stream.rawValue,
                    buffer.baseAddress?.advanced(by: written),
                    bytes.count - written
                )
            }
            if count < 0, errno != EINTR { return }
            written += max(0, count)
        }
    }
}

/// Where a program writes.
package enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2
}
