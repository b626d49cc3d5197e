package import Autonomy
internal import Prompts
internal import Values

/// A model as `stepgate.yaml` describes it: where it is, what it speaks and what it costs.
package final class ModelEndpoint: Sendable {
    /// As policies name it under `use:`.
    package let name: String
    package let shape: Shape
    package let url: EndpointURL
    /// As the server names it.
    package let model: String
    package let key: SecretKey?
    package let price: Price
    package let times: ModelTimes
    /// Whether `vote` asks for all its samples in one request; not every server of a shape that
    /// can say so gives them.
    package let votesInOneCall: Bool
    /// How long an answer may be given again; nothing means never.
    package let cache: Duration?
    let coding: any ModelShape

    package init(
        name: String,
        shape: Shape,
        url: EndpointURL,
        model: String,
        key: SecretKey? = nil,
        price: Price = .free,
        times: ModelTimes = ModelTimes(),
        structured: ModelDefinition.Structured = .format,
        votesInOneCall: Bool = true,
        cache: Duration? = nil
    ) {
        self.name = name
        self.shape = shape
        self.url = url
        self.model = model
        self.key = key
        self.price = price
        self.times = times
        self.cache = cache
        coding = shape.coding(structured)
        self.votesInOneCall = votesInOneCall && coding.takesSeveralSamples
    }

    /// The request's body, within its limit.
    func body(of request: ModelRequest) throws(ModelError) -> [UInt8] {
        let body = try coding.encode(request, model: model)
        guard body.count <= Limits.requestBytes else {
            throw .request([
                "the request is \(body.count) bytes; at most \(Limits.requestBytes) are sent"
            ])
        }
        return body
    }

    /// The exchange that puts a body; the key is read anew each time, as it may have changed.
    func call(_ body: [UInt8], timeout: Duration) throws(ModelError) -> HTTPCall {
        let total = min(timeout, times.total ?? timeout)
        return HTTPCall(
            url: url.joined(coding.path),
            headers: [HTTPHeader("content-type", "application/json")]
                + coding.headers(key: try key?.current()),
            body: body,
            connectTimeout: min(times.connect, total),
            firstByteTimeout: times.firstByte,
            timeout: total
        )
    }

    /// The most that one call of the request can cost, samples asked for in it included.
    package func mostCost(of request: ModelRequest) throws(ModelError) -> Money {
        // A token of text is at least a byte; a picture's bytes tell nothing of its tokens.
        let pictures = request.messages.flatMap(\.content).compactMap { part -> Int? in
            if case .media(let url, _) = part { url.utf8.count } else { nil }
        }
        let text = try body(of: request).count - pictures.reduce(0, +)
        let input = Int64(max(text, 0)) + Int64(pictures.count) * Limits.imageTokens
        let output = request.sampling.maximumOutputTokens ?? Limits.outputTokens
        let usage = Usage(input: input, output: output * Int64(max(request.confidence.samples, 1)))
        // A second call beside a slow one costs as much again.
        return price.cost(of: usage) * (times.hedge == nil ? 1 : 2)
    }

    func cacheKey(of body: [UInt8]) -> Digest {
        Digest(of: Array(url.joined(coding.path).utf8), [0], body)
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
