package import Values

/// What a person decided about a review's candidate.
package enum Verdict: Sendable, Equatable {
    /// The candidate with this digest is right: the one the person saw.
    case approve(Digest)
    /// This output instead of the draft.
    case edit(Digest)
    /// An output where there was no draft.
    case decide(Digest)
    /// The step must not proceed.
    case reject
}

/// What a review's driver must do after a person acted.
package enum ReviewEffect: Sendable, Equatable {
    case claimed(Review.Seat)
    case released
    case reassigned
    /// The verdict counts; so many approvals are missing.
    case counted(missing: Int)
    /// The candidate is the answer.
    case settled
    case rejected
}

/// Why a person's act does not count.
package enum ReviewRefusal: Error, Sendable, Equatable {
    case notOpen(ReviewState)
    /// Every seat is taken; the one whose lease ends first.
    case taken(by: String, until: Instant)
    case assigned(to: String)
    case requester
    case alreadyApproved
    /// The candidate is no longer the one the person saw.
    case candidateChanged
    case noDraft
    case hasDraft
    /// An audit's reviewer does not see the answer, so can only decide.
    case blind
    case holdsNoClaim
}

extension Review {
    /// Takes the question back, since nobody needs its answer any more, whoever has it.
    package mutating func withdraw() {
        if state == .open { state = .withdrawn }
    }

    /// Takes the question back, since a model shall be asked again; not while somebody works on it
    /// or has approved.
    package mutating func recall(at now: Instant) throws(ReviewRefusal) {
        guard state == .open else { throw .notOpen(state) }
        if let held = held(at: now).first {
            throw .taken(by: held.person, until: held.leaseUntil)
        }
        guard approvals == 0 else { throw .alreadyApproved }
        state = .withdrawn
    }

    /// Takes a seat, or renews the lease of the seat the person has.
    package mutating func claim(
        by person: String,
        at now: Instant
    ) throws(ReviewRefusal) -> ReviewEffect {
        try mayAct(person)
        if seats.contains(where: { $0.person == person && $0.approved != nil }) {
            throw .alreadyApproved
        }
        let own = seats.firstIndex { $0.person == person }
        if let own {
            seats.remove(at: own)
        } else if seats.count >= terms.approvals {
            try vacate(at: now)
        }
        epoch += 1
        let seat = Seat(
            person: person,
            epoch: epoch,
            since: now,
            leaseUntil: now + terms.lease
        )
        seats.append(seat)
        return .claimed(seat)
    }

    /// Gives the seat up; approvals given stay.
    package mutating func release(by person: String) throws(ReviewRefusal) -> ReviewEffect {
        guard state == .open else { throw .notOpen(state) }
        guard let index = seats.firstIndex(where: { $0.person == person && $0.approved == nil })
        else { throw .holdsNoClaim }
        seats.remove(at: index)
        return .released
    }

    /// Gives it to one person, or with nothing to anyone; every claim without an approval ends.
    package mutating func reassign(to person: String?) throws(ReviewRefusal) -> ReviewEffect {
        guard state == .open else { throw .notOpen(state) }
        if let person, terms.fourEyes, person == requester { throw .requester }
        seats.removeAll { $0.approved == nil }
        assignee = person
        return .reassigned
    }

    /// Counts a verdict, claiming a free seat first for a person who has none.
    ///
    /// A verdict after the lease ended counts while nobody else took the seat; then the person has
    /// no seat, and needs a free one. A refused verdict changes nothing.
    package mutating func conclude(
        _ verdict: Verdict,
        by person: String,
        at now: Instant
    ) throws(ReviewRefusal) -> ReviewEffect {
        var after = self
        try after.mayAct(person)
        try after.admit(verdict)
        let index = try after.seat(of: person, at: now)
        let effect: ReviewEffect
        switch verdict {
        case .approve(let digest):
            effect = after.count(digest, at: index)
        case .edit(let digest), .decide(let digest):
            if digest != after.candidate { after.forgetApprovals(except: person) }
            after.candidate = digest
            effect = after.count(digest, at: after.indexOfSeat(of: person))
        case .reject:
            after.state = .settled
            effect = .rejected
        }
        self = after
        return effect
    }

    private func mayAct(_ person: String) throws(ReviewRefusal) {
        guard state == .open else { throw .notOpen(state) }
        if terms.fourEyes, person == requester { throw .requester }
        if let assignee, assignee != person { throw .assigned(to: assignee) }
    }

    private func admit(_ verdict: Verdict) throws(ReviewRefusal) {
        switch verdict {
        case .approve(let seen):
            if kind == .audit { throw .blind }
            guard let candidate else { throw .noDraft }
            if seen != candidate { throw .candidateChanged }
        case .edit:
            if kind == .audit { throw .blind }
            if candidate == nil { throw .noDraft }
        case .decide:
            if candidate != nil { throw .hasDraft }
        case .reject:
            if kind == .audit { throw .blind }
        }
    }

    /// The seat a verdict is given from.
    private mutating func seat(
        of person: String,
        at now: Instant
    ) throws(ReviewRefusal) -> Int {
        if let index = seats.firstIndex(where: { $0.person == person }) {
            if seats[index].approved == candidate, candidate != nil { throw .alreadyApproved }
            return index
        }
        if seats.count >= terms.approvals { try vacate(at: now) }
        epoch += 1
        seats.append(
            Seat(person: person, epoch: epoch, since: now, leaseUntil: now + terms.lease)
        )
        return seats.count - 1
    }

    /// Frees the seat whose lease ended first, or says who is in the way.
    private mutating func vacate(at now: Instant) throws(ReviewRefusal) {
        let open = seats.indices.filter { seats[$0].approved == nil }
        guard let index = open.min(by: { seats[$0].leaseUntil < seats[$1].leaseUntil }) else {
            preconditionFailure("a review whose seats have all approved is settled")
        }
        if now < seats[index].leaseUntil {
            throw .taken(by: seats[index].person, until: seats[index].leaseUntil)
        }
        seats.remove(at: index)
    }

    private func indexOfSeat(of person: String) -> Int {
        guard let index = seats.firstIndex(where: { $0.person == person }) else {
            preconditionFailure("a verdict is counted from a seat")
        }
        return index
    }

    private mutating func forgetApprovals(except person: String) {
        seats.removeAll { $0.approved != nil && $0.person != person }
    }

    private mutating func count(_ digest: Digest, at index: Int) -> ReviewEffect {
        seats[index].approved = digest
        guard approvals < terms.approvals else {
            state = .settled
            return .settled
        }
        return .counted(missing: terms.approvals - approvals)
    }
}
