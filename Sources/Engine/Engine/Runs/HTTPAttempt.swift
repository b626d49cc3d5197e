internal import Autonomy
internal import Flows
internal import Models
internal import Runs
internal import Values

/// One call of an http step: how it is made, and what its answer means; pure.
struct HTTPAttempt: Sendable {
    let call: HTTPCall
    private let expects: Set<Int>
    private let response: Schema?
    /// What no output may show, even where who is called sends it back.
    private let hidden: [Secret]

    /// `key` is the same for every attempt, so that who is called can tell a second from the first.
    static func prepare(
        _ request: RunRequest.HTTPRequest,
        _ work: HTTPWork,
        key: String,
        timeout: Duration,
        reach: Models.Reach,
        secrets: RunDriver.Secrets
    ) -> Result<HTTPAttempt, StepFailure> {
        guard request.url.hasPrefix("https://") || request.url.hasPrefix("http://") else {
            return .failure(
                StepFailure("expression", "'\(request.url)' is no http or https address")
            )
        }
        var headers: [HTTPHeader] = []
        var hidden: [Secret] = []
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
            case .secret(let prefix, let reference):
                do throws(ModelError) {
                    let secret = try secrets(reference)
                    hidden.append(secret)
                    headers.append(HTTPHeader(name, prefix: prefix, secret))
                } catch {
                    let message = "the secret of header '\(name)': \(error.message)"
                    return .failure(StepFailure("secret", message))
                }
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
            HTTPAttempt(call: call, expects: work.expects, response: work.response, hidden: hidden)
        )
    }

    /// The output of the step, or why the answer is none.
    func result(of answer: HTTPReply) -> Result<JSON, StepFailure> {
        let reply = HTTPReply(
            status: answer.status,
            headers: answer.headers.map { ($0.name, shown($0.value)) },
            body: hidden.reduce(answer.body) { $1.redacting($0) }
        )
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

    private func shown(_ text: String) -> String {
        hidden.isEmpty
            ? text
            : String(decoding: hidden.reduce(Array(text.utf8)) { $1.redacting($0) }, as: UTF8.self)
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
