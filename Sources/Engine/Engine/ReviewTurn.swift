internal import Autonomy
internal import Decisions
internal import Reviews
internal import Storage
package import Values

/// What a person does with a review.
package enum ReviewAct: Sendable, Equatable {
    case claim
    case release
    /// To that person, or to anyone.
    case reassign(to: String?)
    case approve
    case edit(JSON)
    case decide(JSON)
    case reject(reason: String)

    var entryKind: Entry.Kind {
        switch self {
        case .claim: .reviewClaimed
        case .release: .reviewReleased
        case .reassign: .reviewReassigned
        case .approve, .edit, .decide, .reject: .reviewDecided
        }
    }

    /// The word of the log and the command line.
    var word: String {
        switch self {
        case .claim: "claim"
        case .release: "release"
        case .reassign: "reassign"
        case .approve: "approve"
        case .edit: "edit"
        case .decide: "decide"
        case .reject: "reject"
        }
    }

    /// The output the person wrote.
    var output: JSON? {
        switch self {
        case .edit(let output), .decide(let output): output
        default: nil
        }
    }
}

/// Works out what one act on one review changes; pure but for the salts it draws.
struct ReviewTurn {
    let review: Review
    let record: DecisionRecord
    let policy: Policy
    /// What was there before anybody looked: the model's draft, or what an audit must not see.
    let first: JSON?
    /// The output in force: that, or what a person wrote since.
    let current: JSON?
    let person: String
    let now: Instant
    let salt: () -> [UInt8]

    enum Outcome {
        case commit(Change, ReviewEffect)
        /// Nothing counts; the change, if there is one, keeps what the person wrote.
        case refused(ReviewRefusal, keeping: Change?)
        case offSchema([SchemaFailure])
    }

    func outcome(of act: ReviewAct) -> Outcome {
        if let output = act.output {
            let failures = policy.output.validate(output)
            if !failures.isEmpty { return .offSchema(failures) }
        }
        var after = review
        do throws(ReviewRefusal) {
            let effect = try apply(act, to: &after)
            return .commit(change(act, effect, after), effect)
        } catch {
            return .refused(error, keeping: keeping(act, error))
        }
    }

    private func apply(
        _ act: ReviewAct,
        to after: inout Review
    ) throws(ReviewRefusal) -> ReviewEffect {
        switch act {
        case .claim: try after.claim(by: person, at: now)
        case .release: try after.release(by: person)
        case .reassign(let other): try after.reassign(to: other)
        case .approve:
            try after.conclude(.approve(review.candidate ?? .zero), by: person, at: now)
        case .edit(let output):
            try after.conclude(.edit(Digest(of: output.canonicalBytes)), by: person, at: now)
        case .decide(let output):
            try after.conclude(.decide(Digest(of: output.canonicalBytes)), by: person, at: now)
        case .reject: try after.conclude(.reject, by: person, at: now)
        }
    }

    private func change(_ act: ReviewAct, _ effect: ReviewEffect, _ after: Review) -> Change {
        var facts = facts(act)
        if case .counted(let missing) = effect {
            facts.append(.init("missing", .int(Int64(missing))))
        }
        if case .reassign(let other) = act, let other { facts.append(.init("to", .string(other))) }
        if case .claimed(let seat) = effect {
            facts.append(.init("lease_until", .string(seat.leaseUntil.rfc3339)))
            facts.append(.init("epoch", .int(seat.epoch)))
        }
        var record = record
        record.updatedAt = now
        switch effect {
        case .settled, .rejected:
            if review.kind == .decision {
                record.state = effect == .settled ? .decided : .rejected
                record.route = .review
            }
            facts.append(.init("outcome", outcome(act, effect)))
        default: break
        }
        let entry = Entry(
            act.entryKind,
            decision: record.id,
            at: now,
            facts: JSONObject(uniqueMembers: facts),
            payload: payload(act)
        )
        return Change(entries: [entry], decision: .update(record), review: .update(after))
    }

    private func facts(_ act: ReviewAct) -> [JSONObject.Member] {
        [
            .init("review", .string(review.id.description)),
            .init("kind", .string(review.kind.rawValue)),
            .init("act", .string(act.word)),
            .init("person", .string(person)),
        ]
    }

    /// An audit's answer is no output of the decision: it says what would have been right.
    private func payload(_ act: ReviewAct) -> [PayloadPart] {
        var parts: [PayloadPart] = []
        if let output = act.output {
            let name = review.kind == .audit ? "/outcome" : "/output"
            parts.append(PayloadPart(name, salt: salt(), value: output))
        }
        if case .reject(let reason) = act {
            parts.append(PayloadPart("/reason", salt: salt(), value: .string(reason)))
        }
        return parts
    }

    /// What the review tells of the first answer, for the statistics (design, section 6).
    private func outcome(_ act: ReviewAct, _ effect: ReviewEffect) -> JSON {
        let blind = review.kind == .audit
        var members: [JSONObject.Member] = [
            .init("source", .string(blind ? "audit" : "review")),
            .init("blind", .bool(blind)),
            .init("anchored", .bool(!blind && review.candidate != nil)),
            .init("reviewer", .string(person)),
        ]
        if let right = isRight(act, effect) { members.append(.init("right", .bool(right))) }
        return .object(JSONObject(uniqueMembers: members))
    }

    /// Whether the answer that was there first holds against what people say; unknown where there
    /// was none, or the step was rejected.
    private func isRight(_ act: ReviewAct, _ effect: ReviewEffect) -> Bool? {
        guard effect == .settled, let first, let final = act.output ?? current else { return nil }
        return policy.agrees(first, final)
    }

    /// A verdict that does not count still keeps what its person wrote.
    private func keeping(_ act: ReviewAct, _ refusal: ReviewRefusal) -> Change? {
        guard let output = act.output else { return nil }
        var record = record
        record.updatedAt = now
        let entry = Entry(
            .reviewRefused,
            decision: record.id,
            at: now,
            facts: JSONObject(uniqueMembers: facts(act)),
            payload: [PayloadPart("/kept", salt: salt(), value: output)]
        )
        return Change(entries: [entry], decision: .update(record))
    }
}
