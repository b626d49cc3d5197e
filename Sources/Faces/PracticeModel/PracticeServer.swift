internal import Glibc
package import HTTPMicro
internal import Synchronization
internal import Values

/// The classifier behind the shapes `chat` and `decisions`, as a real model server answers them.
package struct PracticeServer: Sendable {
    package static let modelName = "practice-1"

    private let classifier: Classifier
    private let draws: Draws

    /// `seed` makes the samples of a `vote` repeatable.
    package init(_ classifier: Classifier, seed: UInt64) {
        self.classifier = classifier
        draws = Draws(seed: seed)
    }

    /// Listens until the server is stopped.
    package func start(
        address: String = "127.0.0.1",
        port: UInt16
    ) throws(HTTPServerError) -> HTTPServer {
        try HTTPServer(address: address, port: port) { request, responder in
            responder.respond(handle(request))
        }
    }

    /// Answers one request; pure but for the draws of sampled answers.
    package func handle(_ request: HTTPRequest) -> HTTPResponse {
        switch (request.method, request.path) {
        case ("GET", "/v1/models"):
            return Self.json(
                200,
                [
                    "object": "list",
                    "data": [
                        [
                            "id": .string(Self.modelName), "object": "model",
                            "owned_by": "stepgate",
                        ]
                    ],
                ]
            )
        case ("POST", "/v1/chat/completions"): return answer(request, chat)
        case ("POST", "/v1/decisions"): return answer(request, decisions)
        default: return Self.error(404, "there is nothing at \(request.method) \(request.path)")
        }
    }

    private struct Refusal: Error {
        let message: String
    }

    private func answer(
        _ request: HTTPRequest,
        _ make: (JSON) throws(Refusal) -> JSON
    ) -> HTTPResponse {
        let body: JSON
        do {
            body = try JSON.read(request.body)
        } catch {
            return Self.error(400, "the body is not JSON: \(error)")
        }
        do {
            return Self.json(200, try make(body))
        } catch {
            return Self.error(400, error.message)
        }
    }

    private static func json(_ status: Int, _ body: JSON) -> HTTPResponse {
        HTTPResponse(
            status: status,
            headers: [("content-type", "application/json")],
            body: Array(body.compactText.utf8)
        )
    }

    private static func error(_ status: Int, _ message: String) -> HTTPResponse {
        json(
            status,
            [
                "error": [
                    "message": .string(message), "type": "invalid_request_error", "param": nil,
                    "code": nil,
                ]
            ]
        )
    }

    // MARK: Shapes

    private func decisions(_ body: JSON) throws(Refusal) -> JSON {
        guard let input = body["input"], let questions = body["questions"]?.array else {
            throw Refusal(message: "'input' and 'questions' are required")
        }
        let text = Self.message(in: Self.text(of: input))
        let answers = questions.map { question -> JSON in
            let name = question["name"] ?? .null
            let choices = question["choices"]?.array?.compactMap(\.["value"]?.string) ?? []
            guard question["type"] == "choice", choices.count >= 2 else {
                return ["type": "refusal", "name": name]
            }
            let p = classifier.probabilities(of: text, among: choices)
            let best = Self.best(p)
            let count = Double(choices.count)
            return [
                "type": "choice", "name": name, "choice": .string(choices[best]),
                "confidence": .double((count * p[best] - 1) / (count - 1)),
                "probabilities": .array(
                    zip(choices, p).map { ["value": .string($0), "probability": .double($1)] }
                ),
            ]
        }
        let tokens = Int64(text.utf8.count / 4 + 1)
        return [
            "model": .string(Self.modelName), "answers": .array(answers),
            "usage": [
                "input_tokens": .int(tokens), "output_tokens": 0, "total_tokens": .int(tokens),
            ],
        ]
    }

    private func chat(_ body: JSON) throws(Refusal) -> JSON {
        guard let messages = body["messages"]?.array, !messages.isEmpty else {
            throw Refusal(message: "'messages' is required")
        }
        let last = messages.last { $0["role"] == "user" }
        let text = Self.message(in: Self.text(of: last?["content"] ?? ""))
        let schema = body["response_format"]?["json_schema"]?["schema"]
        let samples = Int(min(max(body["n"]?.integer ?? 1, 1), 128))
        let sampled = (body["temperature"]?.number ?? 0) > 0
        let choices = (0..<samples).map { index in
            choice(index, text, schema, sampled: sampled, body)
        }
        let input = Int64(text.utf8.count / 4 + 1)
        let output = Int64(12 * samples)
        return [
            "id": "chatcmpl-practice", "object": "chat.completion", "created": 0,
            "model": .string(Self.modelName), "choices": .array(choices),
            "usage": [
                "prompt_tokens": .int(input), "completion_tokens": .int(output),
                "total_tokens": .int(input + output),
            ],
        ]
    }

    private func choice(
        _ index: Int,
        _ text: String,
        _ schema: JSON?,
        sampled: Bool,
        _ body: JSON
    ) -> JSON {
        let properties = schema?["properties"]?.object?.members ?? []
        let asked = properties.first { $0.value["enum"] != nil }
        let labels = asked?.value["enum"]?.array?.compactMap(\.string) ?? classifier.labels
        let p = classifier.probabilities(of: text, among: labels)
        let best = sampled ? draws.index(p) : Self.best(p)
        let answer = answer(labels[best], p[best], schema, field: asked?.name)
        let logprobs: JSON =
            body["logprobs"] == true
            ? [
                "content": .array(
                    Tokens(answer: answer, label: labels[best], labels: labels, p: p).json(
                        top: Int(min(max(body["top_logprobs"]?.integer ?? 0, 0), 20))
                    )
                ), "refusal": nil,
            ] : nil
        return [
            "index": .int(Int64(index)), "finish_reason": "stop",
            "message": ["role": "assistant", "content": .string(answer), "refusal": nil],
            "logprobs": logprobs,
        ]
    }

    /// The label in the field that has the enum, and something plain in every other required one.
    private func answer(_ label: String, _ p: Double, _ schema: JSON?, field: String?) -> String {
        guard let schema, let field else { return label }
        var object = JSONObject()
        for property in schema["properties"]?.object?.members ?? [] {
            let isRequired = schema["required"]?.array?.contains(.string(property.name)) ?? false
            if property.name == field {
                object = object.setting(field, to: .string(label))
            } else if property.name == "reason" {
                let words = label.split(separator: "_").joined(separator: " ")
                object = object.setting("reason", to: .string("The message reads like \(words)."))
            } else if property.name == "confidence" {
                object = object.setting("confidence", to: .double(p))
            } else if isRequired {
                object = object.setting(property.name, to: Self.empty(property.value))
            }
        }
        return JSON.object(object).compactText
    }

    private static func empty(_ schema: JSON) -> JSON {
        if let first = schema["enum"]?.array?.first { return first }
        let types = schema["type"]?.array ?? [schema["type"] ?? .null]
        if types.contains("null") { return .null }
        switch types.first?.string {
        case "string": return ""
        case "number", "integer": return 0
        case "boolean": return false
        case "array": return []
        default: return [:]
        }
    }

    // MARK: Texts

    private static func text(of content: JSON) -> String {
        if let text = content.string { return text }
        return (content.array ?? []).compactMap { part in
            part["text"]?.string ?? part["content"].map(text)
        }.joined(separator: "\n")
    }

    /// What stands between `<message>` and `</message>`, or all of it.
    private static func message(in text: String) -> String {
        guard let open = text.firstRange(of: "<message>"),
            let close = text[open.upperBound...].firstRange(of: "</message>")
        else { return text }
        return String(text[open.upperBound..<close.lowerBound])
    }

    private static func best(_ p: [Double]) -> Int {
        p.indices.max { p[$0] < p[$1] } ?? 0
    }
}

