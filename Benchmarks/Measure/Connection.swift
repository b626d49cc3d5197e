internal import CLoad
internal import Values

/// One kept connection to a server of this machine, on which one request after another is sent and
/// answered, blocking the thread.
final class Connection {
    /// More than any answer that is asked for here has.
    private static let room = 4 << 20

    private let descriptor: Int32
    private var bytes = [UInt8](repeating: 0, count: room)

    /// `patience` is how many seconds more of an answer is waited for.
    init(port: UInt16, patience: Double = 60) throws {
        descriptor = stepgate_exchange_open(port, patience)
        guard descriptor >= 0 else { throw InvalidRun("port \(port) takes no connection") }
    }

    deinit { stepgate_exchange_close(descriptor) }

    /// The body of a good answer; any other ends the run.
    func exchange(_ request: String) throws -> [UInt8] {
        let (status, body) = try answer(request)
        guard (200..<300).contains(status) else {
            throw InvalidRun(
                "'\(request.prefix { $0 != "\r\n" })' was answered \(status): "
                    + String(decoding: body.prefix(500), as: UTF8.self)
            )
        }
        return body
    }

    /// Any answer there is.
    func answer(_ request: String) throws -> (status: Int, body: [UInt8]) {
        var filled = 0
        let status = unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            var request = request
            return request.withUTF8 { request in
                unsafe stepgate_exchange(
                    descriptor,
                    request.baseAddress,
                    request.count,
                    bytes.baseAddress,
                    bytes.count,
                    &filled
                )
            }
        }
        guard status > 0 else {
            throw InvalidRun("'\(request.prefix { $0 != "\r\n" })' had no whole answer")
        }
        return (Int(status), Array(bytes[..<filled]))
    }
}

/// Threads of their own, for clients that block.
enum Threads {
    private final class Body: Sendable {
        let run: @Sendable (Int) -> Void

        init(_ run: @escaping @Sendable (Int) -> Void) { self.run = run }
    }

    /// Runs the body on so many threads, each with its place from 0, blocking this one until all of
    /// them have ended.
    static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) throws {
        let body = Body(body)
        let context = unsafe Unmanaged.passUnretained(body).toOpaque()
        let failed = unsafe stepgate_threads_run(
            UInt32(count),
            { context, place in
                guard let context = unsafe context else { return }
                unsafe Unmanaged<Body>.fromOpaque(context).takeUnretainedValue().run(Int(place))
            },
            context
        )
        withExtendedLifetime(body) {}
        guard failed == 0 else { throw InvalidRun("\(count) threads cannot be started") }
    }

    /// Seconds of a processor that the present thread has used so far.
    static var processorSeconds: Double { stepgate_thread_seconds() }
}
