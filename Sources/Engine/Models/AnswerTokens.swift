internal import Glibc
internal import Values

/// The tokens of one answer, laid over its text.
///
/// Only the tokens asked for are read further, as each may carry twenty alternatives.
struct AnswerTokens: Sendable {
    /// Why the tokens are of no use; one sentence.
    struct Unusable: Error, Equatable {
        let reason: String
    }

    private let tokens: [JSON]
    /// Where each token's bytes stand in the text; `starts[i]..<starts[i + 1]`.
    private let starts: [Int]

    /// Throws unless the tokens spell the text; whole tokens after its end, such as an end of
    /// turn, change nothing and are let be.
    init(_ tokens: [JSON], spelling text: [UInt8]) throws(Unusable) {
        guard !tokens.isEmpty else { throw Unusable(reason: "the answer has no log-probabilities") }
        self.tokens = tokens
        var starts = [0]
        for token in tokens {
            let start = starts[starts.count - 1]
            guard start < text.count else { break }
            guard let bytes = Self.bytes(of: token), start + bytes.count <= text.count,
                text[start..<start + bytes.count].elementsEqual(bytes)
            else { throw Unusable(reason: "the answer's tokens do not spell its text") }
            starts.append(start + bytes.count)
        }
        guard starts[starts.count - 1] == text.count else {
            throw Unusable(reason: "the answer's tokens end before its text")
        }
        self.starts = starts
    }

    /// The tokens that hold any of those bytes, and empty ones between them.
    func covering(_ span: Range<Int>) -> Range<Int> {
        let first = (0..<starts.count - 1).first { starts[$0 + 1] > span.lowerBound }
        let last = (0..<starts.count - 1).last { starts[$0] < span.upperBound }
        guard let first, let last, first <= last else { return 0..<0 }
        return first..<last + 1
    }

    /// Where the token's bytes begin in the text.
    func start(of token: Int) -> Int { starts[token] }

    func bytes(of token: Int) -> [UInt8] { Self.bytes(of: tokens[token]) ?? [] }

    /// The token's own log-probability, at most zero.
    func logprob(of token: Int) throws(Unusable) -> Double {
        try Self.checked(tokens[token]["logprob"])
    }

    /// What else the model might have said in the token's place, the token itself included.
    func alternatives(at token: Int) throws(Unusable) -> [(bytes: [UInt8], probability: Double)] {
        let own = bytes(of: token)
        var found: [(bytes: [UInt8], probability: Double)] = []
        for alternative in tokens[token]["top_logprobs"]?.array ?? [] {
            guard let bytes = Self.bytes(of: alternative),
                let logprob = alternative["logprob"]?.number, logprob > Limits.absentLogprob
            else { continue }
            found.append((bytes, exp(min(logprob, 0))))
        }
        if !found.contains(where: { $0.bytes == own }) {
            found.append((own, exp(try logprob(of: token))))
        }
        return found
    }

    private static func checked(_ value: JSON?) throws(Unusable) -> Double {
        guard let logprob = value?.number, !logprob.isNaN else {
            throw Unusable(reason: "a token of the value has no log-probability")
        }
        guard logprob > Limits.absentLogprob else {
            throw Unusable(reason: "a token of the value is not among those with a log-probability")
        }
        guard logprob <= Limits.logprobSlack else {
            throw Unusable(reason: "a token of the value has a log-probability above zero")
        }
        return min(logprob, 0)
    }

    private static func bytes(of token: JSON) -> [UInt8]? {
        guard let numbers = token["bytes"]?.array else {
            return token["token"]?.string.map { Array($0.utf8) }
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(numbers.count)
        for number in numbers {
            guard let byte = number.integer.flatMap({ UInt8(exactly: $0) }) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
