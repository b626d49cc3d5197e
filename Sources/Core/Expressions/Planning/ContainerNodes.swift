internal import Values

final class ListNode: PlanNode {
    let elements: [(node: any PlanNode, isOptional: Bool)]

    init(_ elements: [(node: any PlanNode, isOptional: Bool)]) { self.elements = elements }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
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
}

final class MapNode: PlanNode {
    let entries: [(key: any PlanNode, value: any PlanNode, isOptional: Bool)]

    init(_ entries: [(key: any PlanNode, value: any PlanNode, isOptional: Bool)]) {
        self.entries = entries
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        var map = ExpressionMap()
        for (keyNode, valueNode, isOptional) in entries {
            let key = try keyNode.value(&frame)
            switch key {
            case .bool, .int, .uint, .string: break
            default:
                throw EvaluationError(.noSuchOverload, "a \(key.typeName) is no key of a map")
            }
            var value = try valueNode.value(&frame)
            if isOptional {
                guard let inner = try value.optionalValue else { continue }
                value = inner
            }
            if !map.insert(key, value) {
                throw EvaluationError(.invalidArgument, "a key is there twice")
            }
        }
        return .map(map)
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

/// A function of the library on its arguments.
final class CallNode: PlanNode {
    let function: Library.Function
    let arguments: [any PlanNode]

    init(_ function: @escaping Library.Function, _ arguments: [any PlanNode]) {
        self.function = function
        self.arguments = arguments
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        try frame.spend(1)
        var values: [ExpressionValue] = []
        values.reserveCapacity(arguments.count)
        for argument in arguments { values.append(try argument.value(&frame)) }
        return try function(values)
    }
}

/// A test of one text against another.
final class TextTestNode: TruthNode {
    enum Test { case startsWith, endsWith, contains }

    let test: Test
    let text: any PlanNode
    let part: any PlanNode

    init(_ test: Test, _ text: any PlanNode, _ part: any PlanNode) {
        self.test = test
        self.text = text
        self.part = part
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        guard case .string(let text) = try text.value(&frame),
            case .string(let part) = try part.value(&frame)
        else { throw EvaluationError(.noSuchOverload, "this compares texts only") }
        switch test {
        case .startsWith: return text.utf8.starts(with: part.utf8)
        case .endsWith: return text.utf8.reversed().starts(with: part.utf8.reversed())
        case .contains:
            try frame.spend(1 + text.utf8.count / 64)
            return Library.contains(text, part)
        }
    }
}

/// A pattern compiled once, against a text.
final class MatchesNode: TruthNode {
    let expression: RegularExpression
    let text: any PlanNode

    init(_ expression: RegularExpression, _ text: any PlanNode) {
        self.expression = expression
        self.text = text
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        guard case .string(let text) = try text.value(&frame) else {
            throw EvaluationError(.noSuchOverload, "matches() needs a text")
        }
        try frame.spend(1 + text.utf8.count / 16)
        return expression.matches(text)
    }
}
