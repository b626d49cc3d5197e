internal import CCurl
internal import Glibc
internal import Models

/// libcurl wants its beginning once, before everything else.
private let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

/// Owns one transfer handle, its header lines and error buffer, and releases them.
///
/// Used on one thread only. libcurl writes what arrives into `response`, which lives as long.
@safe
struct CurlHandle: ~Copyable {
    let response = Response()
    fileprivate let raw: UnsafeMutableRawPointer
    private let errorBuffer: UnsafeMutablePointer<CChar>
    private var lines: UnsafeMutablePointer<curl_slist>?

    /// Nothing when there is no memory.
    init?() {
        guard isLibraryReady, let raw = unsafe curl_easy_init() else { return nil }
        unsafe self.raw = raw
        unsafe errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        unsafe lines = nil
    }

    deinit {
        unsafe curl_easy_cleanup(raw)
        unsafe curl_slist_free_all(lines)
        unsafe errorBuffer.deallocate()
    }

    /// Makes the handle ready for one exchange; false when libcurl refuses a part of it.
    mutating func prepare(_ call: HTTPCall, number: UInt64) -> Bool {
        reset()
        response.begin(limit: call.responseLimit)
        response.cutsBody = call.cutsBody
        unsafe stepgate_curl_set_number(raw, number)
        setSinks()
        setBounds(call)
        if case .direct(let publicOnly) = call.reach {
            guard setDirect(publicOnly) else { return false }
        }
        return setMethod(call) && setHeaders(call.headers) && set(CURLOPT_URL, call.url)
    }

    /// Forgets the last exchange with everything that was set for it, keys included.
    mutating func reset() {
        unsafe curl_easy_reset(raw)
        unsafe curl_slist_free_all(lines)
        unsafe lines = nil
        unsafe errorBuffer[0] = 0
    }

    var status: Int { unsafe stepgate_curl_status(raw) }

    /// Whether the connection stood at all.
    var hasConnected: Bool { unsafe stepgate_curl_has_connected(raw) }

    /// Whether a byte of the answer has come, be it of an incomplete status line.
    var hasFirstByte: Bool { unsafe stepgate_curl_first_byte_after(raw) > 0 }

    /// What libcurl says about the failure, if anything.
    var failure: String { unsafe String(cString: errorBuffer) }

    private func set(_ option: CURLoption, _ value: Int) {
        unsafe stepgate_curl_set_long(raw, option, value)
    }

    private func set(_ option: CURLoption, _ value: String) -> Bool {
        unsafe stepgate_curl_set_text(raw, option, value) == CURLE_OK
    }

    private func setSinks() {
        let box = unsafe Unmanaged.passUnretained(response).toOpaque()
        unsafe stepgate_curl_set_sinks(
            raw,
            { bytes, size, count, box in
                guard let bytes = unsafe bytes, let box = unsafe box else { return 0 }
                let response = unsafe Unmanaged<Response>.fromOpaque(box).takeUnretainedValue()
                let part = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
                return unsafe response.take(part) ? size * count : 0
            },
            { bytes, size, count, box in
                guard let bytes = unsafe bytes, let box = unsafe box else { return 0 }
                let response = unsafe Unmanaged<Response>.fromOpaque(box).takeUnretainedValue()
                let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
                return unsafe response.takeHeader(line) ? size * count : 0
            },
            box,
            errorBuffer
        )
    }

    private func setBounds(_ call: HTTPCall) {
        set(CURLOPT_CONNECTTIMEOUT_MS, call.connectTimeout.wholeMilliseconds)
        set(CURLOPT_TIMEOUT_MS, call.timeout.wholeMilliseconds)
        if !call.cutsBody {
            let limit = Int64(call.responseLimit)
            unsafe stepgate_curl_set_size(raw, CURLOPT_MAXFILESIZE_LARGE, limit)
        }
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        // Trust comes from the bundle file alone, which Debian fills from the same certificates as
        // the folder: with a folder libcurl reads all of them again for every connection and keeps
        // them with it, 20 ms and 800 KB each, instead of sharing one copy.
        _ = unsafe stepgate_curl_set_text(raw, CURLOPT_CAPATH, nil)
        // Without it, giving up on a name that is being looked up waits for the look-up to end.
        set(CURLOPT_QUICK_EXIT, 1)
        _ = set(CURLOPT_PROTOCOLS_STR, "http,https")
        _ = set(CURLOPT_USERAGENT, "stepgate")
        _ = set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate")
    }

