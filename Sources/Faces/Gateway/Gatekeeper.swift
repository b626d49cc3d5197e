internal import Access
internal import Storage
internal import Synchronization
internal import Values

/// Who is let in, and how often: what the store said of tokens a moment ago, and the rates.
///
/// The lock is never held while the store is asked.
final class Gatekeeper: Sendable {
    private struct State {
        var memory = TokenMemory()
        var rates = RateTable()
        /// Of the callback addresses of each run.
        var callbacks = RateTable()
        /// Secrets that turned out to be no good, of all callers together.
        var failures: RateMachine
        /// Secrets never seen that the store is being asked about, and by how many callers.
        var asked: [Digest: Int] = [:]
        /// Lines of the log about refusals.
        var told: RateMachine
        var untold = 0

        /// Takes a guess for a secret that nobody asks about yet; what stands in the way, if anything.
        mutating func ask(_ digest: Digest, at now: Instant) -> RateMachine.Answer? {
            if asked[digest] == nil {
                let answer = failures.take(at: now)
                guard case .taken = answer else { return answer }
            }
            asked[digest, default: 0] += 1
            return nil
        }

        /// The store has answered one caller; a guess is given back by the last.
        mutating func heard(_ digest: Digest, costsGuess: Bool) {
            let others = (asked[digest] ?? 1) - 1
            asked[digest] = others > 0 ? others : nil
            if others == 0, !costsGuess { failures.giveBack() }
        }
    }

    private let store: any Store
    private let clock: @Sendable () -> Instant
    private let standard: Rate?
    private let state: Mutex<State>

    /// `standard` is the rate of tokens without one of their own.
    init(store: any Store, standard: Rate?, now: @escaping @Sendable () -> Instant) {
        self.store = store
        clock = now
        self.standard = standard
        state = Mutex(
            State(
                failures: RateMachine(Limits.failedAuthentications),
                told: RateMachine(Limits.refusalsTold)
            )
        )
    }

    /// The token with that secret as it was a second ago at most; nothing when there is none, or
    /// when it is revoked or expired.
    func token(_ secret: String) async throws(Problem) -> AccessToken? {
        let digest = AccessToken.digest(of: secret)
        let asked = clock()
        let known = try look(digest, at: asked)
        if case .fresh(let token) = known {
            return token.flatMap { $0.isValid(at: asked) ? $0 : nil }
        }
        let found: AccessToken?
        do {
            found = try await store.token(digest)
        } catch {
            // Nobody knows whether it was a guess.
            if known == .unknown { state.withLock { $0.heard(digest, costsGuess: false) } }
            throw Problem(error)
        }
        let good = found.flatMap { $0.isValid(at: clock()) ? $0 : nil }
        state.withLock { state in
            state.memory.note(good, of: digest, asked: asked)
            // A first use is no guess.
            if known == .unknown { state.heard(digest, costsGuess: good == nil) }
        }
        return good
    }

    /// What is remembered of a token; a secret never seen costs a guess before the store is asked,
    /// and only one however many ask with it at the same moment, as all do after a start.
    private func look(
        _ digest: Digest,
        at now: Instant
    ) throws(Problem) -> TokenMemory.Answer {
        let (known, answer) = state.withLock { state in
            let known = state.memory.look(digest, at: now)
            return (known, known == .unknown ? state.ask(digest, at: now) : nil)
        }
        guard case .refused(let wait)? = answer else { return known }
        var problem = Problem(
            429,
            "too-many-failures",
            "Too many tokens that are not good",
            "the server looks at no unknown token for a moment"
        )
        problem.headers = [("retry-after", "\(Self.seconds(wait))")]
        throw problem
    }

    /// Takes so many requests from a token's rate and says what is left, as headers; throws when
    /// the rate does not let them through now, or never would at once.
    func take(
        _ count: Int,
        of token: AccessToken
    ) throws(Problem) -> [(name: String, value: String)] {
        guard let rate = token.rate ?? standard else { return [] }
        let moment = clock()
        let answer = state.withLock { $0.rates.take(count, of: token.id, rate, at: moment) }
        // draft-ietf-httpapi-ratelimit-headers: what a burst has, and in how many seconds it is
        // there again.
        let policy = ("ratelimit-policy", "\"token\";q=\(rate.burst);w=\(rate.window)")
        switch answer {
        case .taken(let remaining, let full):
            return [policy, ("ratelimit", "\"token\";r=\(remaining);t=\(Self.seconds(full))")]
        case .refused(let wait):
            let seconds = Self.seconds(wait)
            var problem = Problem(
                429,
                "rate-limited",
                "Too many requests",
                "this token may ask \(rate.count) times a \(rate.period), "
                    + "\(rate.burst) of them at once"
            )
            problem.headers = [
                policy, ("ratelimit", "\"token\";r=0;t=\(seconds)"), ("retry-after", "\(seconds)"),
            ]
            throw problem
        case .never:
            var problem = Problem(
                413,
                "burst-too-large",
                "More at once than this token may ask",
                "\(count) at once are more than its burst of \(rate.burst): send fewer together"
            )
            problem.headers = [policy]
            throw problem
        }
    }

    /// Takes a call of a run's callback addresses, which anybody may make who knows one.
    func takeCallback(of run: Identifier) throws(Problem) {
        let moment = clock()
        let answer = state.withLock {
            $0.callbacks.take(1, of: run, Limits.callbacks, at: moment)
        }
        guard case .refused(let wait) = answer else { return }
        var problem = Problem(
            429,
            "rate-limited",
            "Too many requests",
            "this run was called back too often; it takes \(Limits.callbacks.text)"
        )
        problem.headers = [("retry-after", "\(Self.seconds(wait))")]
        throw problem
    }

    /// How many refusals were not told since the last that was; nothing when this one is not to be.
    func mayTell() -> Int? {
        let moment = clock()
        return state.withLock { state in
            guard case .taken = state.told.take(at: moment) else {
                state.untold += 1
                return nil
            }
            defer { state.untold = 0 }
            return state.untold
        }
    }

    /// Whole seconds, rounded up, so that who waits them is let in.
    private static func seconds(_ time: Duration) -> Int64 {
        let parts = time.components
        return parts.seconds + (parts.attoseconds > 0 ? 1 : 0)
    }
}
