internal import Access
internal import Autonomy
internal import Decisions
internal import Engine
internal import Reviews
internal import Storage
internal import Values

/// Decisions: asking for them, looking at them.
extension Gateway {
    func decide(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let (policy, input, callback) = try question(call)
        let visitor = try visitor(call)
        let step = step(policy, input, key: key(call.request), callback, visitor)
        let begun: Begun
        do {
            begun = try await service.submit(step, under: policy)
        } catch {
            throw Problem(error)
        }
        return answer(try view(begun), call)
    }

    /// The decision that a step began, or why it began none.
    func view(_ begun: Begun) throws(Problem) -> DecisionView {
        switch begun {
        case .settled(let view), .known(let view): return view
        case .asking(let asking): return DecisionView(record: asking.record, output: nil)
        case .keyTaken(let id):
            throw Problem(
                422,
                "idempotency-key-reused",
                "This key was used with another input or callback",
                "it belongs to decision \(id); use a new key for another step"
            )
        case .refused(let failures):
            var problem = Problem(
                422,
                "invalid-input",
                "The input does not fit the policy",
                failures.map(\.description).joined(separator: "; ")
            )
            problem.failures = failures
            throw problem
        }
    }

    private func question(
        _ call: Route.Call
    ) throws(Problem) -> (policy: String, input: JSON, callback: CallbackWish?) {
        try question(call.body, try visitor(call))
    }

    /// What is asked by a body that fits its schema, of a policy that is there for the visitor.
    func question(
        _ body: JSON,
        _ visitor: Visitor
    ) throws(Problem) -> (policy: String, input: JSON, callback: CallbackWish?) {
        let policy = body["policy"]?.string ?? ""
        let input = body["input"] ?? .null
        let workspace = service.engine.live.workspace
        guard visitor.token.covers(policy) || workspace.policies[policy] == nil else {
            throw Problem(
                403,
                "forbidden",
                "Not allowed",
                "this token may not ask about policy '\(policy)'"
            )
        }
        guard workspace.policies[policy] != nil else {
            throw Problem(
                404,
                "unknown-policy",
                "There is no such policy",
                workspace.unknownPolicy(policy)
            )
        }
        return (policy, input, try callback(body, visitor))
    }

    func visitor(_ call: Route.Call) throws(Problem) -> Visitor {
        guard let visitor = call.visitor else {
            preconditionFailure("a route with roles has a visitor")
        }
        return visitor
    }

    /// The idempotency key, with or without its quotes.
    func key(_ request: GatewayRequest) -> String? {
        guard let key = request.headers["idempotency-key"] else { return nil }
        return key.hasPrefix("\"") ? String(key.dropFirst().dropLast()) : key
    }

    /// The step a visitor asks about; a key is theirs and the policy's.
    func step(
        _ policy: String,
        _ input: JSON,
        key: String?,
        _ callback: CallbackWish?,
        _ visitor: Visitor
    ) -> IncomingStep {
        IncomingStep(
            policy: policy,
            input: input,
            key: key.map {
                IncomingStep.Key(scope: "token:\(visitor.token.id)/\(policy)", key: $0)
            },
            keyLasts: .day,
            source: "api",
            caller: visitor.name,
            callback: callback
        )
    }

    /// The answer, once the caller has waited as long as they want to.
    private func answer(_ view: DecisionView, _ call: Route.Call) -> GatewayResponse {
        let asked = wait(call.request)
        let wish: DecisionService.Wish = asked == nil ? .answered : .settled
        let notes = call.notes
        let time = asked ?? Limits.usualWait
        if time == .zero || wish.isDone(view.record.state) { return answer(view, asked, notes) }
        let id = view.record.id
        return GatewayResponse(later: { [self] in
            let told = await service.wait(for: id, wish, within: time)
            return await settled(id, told, asked, notes)
        })
    }

    /// What became of a decision that was waited for; apart from the waiting, which holds no room for
    /// it so.
    @inline(never)
    private func settled(
        _ id: Identifier,
        _ told: DecisionView?,
        _ asked: Duration?,
        _ notes: RequestNotes
    ) async -> GatewayResponse {
        if let told { return answer(told, asked, notes) }
        do throws(EngineError) {
            return answer(try await service.engine.view(of: id), asked, notes)
        } catch {
            let problem = Problem(error)
            notes.note(problem)
            return problem.response
        }
    }

