internal import Values

/// Names for values: `cel.bind` and `cel.block`.
///
/// A value is worked out when it is first used, once.
final class BindNode: PlanNode {
    let values: [BoundValue]
    let body: any PlanNode

    init(_ values: [BoundValue], body: any PlanNode) {
        self.values = values
        self.body = body
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        try forget(&frame)
        return try body.value(&frame)
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        try forget(&frame)
        return try body.truth(&frame)
    }

    private func forget(_ frame: inout Frame) throws(EvaluationError) {
        try frame.spend(1 + values.count)
        for value in values { frame.clear(value.place) }
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        var cost = Size(1 + values.count)
        for value in values {
            let estimate = value.initial.estimate(&scope)
            scope.locals[value.place] = estimate.value
            cost += estimate.cost
        }
        var estimate = body.estimate(&scope)
        estimate.cost += cost
        return estimate
    }
}

/// A value that has a name, and the place where it is kept.
final class BoundValue: Sendable {
    let place: Int
    let initial: any PlanNode

    init(place: Int, initial: any PlanNode) {
        self.place = place
        self.initial = initial
    }
}

/// The use of a value that has a name.
final class BoundNode: PlanNode {
    let bound: BoundValue

    init(_ bound: BoundValue) { self.bound = bound }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        try frame.spend(1)
        if let known = frame.locals[bound.place] { return known }
        if let failure = frame.failure(at: bound.place) { throw failure }
        do throws(EvaluationError) {
            let value = try bound.initial.value(&frame)
            frame.set(bound.place, value)
            return value
        } catch {
            frame.fail(bound.place, error)
            throw error
        }
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        Estimate(1, scope.locals[bound.place])
    }
}

final class OptionalMapNode: PlanNode {
    let target: any PlanNode
    let place: Int
    let body: any PlanNode
    let flat: Bool

    init(_ target: any PlanNode, place: Int, body: any PlanNode, flat: Bool) {
        self.target = target
        self.place = place
        self.body = body
        self.flat = flat
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        try frame.spend(1)
        guard case .optional(let optional) = try target.value(&frame) else {
            throw EvaluationError(.noSuchOverload, "optMap() needs an optional")
        }
        guard let value = optional.value else { return .optional(.none) }
        frame.set(place, value)
        let result = try body.value(&frame)
        guard flat else { return .optional(OptionalValue(result)) }
        guard case .optional = result else {
            throw EvaluationError(.noSuchOverload, "optFlatMap() makes optionals")
        }
        return result
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let target = target.estimate(&scope)
        scope.locals[place] = target.value
        let body = body.estimate(&scope)
        return Estimate(target.cost + body.cost + 1, body.value.wrapped)
    }
}
