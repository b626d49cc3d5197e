internal import Autonomy
package import Decisions
internal import Models
internal import Reviews
package import Storage
package import Values

/// What callers do with a decision after they asked for it: say what turned out to be right, or
/// that it is no longer needed.
///
/// It needs no engine lock; an act that meets another's is tried again on what is true then.
package struct DecisionDesk: Sendable {
    private let store: any Store
    private let releases: any ReleaseSource
    private let surroundings: Surroundings

    package init(store: any Store, releases: any ReleaseSource, surroundings: Surroundings) {
        self.store = store
        self.releases = releases
        self.surroundings = surroundings
    }

    /// Reports what was right for a decided step; throws `.refused` with every failing pointer when
    /// it does not fit the policy that decided.
    package func report(
        _ outcome: JSON,
        of id: Identifier,
        by person: String
    ) async throws(EngineError) -> DecisionRecord {
        try await change(id) { record throws(EngineError) in
            guard record.state == .decided else {
                throw EngineError(
                    .refused,
                    "decision \(id) is \(record.state.rawValue): only a decided one has an outcome"
                )
            }
            let release = try await releases.release(record.release)
            guard let policy = release.policy(record.policy) else {
                throw EngineError(.release, "its release has no policy \(record.policy)")
            }
            let failures = policy.output.validate(outcome)
            guard failures.isEmpty else {
                throw EngineError(
                    .invalid,
                    "the outcome does not fit policy \(policy.name): "
                        + failures.map(\.description).joined(separator: "; ")
                )
            }
            let answered = try await output(of: record)
            var facts: [JSONObject.Member] = [
                .init("source", "reported"), .init("blind", false), .init("anchored", false),
                .init("reviewer", .string(person)),
            ]
            if let answered {
                facts.append(.init("right", .bool(policy.agrees(answered, outcome))))
            }
            let entry = Entry(
                .outcomeReported,
                decision: id,
                at: surroundings.clock.now,
                facts: JSONObject(uniqueMembers: [
                    .init("person", .string(person)),
                    .init("outcome", .object(JSONObject(uniqueMembers: facts))),
                ]),
                payload: [
                    PayloadPart("/outcome", salt: surroundings.chance.salt(), value: outcome)
                ]
            )
            return Change(entries: [entry], decision: .update(record))
        }
    }

    /// Takes a pending step back: no model is asked any more, and its review is withdrawn.
    package func withdraw(
        _ id: Identifier,
        by person: String
    ) async throws(EngineError) -> DecisionRecord {
        try await change(id) { record throws(EngineError) in
            guard record.state == .asking || record.state == .review else {
                throw EngineError(
                    .refused,
                    "decision \(id) is \(record.state.rawValue): only a pending one can be withdrawn"
                )
            }
            var record = record
            var review = try await openReview(of: record)
            review?.withdraw()
            record.state = .withdrawn
            record.route = nil
            record.leaseUntil = nil
            record.retryAt = nil
            let entry = Entry(
                .withdrawn,
                decision: id,
                at: surroundings.clock.now,
                facts: JSONObject(uniqueMembers: [.init("person", .string(person))])
            )
            return Change(
                entries: [entry],
                decision: .update(record),
                review: review.map(ReviewWrite.update)
            )
        }
    }

    private func change(
        _ id: Identifier,
        _ make: (DecisionRecord) async throws(EngineError) -> Change
    ) async throws(EngineError) -> DecisionRecord {
        for _ in 0..<Limits.staleAttempts {
            var record = try await self.record(id)
            record.updatedAt = surroundings.clock.now
            let change = try await make(record)
            do {
                guard case .committed? = try await store.commit([change]).first else { continue }
            } catch {
                throw EngineError(error)
            }
            return try await self.record(id)
        }
        throw EngineError(.store, "others keep changing decision \(id); try again")
    }

    private func record(_ id: Identifier) async throws(EngineError) -> DecisionRecord {
        do {
            if let record = try await store.decision(id) { return record }
        } catch {
            throw EngineError(error)
        }
        throw EngineError(.unknown, "there is no decision \(id)")
    }

    private func output(of record: DecisionRecord) async throws(EngineError) -> JSON? {
        do {
            return try await store.payload("/output", of: record.links.output)
        } catch {
            throw EngineError(error)
        }
    }

    private func openReview(of record: DecisionRecord) async throws(EngineError) -> Review? {
        guard record.state == .review, let id = record.review else { return nil }
        do {
            return try await store.review(id)
        } catch {
            throw EngineError(error)
        }
    }
}