    /// 200 when it is final, 202 and where to look when it is not.
    private func answer(
        _ view: DecisionView,
        _ asked: Duration?,
        _ notes: RequestNotes
    ) -> GatewayResponse {
        notes.note(view.record)
        var headers: [(name: String, value: String)] = []
        if let asked {
            headers.append(("preference-applied", "wait=\(asked.components.seconds)"))
        }
        guard !DecisionService.Wish.settled.isDone(view.record.state) else {
            return .json(view.json, headers: headers)
        }
        headers += [
            ("location", "/v1/decisions/\(view.record.id)"),
            ("retry-after", "\(Limits.retryAfter)"),
        ]
        return .json(view.json, status: 202, headers: headers)
    }

    /// `Prefer: wait=N` (RFC 7240), in seconds.
    func wait(_ request: GatewayRequest) -> Duration? {
        guard let preferences = request.headers["prefer"] else { return nil }
        for preference in preferences.split(separator: ",") {
            let parts = preference.split(separator: "=").map { trimmed(String($0)) }
            guard parts.count == 2, parts[0].lowercased() == "wait" else { continue }
            return Int64(parts[1]).map { min(.seconds($0), Limits.wait) }
        }
        return nil
    }

    // MARK: Looking

    func decision(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let id = try identifier(call, "decision")
        let visitor = try visitor(call)
        do throws(StoreError) {
            // To an agent, what others asked for is not there.
            guard let record = try await store.decision(id), visitor.sees(record) else {
                return missing(id).response
            }
            if visitor.token.role == .reviewer, try await isAudited(id) {
                let problem = Problem(
                    403,
                    "blind",
                    "Not yet",
                    "an audit of this decision is open, and who reviews must not see its answer"
                )
                return problem.response
            }
            return .json(
                record.explained(
                    try await store.entries(of: record),
                    try await store.callback(id)
                )
            )
        } catch {
            throw Problem(error)
        }
    }

    private func isAudited(_ id: Identifier) async throws(StoreError) -> Bool {
        var query = ReviewQuery(limit: 1)
        query.decision = id
        query.kind = .audit
        return try await !store.reviews(query).isEmpty
    }

    private func missing(_ id: Identifier) -> Problem {
        Problem(404, "not-found", "Not found", "there is no decision \(id)")
    }

    /// The decision a call is about, when its visitor may act on it.
    private func own(_ call: Route.Call) async throws(Problem) -> Identifier {
        let id = try identifier(call, "decision")
        let visitor = try visitor(call)
        let record: DecisionRecord?
        do {
            record = try await store.decision(id)
        } catch {
            throw Problem(error)
        }
        guard let record, visitor.sees(record) else { throw missing(id) }
        return id
    }

    func report(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let id = try await own(call)
        let outcome = call.body["output"] ?? .null
        let name = try visitor(call).name
        do throws(EngineError) {
            return .json(try await decisionDesk.report(outcome, of: id, by: name).json)
        } catch {
            throw Problem(error)
        }
    }

    func withdraw(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let id = try await own(call)
        let name = try visitor(call).name
        do throws(EngineError) {
            let record = try await decisionDesk.withdraw(id, by: name)
            service.changed(id, to: record.state)
            return .json(record.json)
        } catch {
            throw Problem(error)
        }
    }

    func decisions(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        var query = DecisionQuery(limit: call.limit + 1)
        query.policy = call.query["policy"]?.string
        let states = call.query["state"]?.array ?? []
        query.states = Set(states.compactMap { $0.string.flatMap(DecisionState.init) })
        query.route = call.query["route"]?.string.flatMap(Decisions.Route.init)
        query.before = call.cursor
        let visitor = try visitor(call)
        let records: [DecisionRecord]
        do {
            records = try await store.decisions(query)
        } catch {
            throw Problem(error)
        }
        let page = records.prefix(query.limit - 1)
        let next = records.count == query.limit ? page.last?.id.description : nil
        return .json([
            "decisions": .array(page.filter(visitor.sees).map(\.json)),
            "next": next.map(JSON.string) ?? .null,
        ])
    }

    func identifier(_ call: Route.Call, _ what: String) throws(Problem) -> Identifier {
        let text = call.values["id"] ?? ""
        guard let id = Identifier(text) else {
            throw Problem(404, "not-found", "Not found", "'\(text)' is no identifier of a \(what)")
        }
        return id
    }
}

extension Route.Call {
    /// Rows of one page, on routes that have pages.
    var limit: Int {
        guard let limit = query["limit"]?.integer else {
            preconditionFailure("a route with pages has a limit, and the limit a usual value")
        }
        return Int(limit)
    }

    var cursor: Identifier? { query["cursor"]?.string.flatMap(Identifier.init) }
}

extension DecisionService.Wish {
    func isDone(_ state: DecisionState) -> Bool {
        switch self {
        case .answered: state != .asking
        case .settled: state != .asking && state != .review
        }
    }
}
