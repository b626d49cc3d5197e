internal import Access
internal import Autonomy
internal import Engine
internal import Flows
internal import Runs
internal import Storage
internal import Values

/// Flows and runs: what there is, how far it is.
extension Gateway {
    func flows(_ call: Route.Call) throws(Problem) -> GatewayResponse {
        let token = try visitor(call).token
        let live = service.engine.live
        let flows = live.flows.values.filter { token.covers(flow: $0.name) }
            .sorted { $0.name < $1.name }
        return .json([
            "release": .string(live.digest.hex), "flows": .array(flows.map(\.summary)),
        ])
    }

    func flow(_ call: Route.Call) throws(Problem) -> GatewayResponse {
        let name = call.values["name"] ?? ""
        guard let flow = service.engine.live.flows[name],
            try visitor(call).token.covers(flow: name)
        else {
            throw Problem(404, "not-found", "Not found", "the live release has no flow '\(name)'")
        }
        return .json(flow.json)
    }

    // MARK: Runs

    func runs(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let visitor = try visitor(call)
        var query = try listing(call)
        if visitor.token.role == .agent { query.caller = visitor.name }
        query.limit = call.limit + 1
        let found: [RunSummary]
        do {
            found = try await store.runs(query)
        } catch {
            throw Problem(error)
        }
        let page = found.prefix(call.limit)
        let next = found.count > call.limit ? page.last.map { query.cursor($0).text } : nil
        return .json([
            "runs": .array(page.filter { visitor.token.covers(flow: $0.plan.flow) }.map(\.json)),
            "next": next.map(JSON.string) ?? .null,
        ])
    }

    private func listing(_ call: Route.Call) throws(Problem) -> RunQuery {
        var query = RunQuery(limit: 1)
        query.flow = call.query["flow"]?.string
        query.stage = call.query["stage"]?.string
        query.caller = call.query["caller"]?.string
        query.owner = owner(call)
        let states = call.query["state"]?.array ?? []
        query.states = Set(states.compactMap { $0.string.flatMap(RunState.init) })
        query.parent = call.query["parent"]?.string.flatMap(Identifier.init)
        let kinds = (call.query["kind"]?.array ?? []).compactMap { $0.string }
        query.kinds = Set(kinds.compactMap { Run.Kind(word: $0) })
        if query.kinds.isEmpty, query.parent == nil { query.kinds = [.root, .subflow] }
        query.stageBefore = try over(call)
        for written in call.query["field"]?.array ?? [] {
            let text = written.string ?? ""
            guard let condition = RunQuery.Condition(text) else {
                throw Problem(
                    query: "'field' needs a name, one of = < >, and a value; got '\(text)'"
                )
            }
            query.conditions.append(condition)
        }
        guard let sort = RunQuery.Sort(word: call.query["sort"]?.string ?? "newest") else {
            throw Problem(query: "'sort' is newest, oldest, stage or the name of a field")
        }
        query.sort = sort
        if let text = call.query["cursor"]?.string {
            guard let cursor = RunQuery.Cursor(text), cursor.fits(sort) else {
                throw Problem(query: "'cursor' is none that an answer of this order gave")
            }
            query.after = cursor
        }
        return query
    }

    func stuck(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let visitor = try visitor(call)
        var query = StuckQuery(limit: call.limit)
        query.flow = call.query["flow"]?.string
        query.stage = call.query["stage"]?.string
        query.before = try over(call)
        query.owner = owner(call)
        if visitor.token.role == .agent { query.caller = visitor.name }
        do throws(EngineError) {
            let steps = try await runDesk.stuck(query)
            return .json([
                "stuck": .array(steps.filter { visitor.sees($0.run) }.map(\.json))
            ])
        } catch {
            throw Problem(error)
        }
    }

    private func owner(_ call: Route.Call) -> RunQuery.Owner? {
        call.query["owner"]?.string.map { RunQuery.Owner($0, at: now()) }
    }

    /// The moment before which a run must have come into its stage.
    private func over(_ call: Route.Call) throws(Problem) -> Instant? {
        guard let over = call.query["over"]?.string else { return nil }
        guard let time = NodeReader.duration(over) else {
            throw Problem(query: "'over' needs a time such as 90s, 2h or 1d; got '\(over)'")
        }
        return now() - time
    }

