internal import CCurl
internal import Models

extension TransportError {
    /// What libcurl's result means to the one who asked.
    init(_ result: CURLcode, _ handle: borrowing CurlHandle, _ call: ExchangeFacts) {
        let place = call.authority
        guard !handle.response.isTooLarge, result != CURLE_FILESIZE_EXCEEDED else {
            let limit = call.responseLimit
            self.init(.tooLarge, "the answer of \(place) is larger than \(limit) bytes")
            return
        }
        let said = handle.failure.isEmpty ? "libcurl error \(result.rawValue)" : handle.failure
        switch result {
        case CURLE_COULDNT_CONNECT where handle.response.wasRefused:
            self.init(.notPublic, "\(place) is not on the public internet, where alone this may go")
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            self.init(.resolve, "the name in \(place) has no address: check the URL and DNS")
        case CURLE_COULDNT_CONNECT, CURLE_PROXY:
            self.init(.connect, "nothing accepts connections at \(place): is the server running?")
        case CURLE_OPERATION_TIMEDOUT:
            self.init(.timeout, Self.timedOut(call, connected: handle.hasConnected))
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED:
            self.init(.tls, "no secure connection to \(place): \(said)")
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR,
            CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_BAD_CONTENT_ENCODING:
            self.init(.cut, "\(place) ended the connection before its answer did: \(said)")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
            self.init(.other, "what answers at \(place) does not speak HTTP: check the port")
        default:
            self.init(.other, "the exchange with \(place) failed: \(said)")
        }
    }

    private static func timedOut(_ call: ExchangeFacts, connected: Bool) -> String {
        guard !connected else {
            return "\(call.authority) did not finish its answer within \(call.timeout)"
        }
        let bound = min(call.connectTimeout, call.timeout)
        return "no connection to \(call.authority) within \(bound): is it reachable from here?"
    }

    /// The answer did not begin in the time its call gave it.
    static func silent(_ call: ExchangeFacts, connected: Bool) -> TransportError {
        let bound = min(call.firstByteTimeout ?? call.timeout, call.timeout)
        let remedy =
            connected ? "is the server overloaded?" : "not even a connection, is it reachable?"
        return TransportError(
            .timeout,
            "no byte came from \(call.authority) within \(bound): \(remedy)"
        )
    }

    static func cancelled(_ call: ExchangeFacts) -> TransportError {
        TransportError(.cancelled, "the exchange with \(call.authority) was given up")
    }

    static func closed(_ call: ExchangeFacts) -> TransportError {
        TransportError(.cancelled, "the exchange with \(call.authority) ended with the transport")
    }
}

/// What of a call is told when it fails; never its headers or body.
struct ExchangeFacts: Sendable {
    /// Host and port.
    let authority: String
    let connectTimeout: Duration
    let firstByteTimeout: Duration?
    let timeout: Duration
    let responseLimit: Int

    init(_ call: HTTPCall) {
        authority = Self.authority(of: call.url)
        connectTimeout = call.connectTimeout
        firstByteTimeout = call.firstByteTimeout
        timeout = call.timeout
        responseLimit = call.responseLimit
    }

    private static func authority(of url: String) -> String {
        let isSecure = url.lowercased().hasPrefix("https://")
        let rest = url.drop { $0 != "/" }.drop { $0 == "/" }
        let host = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let bare = host.split(separator: "@").last.map(String.init) ?? String(host)
        let hasPort = bare.split(separator: "]").last?.contains(":") == true
        return hasPort ? bare : "\(bare):\(isSecure ? 443 : 80)"
    }
}
