internal import Access
internal import Engine
internal import Runs
internal import Storage
internal import Values

/// Starting runs, one or many.
extension Gateway {
    func startRun(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let start = try start(call.body, key: key(call.request), try visitor(call))
        let started: RunStarted
        do throws(EngineError) {
            started = try await runDesk.start(start)
        } catch {
            throw Problem(error)
        }
        let (id, isNew) = try began(started)
        var run: Run?
        if case .started(let own) = started { run = own }
        let status = isNew ? 201 : 200
        let asked = wait(call.request)
        guard let time = asked, time > .zero else {
            let found: Run
            do throws(EngineError) {
                found = if let run { run } else { try await runDesk.view(id).run }
            } catch {
                throw Problem(error)
            }
            return answer(found, status, asked)
        }
        let until = now() + time
        let notes = call.notes
        return GatewayResponse(later: { [self] in
            await ended(id, status, asked, until: until, notes)
        })
    }

    /// The run once it has ended or stands still, or as it is at that moment.
    private func ended(
        _ id: Identifier,
        _ status: Int,
        _ asked: Duration?,
        until: Instant,
        _ notes: RequestNotes
    ) async -> GatewayResponse {
        let place = watch.begin(run: id)
        defer { watch.end(place) }
        while true {
            do throws(EngineError) {
                let view = try await runDesk.view(id)
                if view.run.state.isFinal || view.standsStill || now() >= until || watch.isStopped {
                    return answer(view.run, status, asked)
                }
            } catch {
                let problem = Problem(error)
                notes.note(problem)
                return problem.response
            }
            if Task.isCancelled { return Problem(unavailable: "the caller is gone").response }
            await watch.wait(place, until: until)
        }
    }

    private func answer(_ run: Run, _ status: Int, _ asked: Duration?) -> GatewayResponse {
        var headers = [(name: "location", value: "/v1/runs/\(run.id)")]
        if let asked {
            headers.append(("preference-applied", "wait=\(asked.components.seconds)"))
        }
        guard let own = RunSummary(run).json.object else {
            preconditionFailure("a summary is an object")
        }
        let output =
            run.output?.members(as: "output", of: run.id) ?? [JSONObject.Member("output", .null)]
        return .json(
            .object(JSONObject(uniqueMembers: own.members + output)),
            status: status,
            headers: headers
        )
    }

    /// The run that a start began or had begun, or why there is none.
    private func began(_ started: RunStarted) throws(Problem) -> (Identifier, isNew: Bool) {
        switch started {
        case .started(let run): return (run.id, true)
        case .known(let id): return (id, false)
        case .keyTaken(let id):
            throw Problem(
                422,
                "idempotency-key-reused",
                "This key was used with another input",
                "it belongs to run \(id); use a new key for another run"
            )
        case .refused(let failures):
            var problem = Problem(
                422,
                "invalid-input",
                "The input does not fit the flow",
                failures.map(\.description).joined(separator: "; ")
            )
            problem.failures = failures
            throw problem
        case .full(let key):
            throw Problem(
                409,
                "too-many-runs",
                "No more of these at once",
                "the flow allows no more runs with the key '\(key)'"
            )
        }
    }

    /// What is to be started by a body that fits its schema, of a flow that is there for the visitor.
    private func start(
        _ body: JSON,
        key: String?,
        _ visitor: Visitor
    ) throws(Problem) -> RunStart {
        let flow = body["flow"]?.string ?? ""
        let flows = service.engine.live.flows
        guard flows[flow] != nil else {
            let names = flows.keys.filter { visitor.token.covers(flow: $0) }.sorted()
            let near = nearest(flow, in: names).map { "; did you mean '\($0)'?" } ?? ""
            throw Problem(
                404,
                "unknown-flow",
                "There is no such flow",
                "the live release has no flow '\(flow)'\(near)"
            )
        }
        guard visitor.token.covers(flow: flow) else {
            throw Problem(
                403,
                "forbidden",
                "Not allowed",
                "this token may not start flow '\(flow)'; it would need 'flow:\(flow)'"
            )
        }
        return RunStart(
            flow: flow,
            input: body["input"] ?? .null,
            key: key.map {
                IncomingStep.Key(scope: "token:\(visitor.token.id)/flow:\(flow)", key: $0)
            },
            priority: Int(body["priority"]?.integer ?? 0),
            caller: visitor.name
        )
    }

    // MARK: Many

    func startRuns(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let visitor = try visitor(call)
        var intake = BatchIntake(notes: call.notes, wish: .answered) { [self] lines in
            await start(lines, for: visitor)
        }
        let end = await intake.take(call.request.chunks ?? whole(call.request.body))
        if let problem = end.problem { throw problem }
        let answers = intake.answers
        return GatewayResponse(
            status: 200,
            headers: [("content-type", "application/x-ndjson"), ("cache-control", "no-store")],
            stream: { [self] writer in
                await tell(answers, .answered, until: now(), to: writer)
            }
        )
    }

    /// Starts lines together in one commit; one result a line, in their order.
    private func start(
        _ lines: [LineScanner.Line],
        for visitor: Visitor
    ) async -> [BatchLine.Result] {
        do throws(Problem) {
            try await check(visitor)
        } catch {
            return lines.map { BatchLine.Result(line: $0.number, outcome: .failed(error)) }
        }
        var results: [BatchLine.Result] = []
        var starts: [(line: Int, start: RunStart)] = []
        for line in lines {
            do throws(Problem) {
                // The first is the request itself, which is paid for.
                if line.number > 1 { _ = try gatekeeper.take(1, of: visitor.token) }
                let body = try line.read(by: Self.runLine)
                starts.append(
                    (line.number, try start(body, key: body["key"]?.string, visitor))
                )
            } catch {
                results.append(BatchLine.Result(line: line.number, outcome: .failed(error)))
            }
        }
        results += await begin(starts)
        return results.sorted { $0.line < $1.line }
    }

    private func begin(_ starts: [(line: Int, start: RunStart)]) async -> [BatchLine.Result] {
        if starts.isEmpty { return [] }
        do throws(EngineError) {
            let started = try await runDesk.start(starts.map(\.start))
            return zip(starts, started).map { told($1, line: $0.line) }
        } catch {
            // One that cannot be begun does not hold up the others.
            guard starts.count > 1, error.code != .store, error.code != .busy else {
                let problem = Problem(error)
                return starts.map { BatchLine.Result(line: $0.line, outcome: .failed(problem)) }
            }
            var results: [BatchLine.Result] = []
            for start in starts { results += await begin([start]) }
            return results
        }
    }

    private func told(_ started: RunStarted, line: Int) -> BatchLine.Result {
        do throws(Problem) {
            let (id, isNew) = try began(started)
            let bytes = BatchAnswer.bytes([
                .init("line", .int(Int64(line))), .init("status", isNew ? 201 : 200),
                .init("location", .string("/v1/runs/\(id)")),
                .init("run", .string(id.description)),
            ])
            return BatchLine.Result(line: line, outcome: .started(bytes))
        } catch {
            return BatchLine.Result(line: line, outcome: .failed(error))
        }
    }

    private static let runLine = Components.compiled(Components.ref("NewRunLine"))
}
