package import Values

extension Review {
    /// The form a store keeps.
    package var json: JSON {
        var members: [JSONObject.Member] = [
            .init("id", .string(id.description)),
            .init("kind", .string(kind.rawValue)),
            .init("decision", .string(decision.description)),
            .init("policy", .string(policy)),
            .init("queue", .string(terms.queue)),
            .init("approvals", .int(Int64(terms.approvals))),
            .init("lease", .int(terms.lease.wholeMicroseconds)),
            .init("four_eyes", .bool(terms.fourEyes)),
            .init("reason", .string(reason)),
            .init("because", .string(because)),
            .init("requester", .string(requester)),
            .init("opened_at", .int(openedAt.microseconds)),
            .init("state", .string(state.rawValue)),
            .init("seats", .array(seats.map(\.json))),
            .init("epoch", .int(epoch)),
            .init("version", .int(version)),
        ]
        if let due = terms.due { members.append(.init("due", .int(due.wholeMicroseconds))) }
        if let candidate { members.append(.init("candidate", .string(candidate.hex))) }
        if let assignee { members.append(.init("assignee", .string(assignee))) }
        return .object(JSONObject(uniqueMembers: members))
    }

    /// Reads the stored form; nothing when it is not that.
    package init?(json: JSON) {
        guard
            let id = json["id"]?.string.flatMap(Identifier.init),
            let kind = json["kind"]?.string.flatMap(Kind.init),
            let decision = json["decision"]?.string.flatMap(Identifier.init),
            let policy = json["policy"]?.string,
            let terms = Terms(json: json),
            let reason = json["reason"]?.string,
            let because = json["because"]?.string,
            let requester = json["requester"]?.string,
            let openedAt = json["opened_at"]?.integer,
            let state = json["state"]?.string.flatMap(ReviewState.init),
            let seats = json["seats"]?.array,
            let epoch = json["epoch"]?.integer,
            let version = json["version"]?.integer
        else { return nil }
        self.init(
            id: id,
            kind: kind,
            decision: decision,
            policy: policy,
            terms: terms,
            reason: reason,
            because: because,
            requester: requester,
            openedAt: Instant(microseconds: openedAt),
            candidate: json["candidate"]?.string.flatMap(Digest.init(hex:))
        )
        self.state = state
        self.seats = seats.compactMap(Seat.init)
        guard self.seats.count == seats.count else { return nil }
        assignee = json["assignee"]?.string
        self.epoch = epoch
        self.version = version
    }
}

extension Review.Terms {
    fileprivate init?(json: JSON) {
        guard
            let queue = json["queue"]?.string,
            let approvals = json["approvals"]?.integer, approvals > 0,
            let lease = json["lease"]?.integer,
            let fourEyes = json["four_eyes"]?.bool
        else { return nil }
        self.init(
            queue: queue,
            due: json["due"]?.integer.map { .microseconds($0) },
            approvals: Int(approvals),
            lease: .microseconds(lease),
            fourEyes: fourEyes
        )
    }
}

extension Review.Seat {
    fileprivate var json: JSON {
        var members: [JSONObject.Member] = [
            .init("person", .string(person)),
            .init("epoch", .int(epoch)),
            .init("since", .int(since.microseconds)),
            .init("lease_until", .int(leaseUntil.microseconds)),
        ]
        if let approved { members.append(.init("approved", .string(approved.hex))) }
        return .object(JSONObject(uniqueMembers: members))
    }

    fileprivate init?(_ json: JSON) {
        guard
            let person = json["person"]?.string,
            let epoch = json["epoch"]?.integer,
            let since = json["since"]?.integer,
            let leaseUntil = json["lease_until"]?.integer
        else { return nil }
        self.init(
            person: person,
            epoch: epoch,
            since: Instant(microseconds: since),
            leaseUntil: Instant(microseconds: leaseUntil),
            approved: json["approved"]?.string.flatMap(Digest.init(hex:))
        )
    }
}
