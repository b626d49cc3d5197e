package import Values

/// What a condition came to.
package enum ConditionOutcome: Sendable, Equatable {
    case holds
    case fails
    /// It has no value; never silently false.
    case failed(EvaluationError)
}

/// An expression planned once, to be evaluated many times.
package struct Program: Sendable {
    let checked: CheckedExpression
    private let plan: any PlanNode

    /// How many places its frame needs for comprehensions and bindings.
    private let locals: Int

    init(checked: CheckedExpression, plan: any PlanNode, locals: Int) {
        self.checked = checked
        self.plan = plan
        self.locals = locals
    }

    package var fragment: SourceFragment { checked.tree.fragment }
    package var resultType: ExpressionType { checked.type }

    /// The value, when it needs no variable.
    package var constant: ExpressionValue? { plan.known }

    /// The value for these bindings; total, within `Limits.cost` steps.
    package func evaluate(_ bindings: Bindings) throws(EvaluationError) -> ExpressionValue {
        var frame = Frame(bindings: bindings.values, locals: locals)
        return try value(&frame)
    }

    /// The value and what it cost, within a limit.
    package func evaluate(_ bindings: Bindings, within limit: CostLimit) -> Evaluation {
        var frame = Frame(bindings: bindings.values, locals: locals, limit: limit)
        do throws(EvaluationError) {
            return Evaluation(result: .success(try value(&frame)), cost: frame.cost)
        } catch {
            return Evaluation(result: .failure(error), cost: frame.cost)
        }
    }

    private func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        let value = try plan.value(&frame)
        try value.walk(&frame)
        return value
    }

    /// The outcome of an expression whose value is a bool.
    package func condition(_ bindings: Bindings) -> ConditionOutcome {
        var frame = Frame(bindings: bindings.values, locals: locals)
        do {
            return try plan.truth(&frame) ? .holds : .fails
        } catch {
            return .failed(error)
        }
    }

    /// As `condition`, within a limit.
    package func condition(_ bindings: Bindings, within limit: CostLimit) -> ConditionOutcome {
        var frame = Frame(bindings: bindings.values, locals: locals, limit: limit)
        do {
            return try plan.truth(&frame) ? .holds : .fails
        } catch {
            return .failed(error)
        }
    }

    /// The steps that no evaluation exceeds while every variable is within the bounds and of its
    /// declared type; `Int.max` where that cannot be told.
    package func estimatedCost(_ bounds: InputBounds = InputBounds()) -> Int {
        var scope = EstimateScope(bounds: bounds, locals: locals)
        let estimate = plan.estimate(&scope)
        return (estimate.cost + estimate.value.weight).count
    }
}
