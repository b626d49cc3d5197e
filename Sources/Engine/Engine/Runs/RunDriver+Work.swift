internal import Autonomy
internal import Decisions
internal import Flows
internal import Models
internal import Runs
internal import Storage
internal import Values

extension RunDriver {
    /// What is done outside after an attempt was committed, and which attempt it is of.
    private struct Attempt: Sendable {
        let step: Int
        let epoch: Int64
        let call: HTTPAttempt
    }

    /// Goes on with one woken step.
    func work(on place: StepPlace) async throws(EngineError) {
        let attempt = try await keeper.turn(place.run) { held -> Attempt? in
            guard let step = held.run.active[place.step], held.run.canGoOn else {
                return try held.nothing()
            }
            if step.state != .ready || step.children != nil {
                if try await takeSignals(of: step, &held) { return nil }
            }
            guard let step = held.run.active[place.step], step.state == .ready else {
                return try held.nothing()
            }
            return try await begin(step, &held)
        }
        guard let attempt else { return }
        let result = await outside { await perform(attempt.call) }
        // A call cut short because the engine stops says nothing of the step: its lease ends, and the
        // next engine makes the attempt again.
        if Task.isCancelled, case .failure = result { return }
        try await finish(attempt, of: place.run, result)
    }

    // MARK: Signals

    /// Takes in what came for a waiting step; whether anything had.
    func takeSignals(
        of step: ActiveStep,
        _ held: inout RunKeeper.Held
    ) async throws -> Bool {
        let signals = try await store.signals(of: [held.run.id], limit: Limits.signalPage)
            .filter { $0.step == step.step }
        guard let first = signals.first else { return false }
        switch first.content {
        case .childEnded: try await childrenEnded(step, signals, &held)
        case .decided(let id): try await decided(id, step, first, &held)
        case .arrived(let payload):
            let event = RunEvent.succeeded(step: step.step, epoch: step.epoch, output: payload)
            try await keeper.apply(event, to: &held, taking: [first])
        case .slotFree: try await slotFree(step, signals, &held)
        }
        return true
    }

    private func childrenEnded(
        _ step: ActiveStep,
        _ signals: [Signal],
        _ held: inout RunKeeper.Held
    ) async throws {
        var succeeded = 0
        var failed = 0
        var first: StepFailure?
        for signal in signals {
            guard case .childEnded(_, let isSuccess, let failure) = signal.content else { continue }
            if isSuccess {
                succeeded += 1
            } else {
                failed += 1
                if first == nil { first = failure }
            }
        }
        try await keeper.apply(
            .childrenEnded(step: step.step, succeeded: succeeded, failed: failed, first: first),
            to: &held,
            taking: signals
        )
    }

    private func decided(
        _ id: Identifier,
        _ step: ActiveStep,
        _ signal: Signal,
        _ held: inout RunKeeper.Held
    ) async throws {
        let view = try await service.engine.view(of: id)
        if step.isCancelled {
            let event = RunEvent.cancelled(step: step.step, epoch: step.epoch)
            return try await keeper.apply(event, to: &held, taking: [signal])
        }
        let (event, kept) = end(of: view, step, held.run)
        try await keeper.apply(event, to: &held, taking: [signal], keeping: kept)
    }

    /// What a final decision makes of the step that asked for it.
    private func end(
        of view: DecisionView,
        _ step: ActiveStep,
        _ run: Run
    ) -> (RunEvent, [KeptResource]) {
        let record = view.record
        if record.state == .decided {
            return success(view.output ?? .null, step.step, step.epoch, run)
        }
        let failure = StepFailure(
            record.state == .rejected ? "rejected" : "refused",
            "decision \(record.id) is \(record.state.rawValue): \(record.because)"
        )
        return (.failed(step: step.step, epoch: step.epoch, failure), [])
    }

