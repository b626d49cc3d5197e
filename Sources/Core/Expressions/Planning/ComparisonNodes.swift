internal import Values

final class EqualNode: TruthNode {
    let left: any PlanNode
    let right: any PlanNode
    let negated: Bool

    init(_ left: any PlanNode, _ right: any PlanNode, negated: Bool) {
        self.left = left
        self.right = right
        self.negated = negated
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        try frame.spend(1)
        let value = try left.value(&frame)
        return try value.equals(try right.value(&frame), &frame) != negated
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let (a, b) = (left.estimate(&scope), right.estimate(&scope))
        return Estimate(a.cost + b.cost + min(a.value.weight, b.value.weight) + 2)
    }
}

final class OrderNode: TruthNode {
    let sign: BinaryOperator
    let left: any PlanNode
    let right: any PlanNode

    init(_ sign: BinaryOperator, _ left: any PlanNode, _ right: any PlanNode) {
        self.sign = sign
        self.left = left
        self.right = right
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        try frame.spend(1)
        let (left, right) = (try left.value(&frame), try right.value(&frame))
        switch (left, right) {
        case (.string(let a), .string(let b)): try frame.read(min(a.utf8.count, b.utf8.count))
        case (.bytes(let a), .bytes(let b)): try frame.read(min(a.count, b.count))
        default: break
        }
        let order = try Self.order(left, right)
        switch sign {
        case .less: return order == .less
        case .lessOrEqual: return order == .less || order == .equal
        case .greater: return order == .greater
        default: return order == .greater || order == .equal
        }
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let (a, b) = (left.estimate(&scope), right.estimate(&scope))
        return Estimate(a.cost + b.cost + min(a.value.text, b.value.text).read + 1)
    }

    static func order(
        _ left: ExpressionValue,
        _ right: ExpressionValue
    ) throws(EvaluationError) -> Numbers.Order {
        if let order = known(left, right) { return order }
        throw EvaluationError(
            .noSuchOverload,
            "a \(left.typeName) and a \(right.typeName) have no order"
        )
    }

    /// The order of two values, when their types have one.
    static func known(_ left: ExpressionValue, _ right: ExpressionValue) -> Numbers.Order? {
        func compare<Value: Comparable>(_ a: Value, _ b: Value) -> Numbers.Order {
            a < b ? .less : a == b ? .equal : .greater
        }
        switch (left, right) {
        case (.double(let a), .double(let b)):
            return a.isNaN || b.isNaN ? .unordered : compare(a, b)
        case (.int(let a), .int(let b)): return compare(a, b)
        case (.int, .uint), (.int, .double), (.uint, .int), (.uint, .uint), (.uint, .double),
            (.double, .int), (.double, .uint):
            return Numbers.order(left, right)
        case (.string(let a), .string(let b)):
            return identical(a, b)
                ? .equal
                // UTF-8 has the order of its code points.
                : a.utf8.lexicographicallyPrecedes(b.utf8) ? .less : .greater
        case (.bool(let a), .bool(let b)): return compare(a ? 1 : 0, b ? 1 : 0)
        case (.bytes(let a), .bytes(let b)):
            return a == b ? .equal : a.lexicographicallyPrecedes(b) ? .less : .greater
        case (.timestamp(let a), .timestamp(let b)):
            return a.seconds == b.seconds
                ? compare(a.nanoseconds, b.nanoseconds) : compare(a.seconds, b.seconds)
        case (.duration(let a), .duration(let b)):
            return a.seconds == b.seconds
                ? compare(a.nanoseconds, b.nanoseconds) : compare(a.seconds, b.seconds)
        default: return nil
        }
    }
}

/// A number of the input against a constant: what most conditions begin with.
final class PathOrderNode: TruthNode {
    let sign: BinaryOperator
    let path: PathNode
    let bound: Double
    private let general: OrderNode

    init(_ sign: BinaryOperator, _ path: PathNode, _ bound: Double, constant: any PlanNode) {
        self.sign = sign
        self.path = path
        self.bound = bound
        general = OrderNode(sign, path, constant)
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        try frame.spend(1)
        let number: Double
        switch path.json(frame) {
        case .double(let value)?: number = value
        // Below 2^53 an integer is its double.
        case .int(let value)? where value.magnitude < 1 << 53: number = Double(value)
        default: return try general.truth(&frame)
        }
        switch sign {
        case .less: return number < bound
        case .lessOrEqual: return number <= bound
        case .greater: return number > bound
        default: return number >= bound
        }
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        Estimate(general.estimate(&scope).cost + 1)
    }
}

/// A text of the input against one or more constants.
final class PathTextNode: TruthNode {
    let path: PathNode
    let texts: [String]
    let negated: Bool
    private let general: any PlanNode

    init(_ path: PathNode, _ texts: [String], negated: Bool, general: any PlanNode) {
        self.path = path
        self.texts = texts
        self.negated = negated
        self.general = general
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        try frame.spend(texts.count)
        guard case .string(let text)? = path.json(frame) else {
            return try general.truth(&frame)
        }
        for candidate in texts where identical(candidate, text) { return !negated }
        return negated
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        Estimate(general.estimate(&scope).cost + Size(texts.count))
    }
}

/// Whether a value is among many constants.
final class ConstantSetNode: TruthNode {
    let element: any PlanNode
    let index: ValueIndex

    init(_ element: any PlanNode, _ constants: [ExpressionValue]) {
        self.element = element
        index = ValueIndex(constants: constants)
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        try frame.spend(1)
        return try index.contains(try element.value(&frame), &frame)
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let element = element.estimate(&scope)
        return Estimate(element.cost + ValueIndex.estimate(element.value) + 1)
    }
}

final class InNode: TruthNode {
    let element: any PlanNode
    let set: any PlanNode

    init(_ element: any PlanNode, _ set: any PlanNode) {
        self.element = element
        self.set = set
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        try frame.spend(1)
        let element = try element.value(&frame)
        let set = try set.value(&frame)
        if let count = set.elementCount {
            for index in 0..<count {
                try frame.spend(1)
                if try set.element(index).equals(element, &frame) { return true }
            }
            return false
        }
        guard set.memberCount != nil else {
            throw EvaluationError(.noSuchOverload, "a \(set.typeName) has no elements")
        }
        return try set.lookup(element, isField: false) != nil
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let (a, b) = (element.estimate(&scope), set.estimate(&scope))
        let each = min(a.value.weight, b.value.inside.weight) + 2
        return Estimate(a.cost + b.cost + b.value.count * each + 1)
    }
}
