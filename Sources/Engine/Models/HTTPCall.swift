internal import Autonomy
internal import Values

/// One header of a request, whose value may be a secret.
package struct HTTPHeader: Sendable {
    package enum Value: Sendable {
        case plain(String)
        /// A key behind what goes before it, such as `Bearer `.
        case secret(prefix: String, Secret)
    }

    /// In lower case.
    package let name: String
    package let value: Value

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = .plain(value)
    }

    package init(_ name: String, prefix: String = "", _ secret: Secret) {
        self.name = name
        value = .secret(prefix: prefix, secret)
    }
}

/// Where a call may go, and over which connection.
package enum Reach: Sendable, Equatable {
    /// Anywhere, through the environment's proxy, over a connection that was kept for it.
    case anywhere
    /// Straight to its host over a connection of its own, past every proxy; on request only to an
    /// address of the public internet, which is checked when the name has been resolved.
    case direct(publicOnly: Bool)
}

/// One HTTP request with the bounds it is made under.
package struct HTTPCall: Sendable {
    package let method: String
    /// Absolute, `http` or `https`.
    package let url: String
    package let headers: [HTTPHeader]
    package let body: [UInt8]
    package var connectTimeout: Duration
    /// From the start of the exchange until the first byte of the answer's status line; nothing
    /// means that only `timeout` bounds it.
    package var firstByteTimeout: Duration?
    /// For the whole exchange, connecting included.
    package var timeout: Duration
    /// Bytes of the answer's body.
    package let responseLimit: Int
    package var reach = Reach.anywhere
    /// Whether a larger body is cut and the answer counts, where otherwise the call fails.
    package var cutsBody = false

    package init(
        method: String = "POST",
        url: String,
        headers: [HTTPHeader] = [],
        body: [UInt8] = [],
        connectTimeout: Duration = .seconds(5),
        firstByteTimeout: Duration? = nil,
        timeout: Duration,
        responseLimit: Int = Limits.responseBytes
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeout = connectTimeout
        self.firstByteTimeout = firstByteTimeout
        self.timeout = timeout
        self.responseLimit = responseLimit
    }
}

extension HTTPReply {
    /// The JSON of a successful reply; what any other says is the failure.
    func document() throws(ModelFailure) -> JSON {
        guard (200...299).contains(status) else { throw ServiceError.failure(of: self) }
        do {
            return try JSON.read(body)
        } catch {
            throw ModelFailure(.notTheProtocol(self), body: body)
        }
    }
}

extension HTTPCall {
    /// The reply without the keys that the call carried, should the server have echoed them.
    func redacted(_ reply: HTTPReply) -> HTTPReply {
        var body = reply.body
        var echoed = reply.headers
        for header in headers {
            guard case .secret(_, let secret) = header.value else { continue }
            body = secret.redacting(body)
            echoed = echoed.map { name, value in
                let clean = secret.redacting(Array(value.utf8))
                return (name, String(decoding: clean, as: UTF8.self))
            }
        }
        return HTTPReply(status: reply.status, headers: echoed, body: body)
    }
}

/// What a server answered, whatever its status.
package struct HTTPReply: Sendable, Equatable {
    package let status: Int
    /// Names in lower case, in the order received; a name may be there more than once.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value under a name in lower case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    package static func == (left: HTTPReply, right: HTTPReply) -> Bool {
        left.status == right.status && left.body == right.body
            && left.headers.elementsEqual(right.headers, by: ==)
    }
}
