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

    init(checked: CheckedExpression, plan: any PlanNode) {
        self.checked = checked
        self.plan = plan
    }

    package var fragment: SourceFragment { checked.tree.fragment }
    package var resultType: ExpressionType { checked.type }

    /// The value, when it needs no variable.
    package var constant: ExpressionValue? { (plan as? ConstantNode)?.constant }

    /// The value for these bindings; total, within `Limits.cost` steps.
    package func evaluate(_ bindings: Bindings) throws(EvaluationError) -> ExpressionValue {
        var frame = Frame(bindings: bindings.values)
        return try plan.value(&frame)
    }

    /// The outcome of an expression whose value is a bool.
    package func condition(_ bindings: Bindings) -> ConditionOutcome {
        var frame = Frame(bindings: bindings.values)
        do {
            return try plan.truth(&frame) ? .holds : .fails
        } catch {
            return .failed(error)
        }
    }
}
