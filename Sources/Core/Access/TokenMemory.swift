package import Values

/// What the store said of tokens a moment ago, so that it need not be asked with each request.
///
/// What it said counts for `Limits.tokenAge` and no longer, whether the token was good or not. That
/// a token was good before is remembered beyond that: its holder is no guesser.
package struct TokenMemory: Sendable, Equatable {
    package enum Answer: Sendable, Equatable {
        /// What the store said a moment ago; nothing when there is no such token.
        case fresh(AccessToken?)
        /// There was such a token a while ago; the store must say what it is now.
        case seen
        /// Never seen, or long ago.
        case unknown
    }

    private struct Good: Sendable, Equatable {
        let token: AccessToken
        let at: Instant
    }

    private var good = Recent<Digest, Good>(limit: Limits.rememberedTokens)
    /// Apart, so that guesses push no good token out.
    private var bad = Recent<Digest, Instant>(limit: Limits.rememberedTokens)

    package init() {}

    /// What is known of the token with that digest.
    package func look(_ digest: Digest, at now: Instant) -> Answer {
        if let known = good[digest] {
            return Self.isFresh(known.at, now) ? .fresh(known.token) : .seen
        }
        if let known = bad[digest], Self.isFresh(known, now) { return .fresh(nil) }
        return .unknown
    }

    /// Notes what the store said; `asked` is when it was asked, before it answered.
    package mutating func note(_ token: AccessToken?, of digest: Digest, asked: Instant) {
        good[digest] = token.map { Good(token: $0, at: asked) }
        bad[digest] = token == nil ? asked : nil
    }

    /// A clock that was set back must not make an old word young.
    private static func isFresh(_ at: Instant, _ now: Instant) -> Bool {
        now >= at && now - at < Limits.tokenAge
    }
}