    /// A step's success with its output as a run keeps it.
    func success(
        _ output: JSON,
        _ step: Int,
        _ epoch: Int64,
        _ run: Run
    ) -> (RunEvent, [KeptResource]) {
        switch Payload.keeping(output, beside: run.inlineBytes) {
        case .failure(let failure): return (.failed(step: step, epoch: epoch, failure), [])
        case .success((let payload, let bytes)):
            var kept: [KeptResource] = []
            if case .resource(let digest, _) = payload {
                kept.append(KeptResource(digest: digest, bytes: bytes))
            }
            return (.succeeded(step: step, epoch: epoch, output: payload), kept)
        }
    }

    // MARK: Attempts

    /// Begins an attempt at a ready step: done at once where nobody outside is asked.
    private func begin(
        _ step: ActiveStep,
        _ held: inout RunKeeper.Held
    ) async throws -> Attempt? {
        let now = now
        let request = try await keeper.loading(&held) { run, flow, known throws(RunRefusal) in
            try run.request(of: step, in: flow, at: now, resources: known)
        }
        let number = step.step
        switch request {
        case .failure(let failure):
            let event = RunEvent.failed(step: number, epoch: step.epoch, failure)
            try await keeper.apply(event, to: &held)
        case .success(.begin): try await beginRun(step, &held)
        case .success(.decide), .success(.review), .success(.http):
            return try await keeper.atRate(step, &held) { held in
                try await attempt(request, step, &held)
            } ?? nil
        case .success(.external): return try held.nothing()
        case .success(.startMore):
            let event = RunEvent.childrenEnded(
                step: number,
                succeeded: 0,
                failed: 0,
                first: nil
            )
            try await keeper.apply(event, to: &held)
        case .success(.gather(let children)): try await gather(children, step, &held)
        case .success(.tell(let order, let from)): try await tell(order, from, step, &held)
        case .success(.withdraw(let decision)): try await withdraw(decision, step, &held)
        }
        return nil
    }

    /// Begins what somebody is asked for.
    private func attempt(
        _ request: Result<RunRequest, StepFailure>,
        _ step: ActiveStep,
        _ held: inout RunKeeper.Held
    ) async throws -> Attempt? {
        switch request {
        case .success(.decide(let policy, let input)):
            try await decide(policy, input, nil, step, &held)
        case .success(.review(let shows)):
            let name = "\(held.flow.name)/\(held.flow.steps[step.step].id)"
            let question = held.flow.question(of: step.step)
            try await decide(name, shows, question, step, &held)
        case .success(.http(let request)): return try await call(request, step, &held)
        default: break
        }
        return nil
    }

    /// Has a policy decide: a rule's answer is in the same transaction, anything else is waited for.
    private func decide(
        _ policy: String,
        _ input: JSON,
        _ question: IncomingStep.Question?,
        _ step: ActiveStep,
        _ held: inout RunKeeper.Held
    ) async throws {
        let incoming = IncomingStep(
            policy: policy,
            input: input,
            key: nil,
            source: "\(DecisionRecord.runPrefix)\(held.run.id)/\(held.flow.steps[step.step].id)",
            caller: held.run.caller
        )
        switch try service.engine.plan(incoming, of: held.release, question) {
        case .refuse(let failures):
            let message =
                "the input does not fit policy \(policy): "
                + failures.map(\.description).joined(separator: "; ")
            let failure = StepFailure("schema", message)
            let event = RunEvent.failed(step: step.step, epoch: step.epoch, failure)
            try await keeper.apply(event, to: &held)
        case .settle(let change, let view) where !view.record.state.isPending:
            let (event, kept) = end(of: view, step, held.run)
            try await keeper.apply(event, to: &held, with: change, keeping: kept)
        case .settle(let change, let view):
            try await wait(for: view.record.id, change, step, &held)
        case .ask(let change, let asking):
            try await wait(for: asking.id, change, step, &held)
            var asking = asking
            asking.record.version += 1
            service.take(asking)
        }
        service.noticed()
    }

