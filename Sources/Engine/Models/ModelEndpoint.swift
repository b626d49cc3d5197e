/// A model as `stepgate.yaml` describes it: where it is, what it speaks and what it costs.
package struct ModelEndpoint: Sendable {
    /// As policies name it under `use:`.
    package let name: String
    package let shape: Shape
    package let url: EndpointURL
    /// As the server names it.
    package let model: String
    package let key: Secret?
    package let price: Price
    package let connectTimeout: Duration
    package let responseLimit: Int

    package init(
        name: String,
        shape: Shape,
        url: EndpointURL,
        model: String,
        key: Secret? = nil,
        price: Price = .free,
        connectTimeout: Duration = .seconds(5),
        responseLimit: Int = Limits.responseBytes
    ) {
        self.name = name
        self.shape = shape
        self.url = url
        self.model = model
        self.key = key
        self.price = price
        self.connectTimeout = connectTimeout
        self.responseLimit = responseLimit
    }

    /// The exchange that puts the request; everything but how long it may take.
    package func call(
        _ request: ModelRequest,
        timeout: Duration
    ) throws(ModelError) -> HTTPCall {
        let coding = shape.coding
        let body = try coding.encode(request, model: model)
        guard body.count <= Limits.requestBytes else {
            throw .request([
                "the request is \(body.count) bytes; at most \(Limits.requestBytes) are sent"
            ])
        }
        return HTTPCall(
            url: url.joined(coding.path),
            headers: [HTTPHeader("content-type", "application/json")] + coding.headers(key: key),
            body: body,
            connectTimeout: connectTimeout,
            timeout: timeout,
            responseLimit: responseLimit
        )
    }
}

/// The base URL of an endpoint, checked once.
package struct EndpointURL: Sendable, Equatable {
    package let text: String
    /// Host and port as written, for messages.
    package let authority: String
    private let base: String
    private let query: String

    /// Throws unless it is an `http` or `https` URL with a host and without user, fragment or
    /// characters that must be escaped.
    package init(_ text: String) throws(ModelError) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .endpoint("the URL holds a space or a character that must be percent-encoded")
        }
        let lowered = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: { lowered.hasPrefix($0) }) else {
            throw .endpoint("\"\(text)\" must begin with http:// or https://")
        }
        guard !text.contains("#") else { throw .endpoint("\"\(text)\" must not have a fragment") }
        let halves = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let authority = halves[0].dropFirst(scheme.count).prefix { $0 != "/" }
        guard !authority.contains("@") else {
            throw .endpoint("the URL must not hold a user or password: use key:")
        }
        guard !authority.isEmpty, authority.first != ":" else {
            throw .endpoint("\"\(text)\" names no host")
        }
        self.text = text
        self.authority = String(authority)
        var base = String(halves[0])
        while base.hasSuffix("/") { base.removeLast() }
        self.base = base
        query = halves.count > 1 ? "?" + halves[1] : ""
    }

    /// The base with a path behind it and before its query; a base that already ends with the path
    /// is taken as it is.
    package func joined(_ path: String) -> String {
        base + (base.hasSuffix(path) ? "" : path) + query
    }
}
