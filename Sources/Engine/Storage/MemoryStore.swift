package import Access
package import Decisions
package import Reviews
internal import Runs
internal import Synchronization
package import Values
package import Webhooks

/// A store that lasts as long as its process: what the engine is tested on.
package final class MemoryStore: Store {
    struct Claim {
        /// The decision, or the run.
        let decision: Identifier
        let body: Digest
        /// Nothing for one that is never forgotten.
        let day: Int64?
    }

    struct State {
        var entries: [StoredEntry] = []
        var head = ChainHead.empty
        var decisions: [Identifier: DecisionRecord] = [:]
        var reviews: [Identifier: Review] = [:]
        var claims: [KeyClaim.Name: Claim] = [:]
        /// The latest day met: what is two days older is forgotten.
        var today: Int64 = 0
        var releases: [Digest: StoredRelease] = [:]
        var notes: [ReleaseNote] = []
        var removals: [Digest: ReleaseRemoval] = [:]
        var promotions: [Promotion] = []
        var tallies: [CallTally.Key: CallTally] = [:]
        var models: [String: ModelState] = [:]
        var answers: [Digest: KeptAnswer] = [:]
        var tokens: [Identifier: AccessToken] = [:]
        var callbacks: [Identifier: Callback] = [:]
        var runs: MemoryRuns

        func claim(_ name: KeyClaim.Name) -> Claim? {
            claims[name].flatMap { claim in
                claim.day.map { $0 >= today - 1 } ?? true ? claim : nil
            }
        }
    }

    let state: Mutex<State>
    private let storeSecret: [UInt8]

    /// Keeps so many changes of runs.
    package init(secret: [UInt8], runChanges: Int = Limits.runChanges) {
        storeSecret = secret
        state = Mutex(State(runs: MemoryRuns(keptChanges: runChanges)))
    }

    package func commit(_ changes: [Change]) async throws(StoreError) -> [CommitResult] {
        state.withLock { state in changes.map { Self.apply($0, to: &state) } }
    }

    private static func apply(_ change: Change, to state: inout State) -> CommitResult {
        if let refused = state.refusal(byReleasesOf: change) { return refused }
        var links = EntryLinks()
        switch change.decision {
        case .insert(let record, let key)?:
            if let key {
                state.today = max(state.today, KeyClaim.day(of: record.createdAt))
                if let taken = state.claim(KeyClaim.Name(scope: key.scope, key: key.key)) {
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
        if let promotion = change.promotion, promotion.number != state.promotions.count + 1 {
            return .stale
        }
        if let refused = refusal(of: change.runs, by: &state) { return refused }
        let work = ChangeWork(change, after: state.head, links: links)
        state.entries += work.entries
        state.head = work.head
        if let decision = work.decision { state.decisions[decision.id] = decision }
        if let review = work.review { state.reviews[review.id] = review }
        if let callback = work.callback { state.callbacks[callback.decision] = callback }
        if let id = work.decision?.id, let finalAt = work.finalAt {
            state.callbacks[id]?.decided(at: finalAt)
        }
        for tally in change.tallies {
            state.tallies[tally.key, default: CallTally(tally.key)].add(tally)
        }
        if let token = change.token { state.tokens[token.id] = token }
        if let promotion = change.promotion { state.promotions.append(promotion) }
        if let kept = change.kept { state.keep(kept) }
        if let removal = change.removal { state.remove(removal) }
        for model in change.models { state.models[model.model] = model }
        if case .insert(let record, let key?)? = change.decision {
            state.claims[KeyClaim.Name(scope: key.scope, key: key.key)] = Claim(
                decision: record.id,
                body: key.body,
                day: key.lifetime == .day ? state.today : nil
            )
        }
        write(change.runs, to: &state)
        // Nobody can wait for a decision that was not there before but the runs just written.
        if case .update(let decision)? = change.decision, work.finalAt != nil {
            state.runs.decided(decision.id)
        }
        return .committed(work.head)
    }

    private static func refusal(
        of runs: [RunWrite],
        by state: inout State
    ) -> CommitResult? {
        guard state.runs.admits(runs) else { return .stale }
        var claimed: [KeyClaim.Name: Claim] = [:]
        for write in runs {
            guard let key = write.start else { continue }
            state.today = max(state.today, KeyClaim.day(of: write.run.startedAt))
            let name = KeyClaim.Name(scope: key.scope, key: key.key)
            if let taken = state.claim(name) ?? claimed[name] {
                return .keyTaken(by: taken.decision, body: taken.body)
            }
            claimed[name] = Claim(
                decision: write.run.id,
                body: key.body,
                day: key.lifetime == .day ? state.today : nil
            )
        }
        state.claims.merge(claimed) { $1 }
        return nil
    }

    private static func write(_ runs: [RunWrite], to state: inout State) {
        for write in runs {
            state.runs.write(write)
            for number in write.changedSteps {
                guard case .waiting(.decision(let id))? = write.run.active[number]?.state,
                    let decision = state.decisions[id], !decision.state.isPending
                else { continue }
                state.runs.decided(id, by: write.run.id, number)
            }
        }
        for write in runs { state.runs.wake(by: write) }
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
                guard let claim = state.claim(KeyClaim.Name(scope: scope, key: key)),
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

    package func oldestReviews(limit: Int) async throws(StoreError) -> [Review] {
        state.withLock { state in
            var oldest: [String: Review] = [:]
            for review in state.reviews.values where review.state == .open {
                if let known = oldest[review.terms.queue], known.id < review.id { continue }
                oldest[review.terms.queue] = review
            }
            return Array(oldest.values.sorted { $0.terms.queue < $1.terms.queue }.prefix(limit))
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

    package func callback(_ decision: Identifier) async throws(StoreError) -> Callback? {
        state.withLock { $0.callbacks[decision] }
    }

    package func callbacks(_ query: CallbackQuery) async throws(StoreError) -> [Callback] {
        state.withLock { state in
            let found = state.callbacks.values.filter { callback in
                (query.state.map { $0 == callback.progress.state } ?? true)
                    && (query.before.map { callback.decision < $0 } ?? true)
            }
            return Array(found.sorted { $1.decision < $0.decision }.prefix(query.limit))
        }
    }

    package func callbacks(
        dueAt now: Instant,
        avoiding hosts: Set<String>,
        toEach: Int,
        limit: Int
    ) async throws(StoreError) -> [Callback] {
        state.withLock { state in
            let due = state.callbacks.values.compactMap { callback in
                callback.progress.nextAt.map { (at: $0, callback: callback) }
            }
            let found = due.filter { $0.at <= now && !hosts.contains($0.callback.host) }
            let byHost = Dictionary(grouping: found) { $0.callback.host }.mapValues { some in
                some.sorted { ($0.at, $0.callback.decision) < ($1.at, $1.callback.decision) }
            }
            let order = byHost.sorted { left, right in
                (left.value[0].at, left.key) < (right.value[0].at, right.key)
            }
            return Array(order.flatMap { $0.value.prefix(toEach).map(\.callback) }.prefix(limit))
        }
    }

    package func keep(_ callbacks: [Callback]) async throws(StoreError) -> [Bool] {
        state.withLock { state in
            callbacks.map { callback in
                guard state.callbacks[callback.decision]?.version == callback.version else {
                    return false
                }
                state.callbacks[callback.decision] = callback.next
                return true
            }
        }
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
