internal import CMicroHTTPD

/// The head of a request as libmicrohttpd holds it: checked, then taken over.
///
/// libmicrohttpd parses in place and hands out texts that end at a zero byte, so a zero that the
/// client sent hides what follows it. The places of the texts show that: between two there is
/// nothing but a line's end.
@safe
final class RequestHead {
    /// The range of bytes after a text up to the next: a line's end of one or two bytes.
    private static let lineEnd = 1...2

    private(set) var headers: [String: String] = [:]
    private var count = 0
    private var isSound = true
    private var end: UnsafePointer<CChar>?

    /// The request without its body, or what it is refused with.
    static func read(
        _ connection: OpaquePointer,
        url: UnsafePointer<CChar>,
        method: UnsafePointer<CChar>,
        version: UnsafePointer<CChar>,
        target: RequestTarget?,
        limits: HTTPServerLimits
    ) -> Result<HTTPRequest, Refusal> {
        guard let target, unsafe version - url - 1 == target.length,
            let path = unsafe String(validatingCString: url)
        else { return .failure(.badTarget) }
        let head = RequestHead()
        // A handful of headers comes with every request; growing to them costs more than they do.
        head.headers.reserveCapacity(8)
        let versionText = unsafe String(cString: version)
        unsafe head.end = version + versionText.utf8.count
        unsafe head.readHeaders(of: connection)
        let rest =
            unsafe stepgate_mhd_head_size(connection) - (head.end.map { unsafe $0 - method } ?? 0)
        guard head.count <= limits.headerCount else {
            return .failure(.tooManyHeaders)
        }
        guard head.isSound, (2...4).contains(rest),
            let methodText = unsafe token(method, before: url)
        else { return .failure(.unreadable("A header has bytes that must not be in it.")) }
        if let refusal = head.refusal(version: versionText) { return .failure(refusal) }
        let request = unsafe HTTPRequest(
            head: HTTPRequest.Head(method: methodText, path: path, headers: head.headers),
            query: target.hasQuery ? query(of: connection) : []
        )
        return .success(request)
    }

    /// Why a head is not taken.
    enum Refusal: Error, Equatable {
        case unreadable(String)

        static let badTarget = Self.unreadable(
            "The target is not an encoded URL, or its arguments are too many or too long."
        )
        case tooManyHeaders
        case unknownCoding
        case tooManyConnections
    }

    private func refusal(version: String) -> Refusal? {
        if let host = headers["host"] {
            // Two of them were joined.
            if host.utf8.contains(UInt8(ascii: ",")) {
                return .unreadable("A request has one Host header.")
            }
        } else if version != "HTTP/1.0" {
            return .unreadable("A request has a Host header.")
        }
        return bodyRefusal(version: version)
    }

    /// Where a body's end can be read in two ways, one request can hide in another.
    private func bodyRefusal(version: String) -> Refusal? {
        let length = headers["content-length"]
        if let coding = headers["transfer-encoding"] {
            guard length == nil, version != "HTTP/1.0" else {
                return .unreadable("The body's length is told twice.")
            }
            return coding.lowercased() == "chunked" ? nil : .unknownCoding
        }
        guard let length else { return nil }
        return Int(length) == nil ? .unreadable("Content-Length is not one number.") : nil
    }

    private func readHeaders(of connection: OpaquePointer) {
        unsafe MHD_get_connection_values_n(
            connection,
            .HEADER_KIND,
            { context, _, name, nameLength, value, valueLength in
                guard let context = unsafe context, let name = unsafe name,
                    let value = unsafe value
                else { return .NO }
                let head = unsafe Unmanaged<RequestHead>.fromOpaque(context).takeUnretainedValue()
                unsafe head.add(
                    name,
                    UnsafeRawBufferPointer(start: name, count: nameLength),
                    value,
                    UnsafeRawBufferPointer(start: value, count: valueLength)
                )
                return head.isSound ? .YES : .NO
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    private func add(
        _ nameStart: UnsafePointer<CChar>,
        _ name: UnsafeRawBufferPointer,
        _ valueStart: UnsafePointer<CChar>,
        _ value: UnsafeRawBufferPointer
    ) {
        count += 1
        let gap = unsafe end.map { unsafe nameStart - $0 } ?? 0
        unsafe end = valueStart + value.count
        isSound =
            unsafe Self.lineEnd.contains(gap) && !name.isEmpty && name.allSatisfy(Self.isToken)
            && value.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
        guard isSound else { return }
        let key = unsafe Self.lowercased(name)
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        let trailing = unsafe value.reversed().prefix(while: isBlank).count
        let text = unsafe String(decoding: value.dropLast(trailing), as: UTF8.self)
        if let known = headers[key] {
            headers[key] = "\(known), \(text)"
        } else {
            headers[key] = text
        }
    }

    private static func lowercased(_ name: UnsafeRawBufferPointer) -> String {
        unsafe String(unsafeUninitializedCapacity: name.count) { out in
            for unsafe(index, byte) in unsafe name.enumerated() {
                let isUpper = UInt8(ascii: "A") <= byte && byte <= UInt8(ascii: "Z")
                unsafe out[index] = isUpper ? byte | 0x20 : byte
            }
            return name.count
        }
    }

    /// A text that only blanks part from the next, of which libmicrohttpd made the first a zero.
    private static func token(
        _ start: UnsafePointer<CChar>,
        before next: UnsafePointer<CChar>
    ) -> String? {
        let text = unsafe String(cString: start)
        let end = unsafe start + text.utf8.count
        let gap = unsafe UnsafeBufferPointer(start: end, count: max(0, next - end)).dropFirst()
        guard unsafe gap.allSatisfy({ $0 == 0x20 }) else { return nil }
        return !text.isEmpty && text.utf8.allSatisfy(isToken) ? text : nil
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"), UInt8(ascii: "*"),
            UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "^")...UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func query(
        of connection: OpaquePointer
    ) -> [(name: String, value: String)] {
        final class Box { var pairs: [(name: String, value: String)] = [] }
        let box = Box()
        unsafe MHD_get_connection_values(
            connection,
            .GET_ARGUMENT_KIND,
            { context, _, name, value in
                guard let context = unsafe context, let name = unsafe name else { return .YES }
                let box = unsafe Unmanaged<Box>.fromOpaque(context).takeUnretainedValue()
                let text = unsafe value.map { unsafe String(cString: $0) } ?? ""
                box.pairs.append((unsafe String(cString: name), text))
                return .YES
            },
            Unmanaged.passUnretained(box).toOpaque()
        )
        return box.pairs
    }
}

extension RequestHead.Refusal {
    /// What the client is told; its connection ends, since nobody knows where its next request
    /// would begin.
    func response(_ limits: HTTPServerLimits) -> HTTPResponse {
        switch self {
        case .unreadable(let detail): ServerProblem.unreadable(detail)
        case .tooManyHeaders: ServerProblem.tooManyHeaders(limits.headerCount)
        case .unknownCoding: ServerProblem.unknownCoding
        case .tooManyConnections: ServerProblem.tooManyConnections
        }
    }
}