/// Draws for samples, one after another from a seed (SplitMix64).
private final class Draws: Sendable {
    private let state: Mutex<UInt64>

    init(seed: UInt64) { state = Mutex(seed) }

    func index(_ p: [Double]) -> Int {
        let word = state.withLock { state -> UInt64 in
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        var left = Double(word >> 11) * 0x1p-53
        for (index, share) in p.enumerated() {
            left -= share
            if left < 0 { return index }
        }
        return max(0, p.count - 1)
    }
}

/// The tokens of an answer with their log-probabilities: all certain but the label's.
private struct Tokens {
    let answer: String
    let label: String
    let labels: [String]
    let p: [Double]

    /// The label is one token up to its first `_` and another after it, as tokenisers cut words:
    /// the first is as likely as all labels that begin so, the two together as the label.
    func json(top: Int) -> [JSON] {
        guard let place = answer.firstRange(of: label), let best = labels.firstIndex(of: label)
        else {
            return [token(answer, 1, [(answer, 1)])]
        }
        var tokens: [JSON] = []
        let before = String(answer[..<place.lowerBound])
        if !before.isEmpty { tokens.append(token(before, 1, [(before, 1)])) }
        let head = Self.head(label)
        var masses: [(String, Double)] = []
        for (label, share) in zip(labels, p) {
            let head = Self.head(label)
            if let known = masses.firstIndex(where: { $0.0 == head }) {
                masses[known].1 += share
            } else {
                masses.append((head, share))
            }
        }
        masses.sort { $0.1 > $1.1 }
        let mass = masses.first { $0.0 == head }?.1 ?? 1
        tokens.append(token(head, mass, Array(masses.prefix(top))))
        if head.count < label.count {
            let rest = String(label.dropFirst(head.count))
            let alternatives = zip(labels, p).filter { Self.head($0.0) == head }
                .map { (String($0.0.dropFirst(head.count)), $0.1 / mass) }
                .sorted { $0.1 > $1.1 }
            tokens.append(token(rest, p[best] / mass, Array(alternatives.prefix(top))))
        }
        let after = String(answer[place.upperBound...])
        if !after.isEmpty { tokens.append(token(after, 1, [(after, 1)])) }
        return tokens
    }

    private static func head(_ label: String) -> String {
        String(label.prefix { $0 != "_" })
    }

    private func token(_ text: String, _ p: Double, _ top: [(String, Double)]) -> JSON {
        func entry(_ text: String, _ p: Double) -> JSONObject {
            JSONObject(uniqueMembers: [
                .init("token", .string(text)), .init("logprob", .double(log(max(p, 1e-12)))),
                .init("bytes", .array(text.utf8.map { .int(Int64($0)) })),
            ])
        }
        let alternatives = top.map { JSON.object(entry($0.0, $0.1)) }
        return .object(entry(text, p).setting("top_logprobs", to: .array(alternatives)))
    }
}

extension StringProtocol {
    /// Where a text first occurs, by its bytes.
    fileprivate func firstRange(of part: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].utf8.starts(with: part.utf8) {
                let end = utf8.index(start, offsetBy: part.utf8.count)
                return start..<end
            }
            start = index(after: start)
        }
        return nil
    }
}
