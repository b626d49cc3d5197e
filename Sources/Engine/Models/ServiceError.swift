internal import Autonomy
internal import Values

/// What a server said when it did not answer: read from any of the bodies seen in the wild.
///
/// `{"error": {message, type, code}}` is OpenAI's and Anthropic's, `{"error": "..."}` Ollama's,
/// `{message, type, code}` older vLLM's, `{"detail": ...}` FastAPI's; others are quoted.
struct ServiceError: Sendable, Equatable {
    let message: String
    /// `code`, `type` and the like, in lower case.
    let codes: Set<String>
    /// A status given as `code` in the body, as proxies do behind a 200.
    let status: Int?

    /// Codes that say the account cannot pay: asking again cannot help.
    private static let outOfMoney: Set<String> = [
        "insufficient_quota", "credit_balance_exhausted", "enforced_spend_limit_reached",
        "billing_error", "billing_hard_limit_reached", "billing_not_active",
    ]
    private static let filtered: Set<String> = ["content_filter", "content_policy_violation"]

    init(body: JSON) {
        let error = body["error"].flatMap { $0.isNull ? nil : $0 } ?? body
        let detail = body["detail"].map { $0.string ?? $0.compactText }
        message = error.string ?? error["message"]?.string ?? detail ?? body.compactText
        let fields = [
            error["code"], error["type"], error["details"]?["error_code"], body["error_code"],
        ]
        codes = Set(fields.compactMap { $0?.string?.lowercased() })
        status = error["code"]?.integer.flatMap { (400...599).contains($0) ? Int($0) : nil }
    }

    /// The failure that a reply other than success is.
    static func failure(of reply: HTTPReply) -> ModelFailure {
        let error: ServiceError
        do {
            error = ServiceError(body: try JSON.read(reply.body))
        } catch {
            return failure(status: reply.status, quoting: reply)
        }
        return error.failure(status: reply.status, reply)
    }

    /// The failure that an error inside a successful reply is.
    func failure(within reply: HTTPReply) -> ModelFailure {
        guard let status else {
            let reason = AnswerFailure(.unparsable, "the server answered an error: \(quoted)")
            return ModelFailure(reason, body: reply.body)
        }
        return failure(status: status, reply)
    }

    private func failure(status: Int, _ reply: HTTPReply) -> ModelFailure {
        let detail = "HTTP \(status): \(quoted)"
        if status == 402 || !codes.isDisjoint(with: Self.outOfMoney) {
            return ModelFailure(AnswerFailure(.rejected, detail), body: reply.body)
        }
        if !codes.isDisjoint(with: Self.filtered) {
            return ModelFailure(AnswerFailure(.filtered, detail), body: reply.body)
        }
        return Self.failure(status: status, detail: detail, reply)
    }

    private static func failure(status: Int, quoting reply: HTTPReply) -> ModelFailure {
        let text = excerpt(String(decoding: reply.body, as: UTF8.self))
        let said = text.isEmpty ? "nothing said" : "not the API's JSON: \(text)"
        var detail = "HTTP \(status): \(said)"
        if (300...399).contains(status), let target = reply.header("location") {
            detail = "HTTP \(status): redirected to \(excerpt(target)), which is not followed"
        }
        return failure(status: status, detail: detail, reply)
    }

    /// Statuses alone: 408, 409, 429 and 5xx are worth another attempt unless the server says
    /// otherwise; 501 is not, as it says that the model cannot do what is asked.
    private static func failure(status: Int, detail: String, _ reply: HTTPReply) -> ModelFailure {
        let passing = [408, 409, 429].contains(status) || (status >= 500 && status != 501)
        switch reply.header("x-should-retry")?.lowercased() {
        case "true":
            return ModelFailure(
                AnswerFailure(.unavailable, detail),
                advice: RetryAdvice(waiting: reply),
                body: reply.body
            )
        case "false":
            let kind: AnswerFailure.Kind = passing ? .unavailable : .rejected
            return ModelFailure(AnswerFailure(kind, detail), body: reply.body)
        default:
            let kind: AnswerFailure.Kind = passing ? .unavailable : .rejected
            return ModelFailure(
                AnswerFailure(kind, detail),
                advice: passing ? RetryAdvice(waiting: reply) : .never,
                body: reply.body
            )
        }
    }

    private var quoted: String { excerpt(message) }
}

/// The beginning of a text from outside, on one line.
func excerpt(_ text: String) -> String {
    let words = text.prefix(Limits.excerptCharacters * 4).split(whereSeparator: \.isWhitespace)
    let line = words.joined(separator: " ").filter { character in
        character.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }
    guard line.count > Limits.excerptCharacters else { return line }
    return line.prefix(Limits.excerptCharacters) + "…"
}
