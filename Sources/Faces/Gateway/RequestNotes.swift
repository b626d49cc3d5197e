internal import Access
internal import Decisions
internal import Synchronization

/// What a request turned out to be about, noted on the way for metrics and the log.
final class RequestNotes: Sendable {
    struct Noted: Sendable {
        /// The pattern of its route; nothing when it matched none.
        var route: String?
        var token: AccessToken?
        /// The code of the problem it was answered with.
        var problem: String?
        /// The decisions it asked for, as they were answered.
        var decisions: [DecisionRecord] = []
        /// What is left of the token's rate.
        var headers: [(name: String, value: String)] = []
    }

    private let state = Mutex(Noted())

    var noted: Noted { state.withLock { $0 } }

    func note(_ change: (inout Noted) -> Void) { state.withLock { change(&$0) } }

    /// Notes what it is answered with instead of what was asked for.
    func note(_ problem: Problem) {
        state.withLock { noted in
            noted.problem = problem.code
            // A problem of the rate says itself what is left of it.
            if problem.headers.contains(where: { $0.name == "ratelimit-policy" }) {
                noted.headers = []
            }
        }
    }

    /// Notes a decision that was asked for; beyond `Limits.decisionsTold` they are not told.
    func note(_ record: DecisionRecord) {
        state.withLock { noted in
            if noted.decisions.count < Limits.decisionsTold { noted.decisions.append(record) }
        }
    }
}
