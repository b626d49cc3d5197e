internal import Values

/// `&&`: false when either side is, whatever the other; an error only where the other holds.
final class AndNode: TruthNode {
    let left: any PlanNode
    let right: any PlanNode

    init(_ left: any PlanNode, _ right: any PlanNode) {
        self.left = left
        self.right = right
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        try frame.spend(1)
        var failure: EvaluationError?
        do {
            if !(try left.truth(&frame)) { return false }
        } catch {
            failure = error
        }
        guard let failure else { return try right.truth(&frame) }
        if failure.isFinal { throw failure }
        do {
            if !(try right.truth(&frame)) { return false }
        } catch {
            // Of two errors the first is told, unless the second ends it all.
            throw error.isFinal ? error : failure
        }
        throw failure
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        Estimate(left.estimate(&scope).cost + right.estimate(&scope).cost + 1)
    }
}

/// `||`: true when either side is, whatever the other.
final class OrNode: TruthNode {
    let left: any PlanNode
    let right: any PlanNode

    init(_ left: any PlanNode, _ right: any PlanNode) {
        self.left = left
        self.right = right
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        try frame.spend(1)
        var failure: EvaluationError?
        do {
            if try left.truth(&frame) { return true }
        } catch {
            failure = error
        }
        guard let failure else { return try right.truth(&frame) }
        if failure.isFinal { throw failure }
        do {
            if try right.truth(&frame) { return true }
        } catch {
            throw error.isFinal ? error : failure
        }
        throw failure
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        Estimate(left.estimate(&scope).cost + right.estimate(&scope).cost + 1)
    }
}

final class NotNode: TruthNode {
    let operand: any PlanNode

    init(_ operand: any PlanNode) { self.operand = operand }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        try frame.spend(1)
        return !(try operand.truth(&frame))
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        Estimate(operand.estimate(&scope).cost + 1)
    }
}

final class ConditionalNode: PlanNode {
    let condition: any PlanNode
    let then: any PlanNode
    let otherwise: any PlanNode

    init(_ condition: any PlanNode, _ then: any PlanNode, _ otherwise: any PlanNode) {
        self.condition = condition
        self.then = then
        self.otherwise = otherwise
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        try frame.spend(1)
        return try condition.truth(&frame) ? try then.value(&frame) : try otherwise.value(&frame)
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        try frame.spend(1)
        return try condition.truth(&frame) ? try then.truth(&frame) : try otherwise.truth(&frame)
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let (a, b) = (then.estimate(&scope), otherwise.estimate(&scope))
        return Estimate(
            condition.estimate(&scope).cost + max(a.cost, b.cost) + 1,
            a.value.joined(with: b.value)
        )
    }
}
