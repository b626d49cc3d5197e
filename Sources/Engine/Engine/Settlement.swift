internal import Autonomy
internal import Decisions
internal import Reviews
internal import Storage
internal import Values

/// Turns what the policy said of a step into the entries and rows that say so durably.
///
/// Used when a rule answers at once and when a model has; pure but for the ids and salts it draws.
struct Settlement {
    enum Outcome {
        case decided(JSON, Route)
        case review(queue: String?, draft: JSON?)
        case failed
    }

    let release: LoadedRelease
    let policy: Policy
    /// The key of the audit draw.
    let secret: [UInt8]
    let surroundings: Surroundings
    let now: Instant

    /// The parts of a change, for a decision that is inserted or updated.
    struct Parts {
        var record: DecisionRecord
        var entries: [Entry]
        var review: Review?
        let output: JSON?

        func change(_ write: (DecisionRecord) -> DecisionWrite) -> Change {
            Change(
                entries: entries,
                decision: write(record),
                review: review.map(ReviewWrite.insert)
            )
        }

        var view: DecisionView { DecisionView(record: record, output: output) }
    }

    /// `more` holds what led here: routing, judgement, calls.
    func settle(
        _ record: DecisionRecord,
        as outcome: Outcome,
        more: [JSONObject.Member],
        payload: [PayloadPart]
    ) -> Parts {
        var record = record
        record.updatedAt = now
        record.leaseUntil = nil
        record.retryAt = nil
        switch outcome {
        case .decided(let output, let route):
            return decided(record, output, route, more, payload)
        case .review(let queue, let draft):
            return review(record, queue, draft, more, payload)
        case .failed:
            record.state = .failed
            var facts = Facts(record, release: release)
            facts.add(record)
            facts.add(more)
            let entry = Entry(
                .failed,
                decision: record.id,
                at: now,
                facts: facts.object,
                payload: payload
            )
            return Parts(record: record, entries: [entry], review: nil, output: nil)
        }
    }

    private func decided(
        _ decided: DecisionRecord,
        _ output: JSON,
        _ route: Route,
        _ more: [JSONObject.Member],
        _ payload: [PayloadPart]
    ) -> Parts {
        var record = decided
        record.state = .decided
        record.route = route
        // A fallback was decided by nobody, so there is nothing to audit.
        let draw =
            route == .fallback
            ? nil
            : policy.drawAudit(of: record.id, byModel: route == .model, secret: secret)
        var facts = Facts(record, release: release)
        facts.add(record)
        facts.add(more)
        if let draw { facts.add(draw) }
        let part = PayloadPart("/output", salt: surroundings.chance.salt(), value: output)
        var parts = Parts(
            record: record,
            entries: [
                Entry(
                    .decided,
                    decision: record.id,
                    at: now,
                    facts: facts.object,
                    payload: payload + [part]
                )
            ],
            review: nil,
            output: output
        )
        if let draw, draw.drawn { open(draw, in: &parts) }
        return parts
    }

    private func open(_ draw: AuditDraw, in parts: inout Parts) {
        let record = parts.record
        let review = Review(
            id: surroundings.chance.identifier(at: now),
            kind: .audit,
            decision: record.id,
            policy: record.policy,
            terms: policy.audit.terms,
            reason: "audit",
            because: "Drawn at random to check what was decided",
            requester: record.caller,
            openedAt: now,
            candidate: nil
        )
        var facts = Facts(record, release: release)
        facts.add("review", .string(review.id.description))
        facts.add("queue", .string(review.terms.queue))
        facts.add("p", .double(draw.p))
        parts.entries.append(
            Entry(.auditDrawn, decision: record.id, at: now, facts: facts.object)
        )
        parts.review = review
    }

    private func review(
        _ opened: DecisionRecord,
        _ queue: String?,
        _ draft: JSON?,
        _ more: [JSONObject.Member],
        _ payload: [PayloadPart]
    ) -> Parts {
        var record = opened
        let review = Review(
            id: surroundings.chance.identifier(at: now),
            kind: .decision,
            decision: record.id,
            policy: record.policy,
            terms: policy.reviewTerms(queue: queue),
            reason: record.reason,
            because: record.because,
            requester: record.caller,
            openedAt: now,
            candidate: draft.map { Digest(of: $0.canonicalBytes) }
        )
        record.state = .review
        record.route = .review
        record.review = review.id
        var facts = Facts(record, release: release)
        facts.add(record)
        facts.add("review", .string(review.id.description))
        facts.add("queue", .string(review.terms.queue))
        facts.add("draft", .bool(draft != nil))
        facts.add(more)
        let part = draft.map { PayloadPart("/output", salt: surroundings.chance.salt(), value: $0) }
        let entry = Entry(
            .reviewOpened,
            decision: record.id,
            at: now,
            facts: facts.object,
            payload: payload + [part].compactMap { $0 }
        )
        return Parts(record: record, entries: [entry], review: review, output: draft)
    }
}
