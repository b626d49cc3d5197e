package import Autonomy
package import Decisions
internal import Models
package import Reviews
package import Storage
package import Values

/// What an act on a review came to.
package struct ReviewResult: Sendable, Equatable {
    package let effect: ReviewEffect
    package let review: Review
    package let record: DecisionRecord
}

/// A review with what a person needs to judge it; an audit's without the answer.
package struct ReviewCase: Sendable {
    package let review: Review
    package let record: DecisionRecord
    package let policy: Policy
    /// Nothing when it was redacted.
    package let input: JSON?
    /// What was there before anybody looked.
    package let first: JSON?
    /// The output in force.
    package let current: JSON?
    package let entries: [StoredEntry]
}

/// Where people act on reviews: each act is one change of the store, or a reason why not.
///
/// It needs no engine lock, so it works beside a running `decide`. An act that meets another's is
/// tried again on what is true then. Every review is judged under its own release.
package struct ReviewDesk: Sendable {
    private let store: any Store
    private let releases: any ReleaseSource
    private let surroundings: Surroundings

    package init(store: any Store, releases: any ReleaseSource, surroundings: Surroundings) {
        self.store = store
        self.releases = releases
        self.surroundings = surroundings
    }

    /// A review with its decision, its policy and what people see; throws `.unknown` for none.
    package func open(_ id: Identifier) async throws(EngineError) -> ReviewCase {
        do {
            guard let review = try await store.review(id) else {
                throw EngineError(
                    .unknown,
                    "there is no review \(id); 'stepgate review list' lists them"
                )
            }
            guard let record = try await store.decision(review.decision) else {
                throw EngineError(.store, "the decision of review \(id) is missing from the store")
            }
            let release = try await releases.release(record.release)
            guard let policy = release.policy(review.policy) else {
                throw EngineError(
                    .release,
                    "release \(record.release.hex) has no policy \(review.policy)"
                )
            }
            let entries = try await store.entries(of: record)
            let current = entries.last { $0.sequence == record.links.output }
            let first = review.kind == .audit ? current : entries.first { $0.opened(review.id) }
            return ReviewCase(
                review: review,
                record: record,
                policy: policy,
                input: entries.first { $0.sequence == record.links.input }?.payload.value("/input"),
                first: first?.payload.value("/output"),
                current: current?.payload.value("/output"),
                entries: entries
            )
        } catch let error as StoreError {
            throw EngineError(error)
        } catch let error as EngineError {
            throw error
        } catch {
            preconditionFailure("stores and releases throw their own errors")
        }
    }

    /// Does it, and says what came of it; throws `.refused` with the reason when it does not count.
    package func act(
        _ act: ReviewAct,
        on id: Identifier,
        by person: String
    ) async throws(EngineError) -> ReviewResult {
        for _ in 0..<Limits.staleAttempts {
            let opened = try await open(id)
            let turn = ReviewTurn(
                review: opened.review,
                record: opened.record,
                policy: opened.policy,
                first: opened.first,
                current: opened.current,
                person: person,
                now: surroundings.clock.now,
                salt: surroundings.chance.salt
            )
            switch turn.outcome(of: act) {
            case .commit(let change, let effect):
                guard try await commit(change) else { continue }
                let after = try await open(id)
                return ReviewResult(effect: effect, review: after.review, record: after.record)
            case .refused(let refusal, let keeping):
                if let keeping { _ = try await commit(keeping) }
                throw EngineError(.refused, refusal.sentence(on: opened.review))
            case .offSchema(let failures):
                throw EngineError(
                    .invalid,
                    "the output does not fit policy \(opened.policy.name): "
                        + failures.map(\.description).joined(separator: "; ")
                )
            }
        }
        throw EngineError(.store, "others keep changing review \(id); try again")
    }

    /// Takes back the open reviews of that reason and has their models asked again, by the engine
    /// that runs or the next that starts.
    ///
    /// Those that somebody claimed, or whose policy asks no model, stay.
    package func recall(
        because reason: String,
        queue: String?,
        by person: String
    ) async throws(EngineError) -> (recalled: Int, kept: Int) {
        var query = ReviewQuery(limit: Limits.recallPage)
        query.queue = queue
        query.kind = .decision
        var counts = (recalled: 0, kept: 0)
        while true {
            let page: [Review]
            do {
                page = try await store.reviews(query)
            } catch {
                throw EngineError(error)
            }
            for review in page where review.reason == reason {
                if try await recall(review, by: person) {
                    counts.recalled += 1
                } else {
                    counts.kept += 1
                }
            }
            guard let last = page.last, page.count == Limits.recallPage else { return counts }
            query.after = last.id
        }
    }

    private func recall(_ review: Review, by person: String) async throws(EngineError) -> Bool {
        let opened = try await open(review.id)
        let now = surroundings.clock.now
        var review = opened.review
        do throws(ReviewRefusal) {
            try review.recall(at: now)
        } catch {
            return false
        }
        guard opened.policy.autonomy.asksModel, opened.policy.model != nil else { return false }
        var record = opened.record
        record.state = .asking
        record.route = nil
        record.review = nil
        record.updatedAt = now
        record.askedAt = now
        // No engine is at work on it, so whichever looks next takes it on.
        record.leaseUntil = now
        let entry = Entry(
            .reviewRecalled,
            decision: record.id,
            at: now,
            facts: JSONObject(uniqueMembers: [
                .init("review", .string(review.id.description)), .init("person", .string(person)),
                .init("reason", .string(review.reason)),
            ])
        )
        return try await commit(
            Change(entries: [entry], decision: .update(record), review: .update(review))
        )
    }

    /// Whether it was committed; not when somebody else came first.
    private func commit(_ change: Change) async throws(EngineError) -> Bool {
        do {
            return try await store.commit([change]).first.map { result in
                if case .committed = result { true } else { false }
            } ?? false
        } catch {
            throw EngineError(error)
        }
    }
}

extension EngineError {
    package init(_ error: StoreError) { self.init(.store, error.message) }
}

extension StoredEntry {
    /// Whether this is the entry that opened the review.
    fileprivate func opened(_ review: Identifier) -> Bool {
        guard let value = try? JSON.read(bytes) else { return false }
        return value["kind"]?.string == Entry.Kind.reviewOpened.rawValue
            && value["facts"]?["review"]?.string == review.description
    }
}

extension ReviewRefusal {
    /// What to tell the person.
    func sentence(on review: Review) -> String {
        switch self {
        case .notOpen(let state): "review \(review.id) is \(state.rawValue) already"
        case .taken(let person, let until):
            "review \(review.id) is claimed by \(person) until \(until.rfc3339)"
        case .assigned(let person): "review \(review.id) is assigned to \(person)"
        case .requester:
            "you asked for this decision, and its policy has four eyes: somebody else must review it"
        case .alreadyApproved: "you have approved this output already; another person must"
        case .candidateChanged: "the draft has changed since you saw it; look at it again"
        case .noDraft: "there is no draft to approve or edit: use 'review decide' with an output"
        case .hasDraft: "there is a draft: use 'review approve' or 'review edit'"
        case .blind: "an audit is blind: use 'review decide' with the output you find right"
        case .holdsNoClaim: "you hold no claim on review \(review.id)"
        }
    }
}
