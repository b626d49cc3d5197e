internal import Autonomy
package import Decisions
internal import Models
package import Storage
package import Values

/// The decide path: a step comes in, and a rule, a model or a person's queue has it, durably.
///
/// It decides nothing itself: policies route and judge, `Settlement` says what to write, and the
/// engine performs it. Nothing is answered before the store has committed it. A crash leaves a
/// decision `asking`, and the next engine resumes it.
package struct DecisionEngine: Sendable {
    private let current: LiveRelease
    let store: any Store
    let releases: any ReleaseSource
    private let surroundings: Surroundings
    /// The key of the audit draw.
    private let secret: [UInt8]
    private let ledger: Ledger

    package init(
        live: LoadedRelease,
        promotion: Promotion? = nil,
        store: any Store,
        releases: any ReleaseSource,
        surroundings: Surroundings
    ) async throws(EngineError) {
        current = LiveRelease(live, promotion)
        self.store = store
        self.releases = releases
        self.surroundings = surroundings
        ledger = Ledger(store)
        do {
            secret = try await store.secret()
        } catch {
            throw EngineError(error)
        }
    }

    package var now: Instant { surroundings.clock.now }

    /// What new steps are decided under; taken once a step, as it may change between two looks.
    package var live: LoadedRelease { current.release }
    /// What answers call the live release: its digest and how it went live.
    package var liveName: String { current.name }

    /// Looks at what was promoted last and takes it into force.
    package func follow() async throws(EngineError) -> Followed {
        let last: Promotion?
        do {
            last = try await store.promotions(limit: 1).first
        } catch {
            throw EngineError(error)
        }
        guard let last, current.isNews(last) else { return .unchanged }
        do throws(EngineError) {
            let release =
                last.release == live.digest ? live : try await releases.release(last.release)
            current.exchange(release, last)
            return .live(last)
        } catch {
            // A store that cannot be read now is asked again; anything else will not mend itself.
            guard error.code != .store else { throw error }
            current.refuse(last)
            return .refused(last, error)
        }
    }

    /// Takes on steps of one policy of the live release, in one commit; one result a step.
    ///
    /// Steps that came before by their key are recognised, those of this very batch included.
    package func begin(
        _ steps: [IncomingStep],
        under policyName: String
    ) async throws(EngineError) -> [Begun] {
        let live = live
        guard let policy = live.workspace.policies[policyName] else {
            throw EngineError(.unknown, live.workspace.unknownPolicy(policyName))
        }
        // Most keys are new, so the store is asked only about those that its commit finds taken.
        let intake = Intake(settlement: settlement(live, policy))
        var begun: [Begun?] = []
        var changes: [Change] = []
        var written: [Int] = []
        for (index, step) in steps.enumerated() {
            switch intake.plan(step) {
            case .refuse(let failures): begun.append(.refused(failures))
            case .settle(let change, let view):
                changes.append(change)
                written.append(index)
                begun.append(.settled(view))
            case .ask(let change, let asking):
                changes.append(change)
                written.append(index)
                begun.append(.asking(asking))
            }
        }
        for (result, index) in zip(try await commit(changes), written) {
            switch result {
            case .committed: begun[index] = begun[index]?.committed
            case .keyTaken: begun[index] = nil
            case .removed(let release): throw .removed(release)
            case .stale, .inUse:
                throw EngineError(.store, "the store holds a decision of a new identifier already")
            }
        }
        return try await recognised(steps, begun)
    }

    /// What a step of a run begins with, on the release its run is pinned to; nothing is written.
    ///
    /// The change is to be committed together with the run's own transition.
    func plan(
        _ step: IncomingStep,
        of release: LoadedRelease,
        _ question: IncomingStep.Question? = nil
    ) throws(EngineError) -> Intake.Plan {
        guard let policy = release.policy(step.policy) else {
            throw EngineError(
                .release,
                "release \(release.digest.hex) has no policy \(step.policy)"
            )
        }
        return Intake(settlement: settlement(release, policy)).plan(step, question)
    }

    /// Fills in the steps that came before: those whose key was taken, and those that the policy now
    /// refuses but once took on.
    private func recognised(
        _ steps: [IncomingStep],
        _ begun: [Begun?]
    ) async throws(EngineError) -> [Begun] {
        func isOpen(_ index: Int) -> Bool {
            if case .refused? = begun[index] { return steps[index].key != nil }
            return begun[index] == nil
        }
        let open = begun.indices.filter(isOpen)
        let known = open.isEmpty ? [:] : try await claimed(open.map { steps[$0] })
        var results: [Begun] = []
        for (index, step) in steps.enumerated() {
            if isOpen(index), let key = step.key, let claim = known[key] {
                results.append(Self.recognised(step, claim))
            } else if let result = begun[index] {
                results.append(result)
            } else {
                throw EngineError(.store, "a step's key is taken by a decision that is missing")
            }
        }
        return results
    }

    /// Asks the policy's models about an accepted step, and settles it or says when to ask again.
    package func ask(_ asking: Asking) async throws(EngineError) -> Asked {
        let consultation = Consultation(
            asking: asking,
            surroundings: surroundings,
            ledger: ledger
        )
        if let until = consultation.closedUntil {
            // Nothing was asked and nothing is new: it stays `asking` under the lease it has, which
            // no other engine can take while this one holds the store.
            var asking = asking
            asking.tried = consultation.lastFailures ?? asking.tried
            return .waits(asking, until: until)
        }
        let outcome = try await consultation.consult()
        let settlement = settlement(asking.release, asking.policy)
        switch consultation.plan(outcome, settlement) {
        case .settle(let change, let view):
            if try await isCommitted(change) { return .settled(view.committed) }
            return .settled(try await tooLate(consultation, outcome))
        case .wait(_, let waiting, let until) where outcome.isNothingNew(since: asking):
            var asking = asking
            asking.tried = waiting.tried
            return .waits(asking, until: until)
        case .wait(let change, let asking, let until):
            guard try await isCommitted(change) else {
                return .settled(try await tooLate(consultation, outcome))
            }
            var asking = asking
            asking.record.version += 1
            return .waits(asking, until: until)
        }
    }

    /// The decisions of those keys as they stand now.
    package func views(
        scope: String,
        keys: [String]
    ) async throws(EngineError) -> [String: DecisionView] {
        do {
            return try await store.claimed(scope: scope, keys: keys).mapValues {
                DecisionView(record: $0.record, output: $0.output)
            }
        } catch {
            throw EngineError(error)
        }
    }

    /// A decision as it stands now, with the output in force.
    package func view(of id: Identifier) async throws(EngineError) -> DecisionView {
        do {
            guard let record = try await store.decision(id) else {
                throw StoreError(.corrupt, "decision \(id) is gone from the store")
            }
            let output = try await store.payload("/output", of: record.links.output)
            return DecisionView(record: record, output: output)
        } catch let error as StoreError {
            throw EngineError(error)
        } catch {
            preconditionFailure("a store throws its own errors")
        }
    }

    /// The decisions that entries after one head and up to another are about; nothing where they are
    /// too many to look at, or where there is no first head.
    func changed(
        since seen: ChainHead?,
        to head: ChainHead
    ) async throws(EngineError) -> Set<Identifier>? {
        guard let seen, head.count - seen.count <= Limits.entriesLookedAt else { return nil }
        var decisions: Set<Identifier> = []
        var next = seen.count + 1
        do throws(StoreError) {
            while next <= head.count {
                let page = try await store.bareEntries(from: next, limit: Limits.eventPage)
                guard let last = page.last else { break }
                for entry in page {
                    if let decision = try LoggedFacts(entry).decision { decisions.insert(decision) }
                }
                next = last.sequence + 1
            }
        } catch {
            throw EngineError(error)
        }
        return decisions
    }

    /// The end of the log now.
    package func head() async throws(EngineError) -> ChainHead {
        do {
            return try await store.head()
        } catch {
            throw EngineError(error)
        }
    }
}

