internal import Autonomy
internal import Flows
package import Runs
internal import Storage
package import Values

/// An attempt that an external worker claimed.
package struct WorkItem: Sendable, Equatable {
    package let run: Identifier
    package let flow: String
    package let step: String
    package let number: Int
    /// Its result counts only with this.
    package let epoch: Int64
    package let kind: String
    package let input: JSON
    package let attempt: Int
    package let leaseUntil: Instant
    /// The same for each attempt at the step: what the worker does outside is to be done once by it.
    package var key: String { "\(run)/\(step)" }
}

/// What became of an event.
package struct EventReach: Sendable, Equatable {
    /// Steps that have it, durably.
    package var taken = 0
    /// Steps that may have waited for it and cannot take it: their release cannot be loaded, or they
    /// have no room for it.
    package var failed = 0

    package init(taken: Int = 0, failed: Int = 0) {
        self.taken = taken
        self.failed = failed
    }

    /// As the API and `--json` give it.
    package var json: JSON {
        let all: [JSONObject.Member] = [
            .init("taken", .int(Int64(taken))), .init("failed", .int(Int64(failed))),
        ]
        return .object(JSONObject(uniqueMembers: Array(all.prefix(failed == 0 ? 1 : 2))))
    }
}

extension RunDesk {
    /// Claims attempts at steps of those kinds for a worker, each under a lease; fewer or none where
    /// no more are ready.
    package func claimWork(
        kinds: [String],
        by worker: String,
        limit: Int,
        lease: Duration?
    ) async throws(EngineError) -> [WorkItem] {
        var items: [WorkItem] = []
        for kind in kinds {
            // What has to wait for its rate is ready no more, and what is behind it comes to the fore.
            for _ in 0..<Limits.claimReads where items.count < limit {
                let room = limit - items.count
                // Others who claim at the same moment meet the same steps first.
                let asked = room + min(keeper.claims.count, Limits.claimsBeside)
                let found: [StepPlace]
                do {
                    found = try await store.ready(kind: kind, perFlow: asked, limit: asked)
                } catch {
                    throw EngineError(error)
                }
                let places = keeper.claims.take(found, limit: room)
                defer { keeper.claims.give(places) }
                items += try await claim(places, kind, worker, lease)
                if found.count < asked { break }
            }
        }
        return items
    }

