internal import Flows
internal import Models
internal import Runs
internal import Values

/// One call of an http step: how it is made, and what its answer means; pure.
struct HTTPAttempt: Sendable {
    let call: HTTPCall
    private let expects: Set<Int>
    private let response: Schema?

    /// `key` is the same for every attempt, so that who is called can tell a second from the first.
    static func prepare(
        _ request: RunRequest.HTTPRequest,
        _ work: HTTPWork,
        key: String,
        timeout: Duration,
        reach: Reach,
        secrets: (_ name: String, _ isFile: Bool) -> String?
    ) -> Result<HTTPAttempt, StepFailure> {
        guard request.url.hasPrefix("https://") || request.url.hasPrefix("http://") else {
            return .failure(
                StepFailure("expression", "'\(request.url)' is no http or https address")
            )
        }
        var headers: [HTTPHeader] = []
        for header in work.headers {
            let name = header.name.lowercased()
            switch header.value {
            case .template:
                let value = request.headers[name] ?? ""
                guard value.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else {
                    let message = "the header '\(name)' has a control character"
                    return .failure(StepFailure("expression", message))
                }
                headers.append(HTTPHeader(name, value))
            case .secret(let prefix, let secret, let isFile):
                guard let value = secrets(secret, isFile) else {
                    let what = isFile ? "the file \(secret)" : "the environment variable \(secret)"
                    return .failure(
                        StepFailure("secret", "\(what) of header '\(name)' cannot be read")
                    )
                }
                headers.append(HTTPHeader(name, prefix: prefix, Secret(value)))
            }
        }
        var names = Set(headers.map(\.name))
        func add(_ name: String, _ value: String) {
            if names.insert(name).inserted { headers.append(HTTPHeader(name, value)) }
        }
        var body: [UInt8] = []
        if let value = request.body {
            value.appendCompact(to: &body)
            add("content-type", "application/json")
        }
        add("accept", "application/json")
        add("idempotency-key", "\"\(key)\"")
        var call = HTTPCall(
            method: request.method,
            url: request.url,
            headers: headers,
            body: body,
            timeout: timeout,
            responseLimit: Runs.Limits.outputBytes
        )
        call.reach = reach
        return .success(
            HTTPAttempt(call: call, expects: work.expects, response: work.response)
        )
    }

    /// The output of the step, or why the answer is none.
    func result(of reply: HTTPReply) -> Result<JSON, StepFailure> {
        let isExpected =
            expects.isEmpty ? (200...299).contains(reply.status) : expects.contains(reply.status)
        guard isExpected else {
            let text = String(decoding: reply.body.prefix(Limits.answerShown), as: UTF8.self)
            return .failure(
                StepFailure(
                    "status",
                    status: reply.status,
                    "the answer was \(reply.status): \(text)",
                    mayPass: reply.status == 408 || reply.status == 429 || reply.status >= 500
                )
            )
        }
        let body: JSON
        switch self.body(of: reply) {
        case .success(let value): body = value
        case .failure(let failure): return .failure(failure)
        }
        if let response {
            let failures = response.validate(body)
            guard failures.isEmpty else {
                let message =
                    "the answer does not fit 'response': "
                    + failures.map(\.description).joined(separator: "; ")
                return .failure(StepFailure("schema", message))
            }
        }
        var headers: [JSONObject.Member] = []
        var known: Set<String> = []
        for header in reply.headers where known.insert(header.name).inserted {
            headers.append(.init(header.name, .string(header.value)))
        }
        return .success([
            "status": .int(Int64(reply.status)),
            "headers": .object(JSONObject(uniqueMembers: headers)), "body": body,
        ])
    }

    /// JSON where it says or must be so, else text.
    private func body(of reply: HTTPReply) -> Result<JSON, StepFailure> {
        if reply.body.isEmpty { return .success(.null) }
        let type = reply.header("content-type")?.lowercased() ?? ""
        guard response != nil || type.contains("json") else {
            return .success(.string(String(decoding: reply.body, as: UTF8.self)))
        }
        do {
            return .success(try JSON.read(reply.body))
        } catch {
            return .failure(StepFailure("schema", "the answer is no JSON: \(error.message)"))
        }
    }

    static func failure(of error: TransportError) -> StepFailure {
        switch error.kind {
        case .timeout: StepFailure("timeout", error.message, mayPass: true)
        case .resolve, .connect, .cut, .other, .cancelled:
            StepFailure("network", error.message, mayPass: true)
        case .tls: StepFailure("network", error.message)
        case .tooLarge: StepFailure("limit", error.message)
        case .notPublic: StepFailure("refused", error.message)
        }
    }
}