    private func wait(
        for decision: Identifier,
        _ change: Change,
        _ step: ActiveStep,
        _ held: inout RunKeeper.Held
    ) async throws {
        let event = RunEvent.waits(step: step.step, epoch: step.epoch, .decision(decision))
        try await keeper.apply(event, to: &held, with: change)
    }

    /// Takes a decision back that nobody needs any more; one that is final already is left alone.
    private func withdraw(
        _ decision: Identifier,
        _ step: ActiveStep,
        _ held: inout RunKeeper.Held
    ) async throws {
        do throws(EngineError) {
            _ = try await decisions.withdraw(decision, by: "run:\(held.run.id)")
        } catch {
            guard error.code == .refused else { throw error }
        }
        let signals = try await store.signals(of: [held.run.id], limit: Limits.signalPage)
            .filter { $0.step == step.step }
        let event = RunEvent.cancelled(step: step.step, epoch: step.epoch)
        try await keeper.apply(event, to: &held, taking: signals)
    }

    // MARK: Calls

    private func call(
        _ request: RunRequest.HTTPRequest,
        _ step: ActiveStep,
        _ held: inout RunKeeper.Held
    ) async throws -> Attempt? {
        let definition = held.flow.steps[step.step]
        guard case .http(let work)? = step.isUndo ? definition.undo : definition.work else {
            return nil
        }
        let key = "\(held.run.id)/\(definition.id)\(step.isUndo ? "/undo" : "")"
        switch HTTPAttempt.prepare(
            request,
            work,
            key: key,
            timeout: definition.timeout,
            reach: .direct(publicOnly: !allowsPrivate),
            secrets: secrets
        ) {
        case .failure(let failure):
            let event = RunEvent.failed(step: step.step, epoch: step.epoch, failure)
            try await keeper.apply(event, to: &held)
            return nil
        case .success(let call):
            let until = now + definition.timeout + Limits.leaseMargin
            try await keeper.apply(
                .claimed(step: step.step, epoch: step.epoch, by: "engine", until: until),
                to: &held
            )
            guard let claimed = held.run.active[step.step] else { return nil }
            return Attempt(step: step.step, epoch: claimed.epoch, call: call)
        }
    }

    private func perform(_ call: HTTPAttempt) async -> Result<JSON, StepFailure> {
        do throws(TransportError) {
            return call.result(of: try await transport.send(call.call))
        } catch {
            return .failure(HTTPAttempt.failure(of: error))
        }
    }

    /// Commits what an attempt came to, as long as its lease lasts.
    private func finish(
        _ attempt: Attempt,
        of run: Identifier,
        _ result: Result<JSON, StepFailure>
    ) async throws(EngineError) {
        for _ in 0..<Limits.finishAttempts {
            do throws(EngineError) {
                return try await keeper.turn(run) { held in
                    switch result {
                    case .success(let output):
                        let (event, kept) = success(
                            output,
                            attempt.step,
                            attempt.epoch,
                            held.run
                        )
                        try await keeper.apply(event, to: &held, keeping: kept)
                    case .failure(let failure):
                        try await keeper.apply(
                            .failed(step: attempt.step, epoch: attempt.epoch, failure),
                            to: &held
                        )
                    }
                }
            } catch {
                guard error.code == .store || error.code == .busy else { throw error }
                do {
                    try await keeper.surroundings.clock.sleep(for: Limits.storePause)
                } catch {
                    return
                }
            }
        }
    }
}

extension Run {
    /// Whether something may happen to it without a person.
    fileprivate var canGoOn: Bool {
        switch state {
        case .queued, .running, .undoing: true
        case .paused, .dead, .completed, .failed, .cancelled: false
        }
    }
}

extension Flow {
    /// What a review step asks; people approve it as it stands, or fill in its form.
    fileprivate func question(of step: Int) -> IncomingStep.Question? {
        guard case .review(let review) = steps[step].work else { return nil }
        return IncomingStep.Question(
            draft: review.output == nil ? ["approved": true] : nil,
            because: review.because
        )
    }
}