    /// Lets nothing but the host's own address decide where the call goes: no proxy, and no kept
    /// connection, which another call may have opened to where this one must not go.
    private func setDirect(_ publicOnly: Bool) -> Bool {
        set(CURLOPT_FRESH_CONNECT, 1)
        set(CURLOPT_FORBID_REUSE, 1)
        guard set(CURLOPT_PROXY, "") else { return false }
        guard publicOnly else { return true }
        let box = unsafe Unmanaged.passUnretained(response).toOpaque()
        unsafe stepgate_curl_set_opener(
            raw,
            { box, _, address in
                guard let box = unsafe box, let address = unsafe address else {
                    return CURL_SOCKET_BAD
                }
                let response = unsafe Unmanaged<Response>.fromOpaque(box).takeUnretainedValue()
                let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 16) { out, count in
                    unsafe count = stepgate_curl_address(address, out.baseAddress)
                }
                guard response.admits(bytes) else { return CURL_SOCKET_BAD }
                return unsafe stepgate_curl_open(address)
            },
            box
        )
        return true
    }

    private func setMethod(_ call: HTTPCall) -> Bool {
        guard !call.body.isEmpty || call.method == "POST" else {
            set(CURLOPT_HTTPGET, 1)
            return call.method == "GET" || set(CURLOPT_CUSTOMREQUEST, call.method)
        }
        unsafe stepgate_curl_set_size(raw, CURLOPT_POSTFIELDSIZE_LARGE, Int64(call.body.count))
        let copied = unsafe call.body.withUnsafeBytes { bytes in
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            return unsafe stepgate_curl_set_text(raw, CURLOPT_COPYPOSTFIELDS, start)
        }
        guard copied == CURLE_OK else { return false }
        if call.body.isEmpty { set(CURLOPT_POST, 1) }
        return call.method == "POST" || set(CURLOPT_CUSTOMREQUEST, call.method)
    }

    private mutating func setHeaders(_ headers: [HTTPHeader]) -> Bool {
        // libcurl would wait a second for a server's leave to send a large body.
        guard append("expect:") else { return false }
        for header in headers {
            let isAppended =
                switch header.value {
                case .plain(let value): append("\(header.name): \(value)")
                case .secret(let prefix, let secret):
                    secret.withValue { append("\(header.name): \(prefix)\($0)") }
                }
            guard isAppended else { return false }
        }
        return unsafe stepgate_curl_set_headers(raw, lines) == CURLE_OK
    }

    /// False for a line that would end the header early, and when there is no memory.
    private mutating func append(_ line: String) -> Bool {
        guard line.utf8.allSatisfy({ $0 >= 0x20 || $0 == 0x09 }) else { return false }
        guard let longer = unsafe curl_slist_append(lines, line) else { return false }
        unsafe lines = longer
        return true
    }
}

/// Owns the set of running transfers and their connections, and releases it.
///
/// The kernel's list of watched sockets is kept up to date by libcurl, so that a turn costs what is
/// ready and not what is in flight. A class, as the thread that runs it and those who wake it share
/// it; every method but `wake` belongs to that one thread.
@safe
final class CurlMulti {
    private let raw: UnsafeMutableRawPointer
    private let watch: Int32
    private let bell: Int32

    init() {
        guard isLibraryReady, let raw = unsafe curl_multi_init() else {
            preconditionFailure("libcurl has no memory to begin with")
        }
        unsafe self.raw = raw
        watch = epoll_create1(Int32(EPOLL_CLOEXEC))
        bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard unsafe stepgate_curl_multi_watch(raw, watch, bell) else {
            preconditionFailure("the process has no descriptors left to begin with")
        }
        let kept = Limits.idleConnections
        unsafe stepgate_curl_multi_set_long(raw, CURLMOPT_MAXCONNECTS, kept)
    }

    deinit {
        unsafe curl_multi_cleanup(raw)
        close(watch)
        close(bell)
    }

    func add(_ handle: borrowing CurlHandle) -> Bool {
        unsafe curl_multi_add_handle(raw, handle.raw) == CURLM_OK
    }

    func remove(_ handle: borrowing CurlHandle) {
        unsafe curl_multi_remove_handle(raw, handle.raw)
    }

    /// A transfer that has ended, once each.
    func nextDone() -> (number: UInt64, result: CURLcode)? {
        var number: UInt64 = 0
        var result = CURLE_OK
        guard unsafe stepgate_curl_next_done(raw, &number, &result) else { return nil }
        return (number, result)
    }

    /// Waits until a socket or a timer of a transfer needs care, someone wakes it or the time is
    /// over, then moves those transfers as far as they go; false when more sockets are ready.
    func turn(atMost time: Duration) -> Bool {
        let bound = time > .zero ? Int32(min(time, Limits.idlePoll).wholeMilliseconds) : 0
        return unsafe stepgate_curl_multi_turn(raw, watch, bell, bound)
    }

    /// Ends the present or the next wait; from any thread.
    func wake() { eventfd_write(bell, 1) }
}

// Only `wake` is called from any thread, and a write to the bell is safe; the rest stays on one.
extension CurlMulti: @unchecked Sendable {}

extension Duration {
    /// Rounded up and at least 1, since libcurl takes 0 for "no bound".
    fileprivate var wholeMilliseconds: Int {
        let parts = components
        guard parts.seconds < 1_000_000_000 else { return 1_000_000_000_000 }
        let rest = (parts.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return max(1, Int(parts.seconds * 1_000 + rest))
    }
}
