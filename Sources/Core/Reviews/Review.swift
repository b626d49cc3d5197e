package import Values

/// How far a review has come.
///
/// `claimed` is no state of its own: a claim is a lease that ends.
///
/// `open` is woken by a person; the other two are final.
package enum ReviewState: String, Sendable, CaseIterable {
    case open
    case settled
    /// The question no longer needs an answer.
    case withdrawn
}

/// A question to people about one decision.
///
/// It has as many seats as approvals are needed. A seat is held under a lease, and a person sits
/// on one at most. Approvals count for one exact output, the candidate.
package struct Review: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The decision waits for it.
        case decision
        /// Blind: the decision has taken effect, and the reviewer does not see it.
        case audit
    }

    /// What a policy asks of the people who review.
    package struct Terms: Sendable, Equatable {
        package let queue: String
        package let due: Duration?
        /// At least one.
        package let approvals: Int
        package let lease: Duration
        /// The person who asked for the decision may not review it.
        package let fourEyes: Bool

        package init(
            queue: String,
            due: Duration?,
            approvals: Int,
            lease: Duration,
            fourEyes: Bool
        ) {
            precondition(approvals > 0, "a review needs at least one approval")
            self.queue = queue
            self.due = due
            self.approvals = approvals
            self.lease = lease
            self.fourEyes = fourEyes
        }
    }

    package struct Seat: Sendable, Equatable {
        package let person: String
        /// The number of the claim; a verdict counts while no later claim took the seat.
        package let epoch: Int64
        package let since: Instant
        package let leaseUntil: Instant
        /// The candidate this person stands for, once they have.
        package var approved: Digest?

        package init(
            person: String,
            epoch: Int64,
            since: Instant,
            leaseUntil: Instant,
            approved: Digest? = nil
        ) {
            self.person = person
            self.epoch = epoch
            self.since = since
            self.leaseUntil = leaseUntil
            self.approved = approved
        }
    }

    package let id: Identifier
    package let kind: Kind
    package let decision: Identifier
    package let policy: String
    package let terms: Terms
    /// Why it was opened in one stable word, as in the decision's reason.
    package let reason: String
    package let because: String
    /// Who asked for the decision.
    package let requester: String
    package let openedAt: Instant
    package var state = ReviewState.open
    /// The digest of the output that approvals count for: the model's draft, or what a person wrote.
    package var candidate: Digest?
    package var seats: [Seat] = []
    /// The one person who may claim it, when somebody assigned it.
    package var assignee: String?
    /// The number of the last claim.
    package var epoch: Int64 = 0
    /// Grows by one with each change; a change names the version it was made from.
    package var version: Int64 = 0

    package init(
        id: Identifier,
        kind: Kind,
        decision: Identifier,
        policy: String,
        terms: Terms,
        reason: String,
        because: String,
        requester: String,
        openedAt: Instant,
        candidate: Digest?
    ) {
        self.id = id
        self.kind = kind
        self.decision = decision
        self.policy = policy
        self.terms = terms
        self.reason = reason
        self.because = because
        self.requester = requester
        self.openedAt = openedAt
        self.candidate = candidate
    }

    package var dueAt: Instant? { terms.due.map { openedAt + $0 } }

    /// The seats whose holders are at work at that moment.
    package func held(at now: Instant) -> [Seat] {
        seats.filter { $0.approved == nil && now < $0.leaseUntil }
    }

    /// Who has it while it is open, each until when: whoever claimed it, and whom it was given to,
    /// who has it for good.
    package var people: [(person: String, until: Instant?)] {
        guard state == .open else { return [] }
        let claims = seats.filter { $0.approved == nil && $0.person != assignee }
            .map { (person: $0.person, until: Instant?.some($0.leaseUntil)) }
        return claims + (assignee.map { [(person: $0, until: nil)] } ?? [])
    }

    /// Whether somebody has it at that moment.
    package func isWith(_ name: String, at now: Instant) -> Bool {
        people.contains { person, until in person == name && until.map { now < $0 } ?? true }
    }

    /// Approvals that count for the candidate now.
    package var approvals: Int { seats.count { $0.approved != nil } }
}
