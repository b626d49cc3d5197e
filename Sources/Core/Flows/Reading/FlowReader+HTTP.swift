internal import Autonomy
internal import Expressions
internal import Values

/// Calls over HTTP.
extension FlowReader {
    private static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    /// Headers that the call itself has.
    private static let own: Set<String> = [
        "connection", "content-length", "host", "idempotency-key", "transfer-encoding",
    ]

    mutating func http(_ written: Node, _ scope: StepScope) -> StepWork {
        let keys = ["method", "url", "headers", "body", "response", "expects"]
        guard let node = reader.mapping(written, "'http'", keys: keys) else { return .unread }
        let method = node["method"].flatMap {
            reader.word($0, "'method'", of: Self.methods)
        }
        let url = reader.required("url", in: node, "'http'").flatMap { self.url($0, scope) }
        let headers = headers(node["headers"], scope)
        let body = node["body"].flatMap { template($0, scope) }
        if let at = node["body"], method == "GET" || method == "HEAD" || node["method"] == nil {
            reader.error(
                "\(method ?? "GET") has no body",
                at.range,
                fix: "write 'method: POST'"
            )
        }
        let response = node["response"].flatMap { schema($0) }
        let expects = expects(node["expects"])
        guard let url, node["body"] == nil || body != nil else { return .unread }
        let call = HTTPWork(
            method: method ?? "GET",
            url: url,
            headers: headers,
            body: body,
            response: response,
            expects: expects
        )
        let type = ExpressionType.object(
            ObjectType([
                .init("status", .int), .init("headers", .map(.string, .string)),
                .init("body", response.map { ExpressionType(schema: $0.document) } ?? .dyn),
            ])
        )
        return StepWork(work: .http(call), output: type)
    }

    private mutating func url(_ node: Node, _ scope: StepScope) -> FlowTemplate? {
        guard let text = reader.text(node, "'url'") else { return nil }
        let lowered = text.lowercased()
        if !trimmed(text).hasPrefix("${{"), !lowered.hasPrefix("http://"),
            !lowered.hasPrefix("https://")
        {
            reader.error(
                "'url' begins with http://, https:// or an expression; got \(text)",
                node.range,
                fix: "write 'https://\(text)'"
            )
            return nil
        }
        guard let url = template(node, scope) else { return nil }
        checkText(url, "'url'", node)
        return url
    }

    private mutating func checkText(_ template: FlowTemplate, _ what: String, _ node: Node) {
        switch template.value.type() {
        case .string, .enumeration, .dyn, .int, .uint, .double, .bool: return
        case let type: reader.error("\(what) needs a text; this is \(type)", node.range)
        }
    }

    private mutating func headers(
        _ node: Node?,
        _ scope: StepScope
    ) -> [(name: String, value: HTTPWork.HeaderValue)] {
        guard let node else { return [] }
        guard let entries = node.entries else {
            reader.error("'headers' needs names with a text each", node.range)
            return []
        }
        if entries.count > Limits.headers {
            reader.error("a call may have at most \(Limits.headers) headers", node.range)
        }
        var headers: [(name: String, value: HTTPWork.HeaderValue)] = []
        for entry in entries.prefix(Limits.headers) {
            guard entry.name.isHeaderName else {
                reader.error("'\(entry.name)' is no name of a header", entry.nameRange)
                continue
            }
            if Self.own.contains(entry.name.lowercased()) {
                reader.error(
                    "the header '\(entry.name)' is set with every call",
                    entry.nameRange,
                    fix: "leave it out"
                )
                continue
            }
            if let value = header(entry.value, scope) { headers.append((entry.name, value)) }
        }
        return headers
    }

    private mutating func header(_ node: Node, _ scope: StepScope) -> HTTPWork.HeaderValue? {
        guard let text = node.scalar?.string,
            text.contains("${env:") || text.contains("${file:")
        else {
            guard node.scalar != nil else {
                reader.error(
                    "a header needs a text; got \(node.json.kindWithArticle)",
                    node.range
                )
                return nil
            }
            guard let template = template(node, scope) else { return nil }
            checkText(template, "a header", node)
            return .template(template)
        }
        guard let secret = HTTPWork.HeaderValue(secretIn: text) else {
            reader.error(
                "a header's secret is its end: text, then one '${env:NAME}' or '${file:PATH}'",
                node.range,
                fix: "write 'Bearer ${env:NAME}'"
            )
            return nil
        }
        return secret
    }

    private mutating func expects(_ node: Node?) -> Set<Int> {
        guard let node else { return [] }
        let nodes = node.elements ?? [node]
        return Set(nodes.compactMap { reader.integer($0, "'expects'", in: 100...599) })
    }
}

extension HTTPWork.HeaderValue {
    /// `Bearer ${env:NAME}`; nothing for a text of another form.
    fileprivate init?(secretIn text: String) {
        guard let open = text.firstIndex(of: "$") else { return nil }
        let marked = String(text[open...])
        let isFile = marked.hasPrefix("${file:")
        guard let name = reference(marked, isFile ? "file" : "env"), !name.isEmpty,
            !name.contains("$"), !name.contains("}"), isFile || !name.contains(":")
        else { return nil }
        self = .secret(prefix: String(text[..<open]), isFile ? .file(name) : .environment(name))
    }
}

extension String {
    /// A token of RFC 9110.
    fileprivate var isHeaderName: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }
}
