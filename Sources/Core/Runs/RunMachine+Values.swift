internal import Expressions
internal import Flows
internal import Values

extension RunMachine {
    // MARK: Expressions

    func value(
        _ expression: FlowExpression
    ) throws(RunRefusal) -> Result<ExpressionValue, StepFailure> {
        let bindings = try bindings(expression.reads)
        do throws(EvaluationError) {
            return .success(try expression.program.evaluate(bindings))
        } catch {
            return .failure(noValue(error, "an expression"))
        }
    }

    /// What an event must be about; nothing where that has no value now, so that every event is asked.
    func subject(
        _ equality: RequiredEquality,
        reads: Set<Int>
    ) throws(RunRefusal) -> EventSubject? {
        let bindings = try bindings(reads)
        do throws(EvaluationError) {
            let value = try equality.value.evaluate(bindings)
            return EventSubject(path: equality.path, value: value)
        } catch {
            return nil
        }
    }

    func render(_ template: FlowTemplate) throws(RunRefusal) -> Result<JSON, StepFailure> {
        let bindings = try bindings(template.reads)
        do throws(EvaluationError) {
            return .success(try template.value.render(bindings))
        } catch {
            return .failure(noValue(error, "an expression"))
        }
    }

    func noValue(_ error: EvaluationError, _ what: String) -> StepFailure {
        StepFailure("expression", "\(what) has no value: \(error.message)")
    }

    /// The variables, with the outputs of those steps alone, and the input where it is among them.
    func bindings(_ reads: Set<Int>) throws(RunRefusal) -> Bindings {
        var bindings = Bindings(flow.environment.variables)
        if reads.contains(Flow.inputRead) { bindings.set("input", json: try load(run.input)) }
        bindings.set("steps", json: try steps(reads))
        bindings.set(
            "run",
            to: .map(
                ExpressionMap([
                    "id": .string(run.id.description), "flow": .string(flow.name),
                    "caller": .string(run.caller),
                    "started_at": .timestamp(Timestamp(run.startedAt)),
                ])
            )
        )
        bindings.set("lists", json: flow.environment.lists)
        bindings.set("vars", json: flow.environment.vars)
        bindings.set("now", to: .timestamp(Timestamp(now)))
        for item in run.items {
            bindings.set(item.name, json: try load(item.value))
            bindings.set("\(item.name)_index", to: .int(Int64(item.index)))
        }
        return bindings
    }

    private func steps(_ reads: Set<Int>) throws(RunRefusal) -> JSON {
        var missing: Set<Digest> = []
        var members: [JSONObject.Member] = []
        for number in reads.sorted() where number != Flow.inputRead {
            guard let end = run.ended[number] else {
                // In a branch that was not taken; expressions may ask whether it has an output.
                let skipped: JSON = ["state": .string(StepEnd.State.skipped.rawValue)]
                members.append(.init(name(number), skipped))
                continue
            }
            var own: [JSONObject.Member] = [.init("state", .string(end.state.rawValue))]
            switch end.output {
            case .inline(let value)?: own.append(.init("output", value))
            case .resource(let digest, _)?:
                if let value = known[digest] {
                    own.append(.init("output", value))
                } else {
                    missing.insert(digest)
                }
            case nil: break
            }
            if let failure = end.failure { own.append(.init("error", failure.json)) }
            members.append(.init(name(number), .object(JSONObject(uniqueMembers: own))))
        }
        guard missing.isEmpty else { throw .needs(missing) }
        return .object(JSONObject(uniqueMembers: members))
    }

    /// The steps whose outputs are read by steps inside.
    func readsInside(_ steps: [Int]) -> Set<Int> {
        inside(steps).reduce(into: []) { $0.formUnion(flow.steps[$1].reads) }
    }

    // MARK: Values kept apart

    func load(_ payload: Payload) throws(RunRefusal) -> JSON {
        switch payload {
        case .inline(let value): return value
        case .resource(let digest, _):
            guard let value = known[digest] else { throw .needs([digest]) }
            return value
        }
    }

    /// A value as the run keeps it; one that is too large fails the step.
    mutating func payload(_ value: JSON, of number: Int) -> Payload? {
        switch kept(value) {
        case .success(let payload): return payload
        case .failure(let failure):
            park(number, failure)
            return nil
        }
    }

    mutating func kept(_ value: JSON) -> Result<Payload, StepFailure> {
        switch Payload.keeping(value, beside: run.inlineBytes) {
        case .failure(let failure): return .failure(failure)
        case .success((let payload, let bytes)):
            if case .resource(let digest, _) = payload {
                made[digest] = bytes
                known[digest] = value
            }
            return .success(payload)
        }
    }
}

extension Retry {
    func takes(_ failure: StepFailure) -> Bool {
        guard let on else { return failure.mayPass }
        return on.contains { match in
            switch match {
            case .kind(let kind): kind == failure.kind
            case .status(let status): status == failure.status
            case .statuses(let hundred): failure.status.map { $0 / 100 == hundred } ?? false
            }
        }
    }

    /// How long after an attempt the next is made: twice as long as before it each time, of which
    /// chance takes up to a half away, so that those who failed together do not come together.
    func pause(after attempt: Int, chance: UInt64) -> Duration {
        let doublings = min(max(attempt - 1, 0), 40)
        let low = backoff.lowerBound.wholeMicroseconds
        let high = backoff.upperBound.wholeMicroseconds
        let (product, overflow) = low.multipliedReportingOverflow(by: Int64(1) << doublings)
        let full = overflow ? high : min(product, high)
        return .microseconds(full - Int64(chance % UInt64(max(full / 2, 1))))
    }
}
