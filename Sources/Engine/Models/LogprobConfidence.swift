internal import Autonomy
internal import Glibc
internal import Values

/// The probability that a model gave to the bytes of one value in its answer.
///
/// The plain value is the product of the probabilities of the tokens that hold bytes of the value.
/// A token that also holds neighbouring bytes (`"refund"`, `: "ref`) counts whole. Where another
/// member begins with the whole value (`card`, `card_lost`), the token that ends the value counts
/// too: without it the product would be the probability of both.
///
/// Normalised, it is divided by a mass M. At the first token of the value, the alternatives that
/// can begin some member (their bytes agree with the bytes before the value and a member) are those
/// that fit, and M is the sum of their probabilities. Divided, a value of one token is its
/// probability among the members. Of a value of several tokens only the first choice is conditioned
/// on being a member, and the tokens after it count in full; so, but for alternatives too unlikely
/// to be listed, the result is never more than the value's probability among the members. A member
/// is seen when an alternative holds at least one of its bytes; if any is not, nothing is divided.
struct LogprobConfidence: Sendable {
    let text: [UInt8]
    let tokens: [JSON]
    let clause: ConfidenceClause
    /// The values that the property is limited to, if it is.
    let members: [JSON]?

    func confidence() -> Confidence {
        do {
            return try measured()
        } catch {
            return Confidence(nil, note: error.reason)
        }
    }

    private func measured() throws(AnswerTokens.Unusable) -> Confidence {
        guard let span = PropertySpan(of: clause.of, in: text) else {
            throw AnswerTokens.Unusable(reason: "the answer has no single value \(clause.of)")
        }
        guard !span.bytes.isEmpty else {
            throw AnswerTokens.Unusable(reason: "the value \(clause.of) is empty")
        }
        let tokens = try AnswerTokens(tokens, spelling: text)
        let labels = (members ?? []).map { Label($0) }
        var counted = span.bytes
        if labels.contains(where: { $0.extends(text[span.bytes], isString: span.isString) }) {
            counted = counted.lowerBound..<min(counted.upperBound + 1, text.count)
        }
        var sum = 0.0
        for token in tokens.covering(counted) { sum += try tokens.logprob(of: token) }
        let value = exp(sum)
        guard !labels.isEmpty else { return Confidence(value) }
        let first = tokens.covering(span.bytes).lowerBound
        let fits = FirstToken(
            before: Array(text[tokens.start(of: first)..<span.bytes.lowerBound]),
            alternatives: try tokens.alternatives(at: first),
            labels: labels
        )
        let chosen = Label(bytes: Array(text[span.bytes]), isString: span.isString)
        let scores = fits.scores(chosen: chosen, probability: value)
        return clause.normalize
            ? normalized(value, fits, scores) : Confidence(value, scores: scores)
    }

    private func normalized(
        _ value: Double,
        _ fits: FirstToken,
        _ scores: JSONObject
    ) -> Confidence {
        let seen = fits.seen
        guard seen == fits.labels.count else {
            let note = "not normalised: \(seen) of \(fits.labels.count) members seen"
            return Confidence(value, scores: scores, note: note)
        }
        let mass = min(fits.mass, 1)
        guard mass > 0 else { return Confidence(value, scores: scores, note: "no mass was seen") }
        return Confidence(min(value / mass, 1), scores: scores, mass: mass)
    }
}

/// A member as its bytes stand in an answer.
private struct Label {
    let name: String
    let bytes: [UInt8]
    let isString: Bool

    init(_ value: JSON) {
        let written = Array(value.compactText.utf8)
        isString = value.string != nil
        bytes = isString ? Array(written.dropFirst().dropLast()) : written
        name = value.string ?? value.compactText
    }

    init(bytes: [UInt8], isString: Bool) {
        self.bytes = bytes
        self.isString = isString
        name = String(decoding: bytes, as: UTF8.self)
    }

    /// Whether it begins with that value and goes on.
    func extends(_ value: ArraySlice<UInt8>, isString: Bool) -> Bool {
        self.isString == isString && bytes.count > value.count && bytes.starts(with: value)
    }

    /// Whether the byte may follow the whole value.
    func mayEnd(with byte: UInt8) -> Bool {
        guard !isString else { return byte == UInt8(ascii: "\"") }
        return isSpace(byte) || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}")
    }
}

/// The alternatives in the place where the value begins, against the members.
private struct FirstToken {
    private enum Fit {
        case not
        /// Agrees, but holds no byte of the member.
        case before
        case member
    }

    let labels: [Label]
    /// The probability of all alternatives that can begin a member.
    let mass: Double
    /// How many members an alternative holds bytes of.
    let seen: Int
    /// By member, the probability of the alternatives that begin it and no other.
    private let own: [Double]

    init(
        before: [UInt8],
        alternatives: [(bytes: [UInt8], probability: Double)],
        labels: [Label]
    ) {
        self.labels = labels
        let before = before.drop(while: isSpace)
        var mass = 0.0
        var seen = [Bool](repeating: false, count: labels.count)
        var own = [Double](repeating: 0, count: labels.count)
        for alternative in alternatives {
            let bytes = alternative.bytes.drop(while: isSpace)
            let fits = labels.map { Self.fit(bytes, before: before, $0) }
            let begun = fits.indices.filter { fits[$0] == .member }
            for index in begun { seen[index] = true }
            if begun.count == 1 { own[begun[0]] += alternative.probability }
            if fits.contains(where: { $0 != .not }) { mass += alternative.probability }
        }
        self.mass = mass
        self.own = own
        self.seen = seen.count { $0 }
    }

    private static func fit(
        _ bytes: ArraySlice<UInt8>,
        before: ArraySlice<UInt8>,
        _ label: Label
    ) -> Fit {
        guard bytes.count > before.count else {
            return before.starts(with: bytes) ? .before : .not
        }
        guard bytes.starts(with: before) else { return .not }
        let rest = bytes.dropFirst(before.count)
        guard rest.count > label.bytes.count else {
            return label.bytes.starts(with: rest) ? .member : .not
        }
        guard rest.starts(with: label.bytes) else { return .not }
        return label.mayEnd(with: rest[rest.startIndex + label.bytes.count]) ? .member : .not
    }

    /// By label, for the log: the chosen one's own probability; of the others, the sum of the
    /// alternatives that begin them and no other.
    func scores(chosen: Label, probability: Double) -> JSONObject {
        var members: [JSONObject.Member] = []
        var isKnown = false
        for (label, mass) in zip(labels, own) {
            let isChosen = label.bytes == chosen.bytes && label.isString == chosen.isString
            isKnown = isKnown || isChosen
            guard isChosen || mass > 0 else { continue }
            members.append(JSONObject.Member(label.name, .double(isChosen ? probability : mass)))
        }
        if !isKnown { members.append(JSONObject.Member(chosen.name, .double(probability))) }
        return JSONObject(members) ?? JSONObject()
    }
}
