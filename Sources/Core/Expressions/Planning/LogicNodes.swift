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
        var failure: EvaluationError?
        do {
            if !(try left.truth(&frame)) { return false }
        } catch {
            failure = error
        }
        guard let failure else { return try right.truth(&frame) }
        if failure.code == .cost { throw failure }
        do {
            if !(try right.truth(&frame)) { return false }
        } catch {
            // Of two errors the first is told.
            throw failure
        }
        throw failure
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
        var failure: EvaluationError?
        do {
            if try left.truth(&frame) { return true }
        } catch {
            failure = error
        }
        guard let failure else { return try right.truth(&frame) }
        if failure.code == .cost { throw failure }
        do {
            if try right.truth(&frame) { return true }
        } catch {
            throw failure
        }
        throw failure
    }
}

final class NotNode: TruthNode {
    let operand: any PlanNode

    init(_ operand: any PlanNode) { self.operand = operand }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        !(try operand.truth(&frame))
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
        try condition.truth(&frame) ? try then.value(&frame) : try otherwise.value(&frame)
    }
}

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
        let equal = try left.value(&frame) == right.value(&frame)
        return equal != negated
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
        let order = try Self.order(try left.value(&frame), try right.value(&frame))
        switch sign {
        case .less: return order == .less
        case .lessOrEqual: return order == .less || order == .equal
        case .greater: return order == .greater
        default: return order == .greater || order == .equal
        }
    }

    static func order(
        _ left: ExpressionValue,
        _ right: ExpressionValue
    ) throws(EvaluationError) -> Numbers.Order {
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
                : a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars)
                    ? .less : .greater
        case (.bool(let a), .bool(let b)): return compare(a ? 1 : 0, b ? 1 : 0)
        case (.bytes(let a), .bytes(let b)):
            return a == b ? .equal : a.lexicographicallyPrecedes(b) ? .less : .greater
        case (.timestamp(let a), .timestamp(let b)):
            return a.seconds == b.seconds
                ? compare(a.nanoseconds, b.nanoseconds) : compare(a.seconds, b.seconds)
        case (.duration(let a), .duration(let b)):
            return a.seconds == b.seconds
                ? compare(a.nanoseconds, b.nanoseconds) : compare(a.seconds, b.seconds)
        default:
            throw EvaluationError(
                .noSuchOverload,
                "a \(left.typeName) and a \(right.typeName) have no order"
            )
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
        guard case .string(let text)? = path.json(frame) else {
            return try general.truth(&frame)
        }
        for candidate in texts where identical(candidate, text) { return !negated }
        return negated
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
        let element = try element.value(&frame)
        let set = try set.value(&frame)
        if let count = set.elementCount {
            try frame.spend(count)
            for index in 0..<count where set.element(index) == element { return true }
            return false
        }
        guard set.memberCount != nil else {
            throw EvaluationError(.noSuchOverload, "a \(set.typeName) has no elements")
        }
        return try set.lookup(element, isField: false) != nil
    }
}

final class ComprehensionNode: PlanNode {
    let kind: SyntaxNode.Comprehension.Kind
    let range: any PlanNode
    let predicate: (any PlanNode)?
    let transform: (any PlanNode)?

    init(
        _ kind: SyntaxNode.Comprehension.Kind,
        _ range: any PlanNode,
        predicate: (any PlanNode)?,
        transform: (any PlanNode)?
    ) {
        self.kind = kind
        self.range = range
        self.predicate = predicate
        self.transform = transform
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        switch kind {
        case .all, .exists, .existsOne: return .bool(try truth(&frame))
        case .map, .filter: return .list(try collected(&frame))
        }
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        switch kind {
        case .all: return try decided(&frame, by: false)
        case .exists: return try decided(&frame, by: true)
        case .existsOne: return try count(&frame) == 1
        case .map, .filter:
            throw EvaluationError(.noSuchOverload, "a condition's value is not a bool")
        }
    }

    /// Walks the elements with the variable set to each; the body says whether to go on.
    private func walk(
        _ frame: inout Frame,
        _ body: (inout Frame) throws(EvaluationError) -> Bool
    ) throws(EvaluationError) {
        var elements = try range.value(&frame)
        if elements.memberCount != nil { elements = .list(elements.keys) }
        guard let count = elements.elementCount else {
            throw EvaluationError(.noSuchOverload, "a \(elements.typeName) has no elements")
        }
        let place = frame.locals.count
        frame.locals.append(.null)
        defer { frame.locals.removeLast() }
        for index in 0..<count {
            try frame.spend(1)
            frame.locals[place] = elements.element(index)
            if !(try body(&frame)) { return }
        }
    }

    /// An element that decides makes errors of the others meaningless.
    private func decided(
        _ frame: inout Frame,
        by decisive: Bool
    ) throws(EvaluationError) -> Bool {
        guard let predicate else { return !decisive }
        var found = false
        var failure: EvaluationError?
        try walk(&frame) { (frame) throws(EvaluationError) in
            do throws(EvaluationError) {
                found = try predicate.truth(&frame) == decisive
            } catch {
                if error.code == .cost { throw error }
                failure = failure ?? error
            }
            return !found
        }
        if found { return decisive }
        if let failure { throw failure }
        return !decisive
    }

    private func count(_ frame: inout Frame) throws(EvaluationError) -> Int {
        guard let predicate else { return 0 }
        var count = 0
        try walk(&frame) { (frame) throws(EvaluationError) in
            if try predicate.truth(&frame) { count += 1 }
            return true
        }
        return count
    }

    private func collected(_ frame: inout Frame) throws(EvaluationError) -> [ExpressionValue] {
        var results: [ExpressionValue] = []
        try walk(&frame) { (frame) throws(EvaluationError) in
            if let predicate, !(try predicate.truth(&frame)) { return true }
            let place = frame.locals.count - 1
            results.append(try transform?.value(&frame) ?? frame.locals[place])
            return true
        }
        return results
    }
}

final class OptionalMapNode: PlanNode {
    let target: any PlanNode
    let body: any PlanNode
    let flat: Bool

    init(_ target: any PlanNode, body: any PlanNode, flat: Bool) {
        self.target = target
        self.body = body
        self.flat = flat
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        guard case .optional(let optional) = try target.value(&frame) else {
            throw EvaluationError(.noSuchOverload, "optMap() needs an optional")
        }
        guard let value = optional.value else { return .optional(.none) }
        frame.locals.append(value)
        defer { frame.locals.removeLast() }
        let result = try body.value(&frame)
        return flat ? result : .optional(OptionalValue(result))
    }
}
