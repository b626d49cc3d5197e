internal import Access
internal import Autonomy
internal import Engine
internal import Runs
internal import Values

/// What steps wait for from outside: work by others, callbacks and events.
extension Gateway {
    func claim(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let visitor = try visitor(call)
        let kinds = (call.body["kinds"]?.array ?? []).compactMap(\.string)
        for kind in kinds where !visitor.token.covers(work: kind) {
            throw Problem(
                403,
                "forbidden",
                "Not allowed",
                "this token may not claim work '\(kind)'; it would need 'work:\(kind)'"
            )
        }
        let claim = WorkWish(
            kinds: kinds,
            worker: "\(call.body["worker"]?.string ?? "worker")@\(visitor.name)",
            limit: Int(call.body["limit"]?.integer ?? 1),
            lease: try lease(call.body)
        )
        let asked = wait(call.request)
        let first = try await claimed(claim)
        guard first.isEmpty, let time = asked, time > .zero else { return answer(first, asked) }
        let until = now() + time
        let notes = call.notes
        return GatewayResponse(later: { [self] in
            await claimed(claim, asked, until: until, notes)
        })
    }

    /// Work once there is some, or none at that moment.
    private func claimed(
        _ claim: WorkWish,
        _ asked: Duration?,
        until: Instant,
        _ notes: RequestNotes
    ) async -> GatewayResponse {
        let place = watch.begin(kinds: claim.kinds)
        defer { watch.end(place) }
        while true {
            do throws(Problem) {
                // Nothing is claimed for who is gone.
                let items = Task.isCancelled ? [] : try await claimed(claim)
                let isOver = now() >= until || watch.isStopped || Task.isCancelled
                if !items.isEmpty || isOver { return answer(items, asked) }
            } catch {
                notes.note(error)
                return error.response
            }
            await watch.wait(place, until: until)
        }
    }

    private func claimed(_ claim: WorkWish) async throws(Problem) -> [WorkItem] {
        do throws(EngineError) {
            return try await runDesk.claimWork(
                kinds: claim.kinds,
                by: claim.worker,
                limit: claim.limit,
                lease: claim.lease
            )
        } catch {
            throw Problem(error)
        }
    }

    private func answer(_ items: [WorkItem], _ asked: Duration?) -> GatewayResponse {
        var headers: [(name: String, value: String)] = []
        if let asked {
            headers.append(("preference-applied", "wait=\(asked.components.seconds)"))
        }
        return .json(["work": .array(items.map(\.json))], headers: headers)
    }

    private func lease(_ body: JSON) throws(Problem) -> Duration? {
        guard let text = body["lease"]?.string else { return nil }
        guard let time = NodeReader.duration(text), time <= Limits.lease else {
            throw Problem(422, "invalid-body", "The body does not fit", "a lease is a day at most")
        }
        return time
    }

    // MARK: Results

    func complete(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let held = try await held(call)
        do throws(EngineError) {
            let run = try await runDesk.completeWork(
                held.run,
                step: held.number,
                epoch: held.epoch,
                output: call.body["output"] ?? .null
            )
            return answer(run)
        } catch {
            throw Problem(error)
        }
    }

    func fail(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let held = try await held(call)
        do throws(EngineError) {
            let run = try await runDesk.failWork(
                held.run,
                step: held.number,
                epoch: held.epoch,
                message: call.body["message"]?.string ?? "",
                mayPass: call.body["retry"]?.bool ?? false
            )
            return answer(run)
        } catch {
            throw Problem(error)
        }
    }

    func heartbeat(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let held = try await held(call)
        let lease = try lease(call.body) ?? held.timeout
        do throws(EngineError) {
            let until = now() + lease
            let isHeld = try await runDesk.extendWork(
                held.run,
                step: held.number,
                epoch: held.epoch,
                by: lease
            )
            guard isHeld else {
                throw EngineError(.refused, "the lease has ended: somebody else may have the step")
            }
            return .json(["lease_until": .string(until.rfc3339)])
        } catch {
            throw Problem(error)
        }
    }

    private struct Held {
        let run: Identifier
        let number: Int
        let epoch: Int64
        let timeout: Duration
    }

    /// The attempt that a result is of, when it is the visitor's.
    private func held(_ call: Route.Call) async throws(Problem) -> Held {
        let text = call.values["run"] ?? ""
        guard let run = Identifier(text) else {
            throw Problem(404, "not-found", "Not found", "'\(text)' is no identifier of a run")
        }
        let epoch = call.body["epoch"]?.integer ?? 0
        let name = try visitor(call).name
        do throws(EngineError) {
            let step = try await runDesk.leased(
                call.values["step"] ?? "",
                of: run,
                epoch: epoch,
                to: name
            )
            return Held(run: run, number: step.number, epoch: epoch, timeout: step.timeout)
        } catch {
            throw Problem(error)
        }
    }

    private func answer(_ run: Run) -> GatewayResponse {
        .json([
            "run": .string(run.id.description), "state": .string(run.state.rawValue),
            "stage": run.stage.map(JSON.string) ?? .null,
        ])
    }

    // MARK: Callbacks and events

    func callBack(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let secret = try await callbackSecret()
        guard let token = CallbackToken(call.values["token"] ?? "", secret: secret) else {
            throw Problem(404, "not-found", "Not found", "no step has this address")
        }
        try gatekeeper.takeCallback(of: token.run)
        do throws(EngineError) {
            guard try await runDesk.arrived(call.body, at: token) else {
                throw EngineError(.refused, "the step no longer waits for it")
            }
            return .json(["taken": 1])
        } catch {
            throw Problem(error)
        }
    }

    func event(_ call: Route.Call) async throws(Problem) -> GatewayResponse {
        let type = call.body["type"]?.string ?? ""
        guard try visitor(call).token.covers(event: type) else {
            throw Problem(
                403,
                "forbidden",
                "Not allowed",
                "this token may not send events '\(type)'; it would need 'event:\(type)'"
            )
        }
        do throws(EngineError) {
            return .json(try await runDesk.arrived(event: call.body, type: type).json)
        } catch {
            throw Problem(error)
        }
    }
}

/// What a worker asks for.
private struct WorkWish: Sendable {
    let kinds: [String]
    let worker: String
    let limit: Int
    let lease: Duration?
}

extension WorkItem {
    fileprivate var json: JSON {
        [
            "run": .string(run.description), "flow": .string(flow), "step": .string(step),
            "path": .string("/v1/work/\(run)/\(step)"), "epoch": .int(epoch),
            "kind": .string(kind), "input": input, "attempt": .int(Int64(attempt)),
            "key": .string(key), "lease_until": .string(leaseUntil.rfc3339),
        ]
    }
}
