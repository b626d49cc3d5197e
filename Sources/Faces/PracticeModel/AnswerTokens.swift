internal import Glibc
internal import Values

/// The tokens of an answer with their log-probabilities: all certain but the label's.
///
/// A label is cut at its first `_`, as tokenisers cut words: the first token is as likely as all
/// labels that begin so, and the tokens together are as likely as the label. One that would be
/// another label by itself is not cut off, since it would then not be clear where the label ends.
struct AnswerTokens {
    private struct Token {
        let text: String
        let p: Double
        var alternatives: [(text: String, p: Double)] = []
    }

    let text: String
    private let tokens: [Token]

    var count: Int { tokens.count }

    init(_ text: AnswerForm.Text, labels: [String], p: [Double], chosen: Int) {
        let written = labels.map { String(JSON.string($0).compactText.dropFirst().dropLast()) }
        let isBare = text.before.isEmpty
        let cut = (isBare ? labels : written).map { Self.cut($0, among: labels) }
        let head = cut[chosen].head
        let mates = cut.indices.filter { cut[$0].head == head && cut[$0].rest != nil }
        let mass = mates.isEmpty ? p[chosen] : mates.reduce(0) { $0 + p[$1] }
        var label = [Token(text: head, p: mass, alternatives: Self.heads(cut, p))]
        if let rest = cut[chosen].rest {
            let share = mass > 0 ? p[chosen] / mass : 1
            let others = mates.map {
                (text: cut[$0].rest ?? "", p: mass > 0 ? p[$0] / mass : 0)
            }
            label.append(Token(text: rest, p: share, alternatives: others))
        }
        let certain = [text.before, text.after].map { part in
            part.isEmpty ? [] : [Token(text: part, p: 1, alternatives: [(part, 1)])]
        }
        tokens = certain[0] + label + certain[1]
        self.text = tokens.map(\.text).joined()
    }

    /// As an answer has them, each with so many of its likeliest alternatives.
    func json(top: Int) -> [JSON] {
        tokens.map { token in
            let likeliest = token.alternatives.sorted { ($0.p, $1.text) > ($1.p, $0.text) }
            let alternatives = likeliest.prefix(top).map { JSON.object(Self.entry($0.text, $0.p)) }
            return .object(
                Self.entry(token.text, token.p).setting("top_logprobs", to: .array(alternatives))
            )
        }
    }

    private static func cut(
        _ label: String,
        among labels: [String]
    ) -> (head: String, rest: String?) {
        let head = String(label.prefix { $0 != "_" })
        let isPart = !head.isEmpty && head.utf8.count < label.utf8.count
        guard isPart, !labels.contains(head) else { return (label, nil) }
        return (head, String(label.dropFirst(head.count)))
    }

    /// Each different first token with the mass of the labels that begin with it.
    private static func heads(
        _ cut: [(head: String, rest: String?)],
        _ p: [Double]
    ) -> [(text: String, p: Double)] {
        var masses: [String: Double] = [:]
        for (part, share) in zip(cut, p) { masses[part.head, default: 0] += share }
        return masses.map { (text: $0.key, p: $0.value) }
    }

    /// -9999 is how OpenAI writes that a token was as good as impossible.
    private static func entry(_ text: String, _ p: Double) -> JSONObject {
        JSONObject(uniqueMembers: [
            .init("token", .string(text)),
            .init("logprob", .double(p > 0 ? log(p) : -9_999)),
            .init("bytes", .array(text.utf8.map { .int(Int64($0)) })),
        ])
    }
}
