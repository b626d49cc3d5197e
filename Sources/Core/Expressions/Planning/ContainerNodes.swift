internal import Values

final class ListNode: PlanNode {
    let elements: [(node: any PlanNode, isOptional: Bool)]

    init(_ elements: [(node: any PlanNode, isOptional: Bool)]) { self.elements = elements }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        try frame.spend(1 + elements.count)
        var values: [ExpressionValue] = []
        values.reserveCapacity(elements.count)
        for (node, isOptional) in elements {
            let value = try node.value(&frame)
            guard isOptional else {
                values.append(value)
                continue
            }
            if let inner = try value.optionalValue { values.append(inner) }
        }
        return .list(values)
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let (cost, values) = scope.all(elements.map(\.node))
        var bound = Bound.containing(Size(values.count))
        for value in values { bound.add(value) }
        return Estimate(cost + Size(1 + elements.count), bound)
    }
}

final class MapNode: PlanNode {
    let entries: [(key: any PlanNode, value: any PlanNode, isOptional: Bool)]

    init(_ entries: [(key: any PlanNode, value: any PlanNode, isOptional: Bool)]) {
        self.entries = entries
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        try frame.spend(1 + entries.count)
        var map = ExpressionMap()
        for (keyNode, valueNode, isOptional) in entries {
            let key = try keyNode.value(&frame)
            var value = try valueNode.value(&frame)
            if isOptional {
                guard let inner = try value.optionalValue else { continue }
                value = inner
            }
            try map.add(key, value, &frame)
        }
        return .map(map)
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let (cost, keys) = scope.all(entries.map(\.key))
        let (more, values) = scope.all(entries.map(\.value))
        var bound = Bound.containing(Size(entries.count))
        var adding = Size(1 + 2 * entries.count)
        for (key, value) in zip(keys, values) {
            bound.add(key)
            bound.add(value)
            adding += key.text.read
        }
        return Estimate(cost + more + adding, bound)
    }
}

extension ExpressionValue {
    fileprivate var optionalValue: ExpressionValue? {
        get throws(EvaluationError) {
            guard case .optional(let optional) = self else {
                throw EvaluationError(.noSuchOverload, "'?' needs an optional")
            }
            return optional.value
        }
    }
}
