internal import Access
internal import Engine
internal import Flows
internal import Runs
internal import Storage
internal import Values

/// What people do with runs.
extension Gateway {
    func act(_ word: RunWord, _ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let view = try await seen(call)
        let act: RunAct
        switch word {
        case .pause: act = .pause
        case .resume: act = .resume
        case .cancel: act = .cancel(undoing: call.body["undo"]?.bool ?? true)
        case .restart:
            act = .restart(from: try step(call.body["step"]?.string ?? "", of: view))
        }
        return try await perform(act, on: view, call)
    }

    /// Tries a step again; `name` is the part of the path that names the run.
    func retry(_ call: Route.Call, run name: String) async throws(Problem) -> GatewayResponse {
        let view = try await seen(call, name)
        let number = try step(call.values["step"] ?? "", of: view)
        return try await perform(.retry(step: number, input: call.body["input"]), on: view, call)
    }

    func skip(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let view = try await seen(call)
        let number = try step(call.values["step"] ?? "", of: view)
        return try await perform(.skip(step: number, output: call.body["output"]), on: view, call)
    }

    private func perform(
        _ act: RunAct,
        on view: RunView,
        _ call: Route.Call
    ) async throws(Problem) -> GatewayResponse {
        let name = try visitor(call).name
        do throws(EngineError) {
            let run = try await runDesk.act(act, on: view.run.id, by: name)
            return .json(RunSummary(run).json)
        } catch {
            throw Problem(error)
        }
    }

    private func step(_ id: String, of view: RunView) throws(Problem) -> Int {
        guard let flow = view.flow else {
            throw Problem(409, "refused", "This does not count", view.missing ?? "")
        }
        if let number = flow.number(of: id) { return number }
        let near = nearest(id, in: flow.steps.map(\.id)).map { "; did you mean '\($0)'?" }
        throw Problem(
            404,
            "not-found",
            "Not found",
            "flow '\(flow.name)' has no step '\(id)'\(near ?? "")"
        )
    }

    func deadLetters(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let token = try visitor(call).token
        var after: StepPlace?
        if let text = call.query["cursor"]?.string {
            after = StepPlace(cursor: text)
            if after == nil { throw Problem(query: "'cursor' is none that an answer gave") }
        }
        do throws(EngineError) {
            let (letters, next) = try await runDesk.deadLetters(
                flow: call.query["flow"]?.string,
                after: after,
                limit: call.limit
            )
            return .json([
                "dead_letters": .array(
                    letters.filter { token.covers(flow: $0.view.run.plan.flow) }.map(\.json)
                ),
                "next": next.map { .string($0.cursor) } ?? .null,
            ])
        } catch {
            throw Problem(error)
        }
    }
}
