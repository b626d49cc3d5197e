package import Access
package import Decisions
package import Reviews
internal import Synchronization
package import Values

/// A store that lasts as long as its process: what the engine is tested on.
package final class MemoryStore: Store {
    private struct Claim: Hashable {
        let scope: String
        let key: String
    }

    private struct State {
        var entries: [StoredEntry] = []
        var head = ChainHead.empty
        var decisions: [Identifier: DecisionRecord] = [:]
        var reviews: [Identifier: Review] = [:]
        var claims: [Claim: (decision: Identifier, body: Digest)] = [:]
        var releases: [Digest: StoredRelease] = [:]
        var tallies: [CallTally.Key: CallTally] = [:]
        var models: [String: ModelState] = [:]
        var answers: [Digest: KeptAnswer] = [:]
        var tokens: [Identifier: AccessToken] = [:]
    }

    private let state = Mutex(State())
    private let storeSecret: [UInt8]

    package init(secret: [UInt8]) { storeSecret = secret }

    package func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
        state.withLock { state in changes.map { Self.apply($0, to: &state) } }
    }

    private static func apply(_ change: Change, to state: inout State) -> CommitResult {
        var links = EntryLinks()
        switch change.decision {
        case .insert(let record, let key)?:
            if let key {
                let claim = Claim(scope: key.scope, key: key.key)
                if let taken = state.claims[claim] {
                    return .keyTaken(by: taken.decision, body: taken.body)
                }
            }
            if state.decisions[record.id] != nil { return .stale }
        case .update(let record)?:
            guard let stored = state.decisions[record.id], stored.version == record.version else {
                return .stale
            }
            links = stored.links
        case nil: break
        }
        switch change.review {
        case .insert(let review)?: if state.reviews[review.id] != nil { return .stale }
        case .update(let review)?:
            guard state.reviews[review.id]?.version == review.version else { return .stale }
        case nil: break
        }
        let work = ChangeWork(change, after: state.head, links: links)
        state.entries += work.entries
        state.head = work.head
        if let decision = work.decision { state.decisions[decision.id] = decision }
        if let review = work.review { state.reviews[review.id] = review }
        for tally in change.tallies {
            state.tallies[tally.key, default: CallTally(tally.key)].add(tally)
        }
        if let token = change.token { state.tokens[token.id] = token }
        for model in change.models { state.models[model.model] = model }
        if case .insert(let record, let key?)? = change.decision {
            state.claims[Claim(scope: key.scope, key: key.key)] = (record.id, key.body)
        }
        return .committed(work.head)
    }

    package func head() async throws(StoreError) -> ChainHead { state.withLock { $0.head } }

    package func decision(_ id: Identifier) async throws(StoreError) -> DecisionRecord? {
        state.withLock { $0.decisions[id] }
    }

    package func decisions(_ query: DecisionQuery) async throws(StoreError) -> [DecisionRecord] {
        state.withLock { state in
            let found = state.decisions.values.filter { query.matches($0) }
            return Array(found.sorted { $1.id < $0.id }.prefix(query.limit))
        }
    }

    package func claimed(
        scope: String,
        keys: [String]
    ) async throws(StoreError) -> [String: ClaimedDecision] {
        state.withLock { state in
            var found: [String: ClaimedDecision] = [:]
            for key in keys {
                guard let claim = state.claims[Claim(scope: scope, key: key)],
                    let record = state.decisions[claim.decision]
                else { continue }
                let at = Int(record.links.output)
                let output = at > 0 ? state.entries[at - 1].payload.value("/output") : nil
                found[key] = ClaimedDecision(record: record, body: claim.body, output: output)
            }
            return found
        }
    }

    package func asking(
        after: Identifier?,
        limit: Int
    ) async throws(StoreError) -> [DecisionRecord] {
        state.withLock { state in
            let asking = state.decisions.values.filter { record in
                record.state == .asking && after.map { $0 < record.id } ?? true
            }
            return Array(asking.sorted { $0.id < $1.id }.prefix(limit))
        }
    }

    package func review(_ id: Identifier) async throws(StoreError) -> Review? {
        state.withLock { $0.reviews[id] }
    }

    package func reviews(_ query: ReviewQuery) async throws(StoreError) -> [Review] {
        state.withLock { state in
            let found = state.reviews.values.filter { query.matches($0) }
            return Array(found.sorted { $0.id < $1.id }.prefix(query.limit))
        }
    }

    package func entry(_ sequence: Int64) async throws(StoreError) -> StoredEntry? {
        state.withLock { state in
            sequence >= 1 && sequence <= state.entries.count
                ? state.entries[Int(sequence) - 1] : nil
        }
    }

    package func entries(
        from sequence: Int64,
        limit: Int
    ) async throws(StoreError) -> [StoredEntry] {
        state.withLock { Array($0.entries.dropFirst(Int(max(1, sequence)) - 1).prefix(limit)) }
    }

    package func bareEntries(
        from sequence: Int64,
        limit: Int
    ) async throws(StoreError) -> [BareEntry] {
        try await entries(from: sequence, limit: limit).map {
            BareEntry(sequence: $0.sequence, bytes: $0.bytes)
        }
    }

    package func tallies(since: Instant) async throws(StoreError) -> [CallTally] {
        state.withLock { $0.tallies.values.filter { $0.key.quarter >= since } }
    }

    package func models() async throws(StoreError) -> [ModelState] {
        state.withLock { $0.models.values.sorted { $0.model < $1.model } }
    }

    package func tokens() async throws(StoreError) -> [AccessToken] {
        state.withLock { $0.tokens.values.sorted { $0.id < $1.id } }
    }

    package func token(_ digest: Digest) async throws(StoreError) -> AccessToken? {
        state.withLock { $0.tokens.values.first { $0.digest == digest } }
    }

    package func keptAnswer(
        _ key: Digest,
        at now: Instant
    ) async throws(StoreError) -> KeptAnswer? {
        state.withLock { $0.answers[key].flatMap { now < $0.expiresAt ? $0 : nil } }
    }

    package func keep(_ answer: KeptAnswer) async throws(StoreError) {
        state.withLock { $0.answers[answer.key] = answer }
    }

    package func keep(_ release: StoredRelease) async throws(StoreError) {
        state.withLock { $0.releases[release.digest] = release }
    }

    package func release(_ digest: Digest) async throws(StoreError) -> StoredRelease? {
        state.withLock { $0.releases[digest] }
    }

    package func secret() async throws(StoreError) -> [UInt8] { storeSecret }
}

extension DecisionQuery {
    fileprivate func matches(_ record: DecisionRecord) -> Bool {
        (policy.map { $0 == record.policy } ?? true)
            && (states.isEmpty || states.contains(record.state))
            && (route.map { $0 == record.route } ?? true)
            && (before.map { record.id < $0 } ?? true)
    }
}

extension ReviewQuery {
    fileprivate func matches(_ review: Review) -> Bool {
        (queue.map { $0 == review.terms.queue } ?? true)
            && (states.isEmpty || states.contains(review.state))
            && (kind.map { $0 == review.kind } ?? true)
            && (decision.map { $0 == review.decision } ?? true)
            && (after.map { $0 < review.id } ?? true)
    }
}
