internal import Values

/// One step of a plan: names, fields and functions are settled, only values are missing.
///
/// Each counts at least one step when it is evaluated, unless it is a constant or a local variable,
/// and its estimate counts the same way from what its operands are at most.
protocol PlanNode: AnyObject, Sendable {
    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue
    /// The value where a condition is needed.
    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool
    func estimate(_ scope: inout EstimateScope) -> Estimate
}

extension PlanNode {
    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        guard case .bool(let holds) = try value(&frame) else {
            throw EvaluationError(.noSuchOverload, "a condition's value is not a bool")
        }
        return holds
    }
}

/// A step whose value is a bool.
protocol TruthNode: PlanNode {}

extension TruthNode {
    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        .bool(try truth(&frame))
    }
}

final class ConstantNode: PlanNode {
    let constant: ExpressionValue

    init(_ constant: ExpressionValue) { self.constant = constant }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        constant
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        // As long a chain of these as there may be is still counted.
        try frame.spend(1)
        guard case .bool(let holds) = constant else {
            throw EvaluationError(.noSuchOverload, "a condition's value is not a bool")
        }
        return holds
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate { Estimate(1, constant.bound) }
}

/// What has no value, known before it is evaluated.
final class FailureNode: PlanNode {
    let error: EvaluationError

    init(_ error: EvaluationError) { self.error = error }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue { throw error }

    func estimate(_ scope: inout EstimateScope) -> Estimate { Estimate(0) }
}

/// A function of the library on its arguments.
final class CallNode: PlanNode {
    let function: LibraryFunction
    let arguments: [any PlanNode]

    init(_ function: LibraryFunction, _ arguments: [any PlanNode]) {
        self.function = function
        self.arguments = arguments
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        try frame.spend(1 + arguments.count)
        var values: [ExpressionValue] = []
        values.reserveCapacity(arguments.count)
        for argument in arguments { values.append(try argument.value(&frame)) }
        return try function.body(values, &frame)
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let (cost, values) = scope.all(arguments)
        var estimate = function.estimate(values)
        estimate.cost += cost + Size(1 + arguments.count)
        return estimate
    }
}

extension ExpressionValue {
    /// What this constant is; it is walked as deep as it was written.
    var bound: Bound {
        switch self {
        case .null, .bool, .int, .uint, .double, .timestamp, .duration: return .scalar
        case .string(let text): return .text(Size(text.utf8.count))
        case .bytes(let bytes): return .text(Size(bytes.count))
        case .type(let name): return .text(Size(name.utf8.count))
        case .network: return .text(64)
        case .optional(let optional): return (optional.value?.bound ?? .scalar).wrapped
        case .list, .array:
            var bound = Bound.containing(Size(elementCount ?? 0))
            for index in 0..<(elementCount ?? 0) { bound.add(element(index).bound) }
            return bound
        case .map, .object:
            var bound = Bound.containing(Size(memberCount ?? 0))
            for key in keys {
                bound.add(key.bound)
                if let value = member(key) { bound.add(value.bound) }
            }
            return bound
        }
    }
}

extension Bound {
    /// A container of so many, to which each is added.
    static func containing(_ count: Size) -> Bound {
        Bound(text: 0, count: count, weight: 2, element: 0)
    }

    mutating func add(_ other: Bound) {
        text = max(text, other.text)
        count = max(count, other.count)
        weight += other.weight
        element = max(element, other.weight)
    }
}
