internal import Autonomy
internal import Decisions
internal import Storage
internal import Values
internal import Webhooks

/// Works out what an incoming step begins with; pure but for the ids and salts it draws.
struct Intake {
    let settlement: Settlement

    enum Plan {
        case settle(Change, DecisionView)
        case ask(Change, Asking)
        case refuse([SchemaFailure])
    }

    /// `question` is what a flow puts to people by itself.
    func plan(_ incoming: IncomingStep, _ question: IncomingStep.Question? = nil) -> Plan {
        let policy = settlement.policy
        let failures = policy.input.validate(incoming.input)
        if !failures.isEmpty { return .refuse(failures) }
        let chance = settlement.surroundings.chance
        let id = chance.identifier(at: settlement.now)
        let routing = policy.route(incoming.step(id), now: settlement.now)
        var record = DecisionRecord(
            id: id,
            policy: policy.name,
            release: settlement.release.digest,
            key: incoming.key?.key,
            source: incoming.source,
            caller: incoming.caller,
            createdAt: settlement.now,
            state: .asking
        )
        record.reason = routing.reason
        record.because = question?.because ?? routing.because
        let payload = [PayloadPart].input(
            incoming.input,
            private: policy.privatePointers,
            salts: chance.salt
        )
        let more = [JSONObject.Member("routing", routing.json)]
        let claim = incoming.claim
        let outcome: Settlement.Outcome
        switch routing.outcome {
        case .decided(let output): outcome = .decided(output, .rules)
        case .review(let queue): outcome = .review(queue: queue, draft: question?.draft)
        case .failed: outcome = .failed
        case .ask: return ask(record, incoming, more, payload)
        }
        let parts = settlement.settle(record, as: outcome, more: more, payload: payload)
        var change = parts.change { .insert($0, key: claim) }
        change.callback = incoming.callback(of: id)
        return .settle(change, parts.view)
    }

    private func ask(
        _ accepted: DecisionRecord,
        _ incoming: IncomingStep,
        _ more: [JSONObject.Member],
        _ payload: [PayloadPart]
    ) -> Plan {
        var record = accepted
        record.epoch = 1
        record.askedAt = settlement.now
        record.leaseUntil = settlement.now + settlement.policy.longestCall
        var facts = Facts(record, release: settlement.release)
        facts.add(more)
        let entry = Entry(
            .accepted,
            decision: record.id,
            at: settlement.now,
            facts: facts.object,
            payload: payload
        )
        return .ask(
            Change(
                entries: [entry],
                decision: .insert(record, key: incoming.claim),
                callback: incoming.callback(of: record.id)
            ),
            Asking(
                record: record,
                input: incoming.input,
                release: settlement.release,
                policy: settlement.policy,
                hasCallback: incoming.callback != nil
            )
        )
    }
}

extension IncomingStep {
    func step(_ id: Identifier) -> Step {
        Step(
            id: id,
            policy: policy,
            key: key?.key,
            source: source,
            caller: Caller(id: caller, roles: []),
            input: input
        )
    }

    var claim: KeyClaim? {
        key.map {
            KeyClaim(scope: $0.scope, key: $0.key, body: body, lifetime: keyLasts)
        }
    }

    /// The same input with another callback is another request.
    private var body: Digest {
        guard let callback else { return Digest(of: input.canonicalBytes) }
        return Digest(of: input.canonicalBytes, [0], Array(callback.url.text.utf8))
    }

    func callback(of id: Identifier) -> Callback? {
        callback.map { Callback(decision: id, url: $0.url, token: $0.token) }
    }
}