extension DecisionEngine {
    private func settlement(_ release: LoadedRelease, _ policy: Policy) -> Settlement {
        Settlement(
            release: release,
            policy: policy,
            secret: secret,
            surroundings: surroundings,
            now: now
        )
    }

    private func claimed(
        _ steps: [IncomingStep]
    ) async throws(EngineError) -> [IncomingStep.Key: ClaimedDecision] {
        var keys: [String: [String]] = [:]
        for step in steps {
            if let key = step.key { keys[key.scope, default: []].append(key.key) }
        }
        var found: [IncomingStep.Key: ClaimedDecision] = [:]
        for scope in keys.keys.sorted() {
            do {
                for (key, claim) in try await store.claimed(scope: scope, keys: keys[scope] ?? []) {
                    found[IncomingStep.Key(scope: scope, key: key)] = claim
                }
            } catch {
                throw EngineError(error)
            }
        }
        return found
    }

    private static func recognised(_ step: IncomingStep, _ claim: ClaimedDecision) -> Begun {
        guard claim.body == step.claim?.body else { return .keyTaken(by: claim.record.id) }
        return .known(DecisionView(record: claim.record, output: claim.output))
    }

    private func commit(_ changes: [Change]) async throws(EngineError) -> [CommitResult] {
        if changes.isEmpty { return [] }
        do {
            return try await store.commit(changes)
        } catch {
            throw EngineError(error)
        }
    }

    /// Whether the change was admitted; not where another came first.
    private func isCommitted(_ change: Change) async throws(EngineError) -> Bool {
        if case .committed? = try await commit([change]).first { return true }
        return false
    }

    /// Records the calls of a result that no longer counts; the decision as it stands is the answer.
    private func tooLate(
        _ consultation: Consultation,
        _ outcome: Consultation.Outcome
    ) async throws(EngineError) -> DecisionView {
        let asking = consultation.asking
        for _ in 0..<Limits.staleAttempts {
            let current = try await view(of: asking.id)
            let change = consultation.late(
                outcome,
                current.record,
                settlement(asking.release, asking.policy)
            )
            if try await isCommitted(change) { return try await view(of: asking.id) }
        }
        throw EngineError(.store, "others keep changing decision \(asking.id); its calls are lost")
    }

    /// Commits a change to a decision; where another came first, that one's word stands.
    func written(
        _ change: Change,
        _ view: DecisionView
    ) async throws(EngineError) -> DecisionView {
        let results = try await commit([change])
        if case .committed? = results.first { return view.committed }
        return try await self.view(of: view.record.id)
    }
}

extension DecisionView {
    /// As it is once its change was committed.
    fileprivate var committed: DecisionView {
        var record = record
        record.version += 1
        return DecisionView(record: record, output: output)
    }
}

extension Begun {
    fileprivate var committed: Begun {
        switch self {
        case .settled(let view): return .settled(view.committed)
        case .asking(var asking):
            asking.record.version += 1
            return .asking(asking)
        case .known, .keyTaken, .refused: return self
        }
    }
}