    /// Claims side by side, so that all share a commit; where some cannot be claimed now the others
    /// are given, and an error only where none was.
    private func claim(
        _ places: [StepPlace],
        _ kind: String,
        _ worker: String,
        _ lease: Duration?
    ) async throws(EngineError) -> [WorkItem] {
        let results = await withTaskGroup(
            of: (Int, Result<WorkItem?, EngineError>).self
        ) { group in
            for (index, place) in places.enumerated() {
                group.addTask {
                    do throws(EngineError) {
                        return (index, .success(try await claim(place, kind, worker, lease)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        var items: [WorkItem] = []
        var first: EngineError?
        for index in places.indices {
            switch results[index] {
            case .success(let item?)?: items.append(item)
            case .failure(let error)?: first = first ?? error
            case .success(nil)?, nil: break
            }
        }
        if items.isEmpty, let first { throw first }
        return items
    }

    private func claim(
        _ place: StepPlace,
        _ kind: String,
        _ worker: String,
        _ lease: Duration?
    ) async throws(EngineError) -> WorkItem? {
        try await keeper.turn(place.run) { held in
            guard let step = held.run.active[place.step], step.state == .ready,
                step.kind == kind, held.run.state == .running || held.run.state == .undoing
            else { return try held.nothing() }
            let now = now
            let request = try await keeper.loading(&held) { run, flow, known throws(RunRefusal) in
                try run.request(of: step, in: flow, at: now, resources: known)
            }
            switch request {
            case .failure(let failure):
                let event = RunEvent.failed(step: step.step, epoch: step.epoch, failure)
                try await keeper.apply(event, to: &held)
                return nil
            case .success(.external(_, let input)):
                let definition = held.flow.steps[step.step]
                let until = now + (lease ?? definition.timeout)
                let isClaimed: Void? = try await keeper.atRate(step, &held) { held in
                    try await keeper.apply(
                        .claimed(step: step.step, epoch: step.epoch, by: worker, until: until),
                        to: &held
                    )
                }
                guard isClaimed != nil, let claimed = held.run.active[step.step] else { return nil }
                return WorkItem(
                    run: held.run.id,
                    flow: held.flow.name,
                    step: definition.id,
                    number: step.step,
                    epoch: claimed.epoch,
                    kind: kind,
                    input: input,
                    attempt: claimed.attempt,
                    leaseUntil: until
                )
            case .success: return nil
            }
        }
    }

    /// Moves the end of a lease; false where the attempt no longer counts.
    package func extendWork(
        _ run: Identifier,
        step: Int,
        epoch: Int64,
        by lease: Duration
    ) async throws(EngineError) -> Bool {
        do {
            return try await store.extend(run, step: step, epoch: epoch, until: now + lease)
        } catch {
            throw EngineError(error)
        }
    }

    /// Ends an attempt with its output; throws `.invalid` where the output does not fit the step's
    /// schema, after which the attempt goes on, and `.refused` where it no longer counts.
    package func completeWork(
        _ run: Identifier,
        step: Int,
        epoch: Int64,
        output: JSON
    ) async throws(EngineError) -> Run {
        try await keeper.turn(run) { held in
            try checkLease(held.run, step, epoch)
            let definition = held.flow.steps[step]
            let work = held.run.active[step]?.isUndo == true ? definition.undo : definition.work
            if case .external(_, _, let schema?) = work {
                try check(output, schema, definition.id)
            }
            let (payload, kept) = try keep(output, held.run)
            try await keeper.apply(
                .succeeded(step: step, epoch: epoch, output: payload),
                to: &held,
                keeping: kept
            )
            return held.run
        }
    }

    /// Ends an attempt as failed; it is made again where its step says so, or may pass by itself.
    package func failWork(
        _ run: Identifier,
        step: Int,
        epoch: Int64,
        message: String,
        mayPass: Bool
    ) async throws(EngineError) -> Run {
        try await keeper.turn(run) { held in
            try checkLease(held.run, step, epoch)
            let failure = StepFailure("worker", message, mayPass: mayPass)
            try await keeper.apply(.failed(step: step, epoch: epoch, failure), to: &held)
            return held.run
        }
    }

    private func checkLease(_ run: Run, _ step: Int, _ epoch: Int64) throws {
        guard let active = run.active[step], active.epoch == epoch,
            case .leased = active.state
        else {
            throw RunRefusal.late(step: "\(step)", isNow: "claimed anew, or ended")
        }
    }

    /// Throws `.invalid` where an output does not fit its schema, if it has one.
    func check(_ output: JSON, _ schema: Schema?, _ step: String) throws {
        let failures = schema?.validate(output) ?? []
        guard failures.isEmpty else {
            throw EngineError(
                .invalid,
                "the output does not fit step '\(step)': "
                    + failures.map(\.description).joined(separator: "; ")
            )
        }
    }

    private func keep(_ value: JSON, _ run: Run) throws -> (Payload, [KeptResource]) {
        switch Payload.keeping(value, beside: run.inlineBytes) {
        case .failure(let failure): throw EngineError(.invalid, failure.message)
        case .success((let payload, let bytes)):
            guard case .resource(let digest, _) = payload else { return (payload, []) }
            return (payload, [KeptResource(digest: digest, bytes: bytes)])
        }
    }

    // MARK: From outside

    /// Takes in a call of a step's callback address; false where the step no longer waits for it.
    ///
    /// Throws `.invalid` where the body does not fit what the step expects; it goes on waiting then.
    package func arrived(
        _ body: JSON,
        at token: CallbackToken
    ) async throws(EngineError) -> Bool {
        try await keeper.turn(token.run, fresh: true) { held in
            guard let step = held.run.active[token.step], step.epoch == token.epoch,
                step.state == .waiting(.callback)
            else { return false }
            let definition = held.flow.steps[token.step]
            if case .wait(.callback(let schema?)) = definition.work {
                try check(body, schema, definition.id)
            }
            return try await take(body, step, &held)
        }
    }

    /// Brings an event to every step that waits for one like it.
    ///
    /// Those whose condition asks for one value of a field are found by the value the event has there,
    /// so that the others, however many, are not looked at.
    package func arrived(
        event: JSON,
        type: String
    ) async throws(EngineError) -> EventReach {
        // A type of this form would find steps by what they ask of another.
        guard !type.contains(EventSubject.separator) else { return EventReach() }
        var reach = EventReach()
        try await arrived(event, at: type, &reach)
        var (after, before) = EventSubject.keys(of: type)
        while let key = try await waitKey(after, before) {
            guard let (_, about) = EventSubject.read(key) else { return reach }
            if let subject = about.same(of: event) {
                try await arrived(event, at: subject.key(in: type), &reach)
            }
            after = about.end(in: type)
        }
        return reach
    }

    private func waitKey(_ after: String, _ before: String) async throws(EngineError) -> String? {
        do {
            return try await store.waitKey(
                kind: Wait.event("").kind,
                after: after,
                before: before
            )
        } catch {
            throw EngineError(error)
        }
    }

    private func arrived(
        _ event: JSON,
        at key: String,
        _ reach: inout EventReach
    ) async throws(EngineError) {
        var last: StepPlace?
        while true {
            let page: [StepPlace]
            do {
                page = try await store.waiters(
                    kind: Wait.event("").kind,
                    key: key,
                    after: last,
                    limit: Limits.childPage
                )
            } catch {
                throw EngineError(error)
            }
            for place in page {
                do throws(EngineError) {
                    if try await take(event, place) { reach.taken += 1 }
                } catch {
                    // What is wrong with one run keeps the event from no other.
                    guard error.code != .store, error.code != .busy else { throw error }
                    reach.failed += 1
                }
            }
            guard page.count == Limits.childPage, let end = page.last else { return }
            last = end
        }
    }

    private func take(_ event: JSON, _ place: StepPlace) async throws(EngineError) -> Bool {
        try await keeper.turn(place.run, fresh: true) { held in
            guard let step = held.run.active[place.step],
                case .waiting(.event) = step.state
            else { return false }
            let now = now
            let matches = try await keeper.loading(&held) { run, flow, known throws(RunRefusal) in
                try run.matches(event, step: step.step, in: flow, at: now, resources: known)
            }
            guard matches else { return false }
            return try await take(event, step, &held)
        }
    }

    /// A run that stands still keeps what came until it goes on.
    private func take(
        _ value: JSON,
        _ step: ActiveStep,
        _ held: inout RunKeeper.Held
    ) async throws -> Bool {
        let (payload, kept) = try keep(value, held.run)
        guard held.run.state == .running || held.run.state == .undoing else {
            guard case .waiting(let wait) = step.state else { return false }
            return try await store.signal(
                held.run.id,
                step: step.step,
                .arrived(payload),
                ifWaiting: wait,
                keeping: kept
            )
        }
        try await keeper.apply(
            .succeeded(step: step.step, epoch: step.epoch, output: payload),
            to: &held,
            keeping: kept
        )
        return true
    }
}