    /// A run that is there for the visitor.
    func seen(
        _ call: Route.Call,
        _ name: String = "id"
    ) async throws(Problem) -> RunView {
        let text = call.values[name] ?? ""
        guard let id = Identifier(text) else {
            throw Problem(404, "not-found", "Not found", "'\(text)' is no identifier of a run")
        }
        let visitor = try visitor(call)
        do throws(EngineError) {
            let view = try await runDesk.view(id)
            guard visitor.sees(view.run) else {
                throw EngineError(.unknown, "there is no run \(id)")
            }
            return view
        } catch {
            throw Problem(error)
        }
    }

    func run(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let view = try await seen(call)
        let mayCallBack = try visitor(call).token.role != .reviewer
        return .json(view.json(secret: mayCallBack ? try await callbackSecret() : nil))
    }

    func history(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let view = try await seen(call)
        let from = call.query["cursor"]?.integer ?? 1
        let limit = call.limit
        guard let time = wait(call.request), time > .zero, view.run.history < from,
            !view.run.state.isFinal
        else { return try await history(of: view, from: from, limit: limit, wait(call.request)) }
        let until = now() + time
        let notes = call.notes
        return GatewayResponse(later: { [self] in
            do throws(Problem) {
                try await grow(view, to: from, until: until)
                return try await history(of: view, from: from, limit: limit, time)
            } catch {
                notes.note(error)
                return error.response
            }
        })
    }

    /// Returns when a run has an event of that number, has ended, or at that moment.
    private func grow(
        _ view: RunView,
        to number: Int64,
        until: Instant
    ) async throws(Problem) {
        let place = watch.begin(run: view.run.id)
        defer { watch.end(place) }
        while !watch.isStopped, !Task.isCancelled, now() < until {
            do throws(StoreError) {
                guard let run = try await store.run(view.run.id), run.history < number,
                    !run.state.isFinal
                else { return }
            } catch {
                throw Problem(error)
            }
            await watch.wait(place, until: until)
        }
    }

    private func history(
        of view: RunView,
        from number: Int64,
        limit: Int,
        _ asked: Duration?
    ) async throws(Problem) -> GatewayResponse {
        let id = view.run.id
        let events: [HistoryEvent]
        do {
            events = try await store.history(of: id, from: number, limit: limit + 1)
        } catch {
            throw Problem(error)
        }
        let page = events.prefix(limit)
        var headers: [(name: String, value: String)] = []
        if let asked {
            headers.append(("preference-applied", "wait=\(asked.components.seconds)"))
        }
        return .json(
            [
                "events": .array(
                    page.map { $0.json(of: id) { view.name(of: $0) } }
                ),
                "next": events.count > limit ? .int(events[limit].number) : .null,
            ],
            headers: headers
        )
    }

    func resource(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let view = try await seen(call)
        let text = call.values["digest"] ?? ""
        let missing = Problem(404, "not-found", "Not found", "the run has no value '\(text)'")
        guard let digest = Digest(hex: text) else { throw missing }
        do throws(EngineError) {
            guard try await runDesk.refers(view.run, to: digest),
                let bytes = try await runDesk.resource(digest)
            else { return missing.response }
            return GatewayResponse(
                status: 200,
                headers: [("content-type", "application/json")],
                body: bytes
            )
        } catch {
            throw Problem(error)
        }
    }

    func stages(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let token = try visitor(call).token
        let counts: [StageCount]
        do {
            counts = try await store.stageCounts(call.query["flow"]?.string)
        } catch {
            throw Problem(error)
        }
        let mine = counts.filter { token.covers(flow: $0.place.flow) && $0.count > 0 }
            .sorted { $0.place < $1.place }
        return .json(["stages": .array(mine.map(\.json))])
    }

    /// What callback addresses are made with.
    func callbackSecret() async throws(Problem) -> [UInt8] {
        do {
            return try await store.secret()
        } catch {
            throw Problem(error)
        }
    }
}

extension Visitor {
    /// Whether a run is there for them: of their flows, and for an agent their own.
    func sees(_ run: Run) -> Bool { sees(flow: run.plan.flow, caller: run.caller) }

    /// The same by what is known of a run that somebody started.
    func sees(flow: String, caller: String) -> Bool {
        token.covers(flow: flow) && (token.role != .agent || caller == name)
    }
}
