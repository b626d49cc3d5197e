internal import Values

/// What one evaluation works on.
struct Frame {
    let bindings: [ExpressionValue?]
    /// Comprehension variables, by their depth.
    var locals: [ExpressionValue] = []
    private var cost = 0

    init(bindings: [ExpressionValue?]) { self.bindings = bindings }

    /// Counts steps against the limit, so that no expression runs for long.
    mutating func spend(_ steps: Int) throws(EvaluationError) {
        cost += steps
        if cost > Limits.cost {
            throw EvaluationError(.cost, "the expression takes more than \(Limits.cost) steps")
        }
    }
}

/// One step of a plan: names, fields and functions are settled, only values are missing.
protocol PlanNode: AnyObject, Sendable {
    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue
    /// The value where a condition is needed.
    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool
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
}

/// What has no value, known before it is evaluated.
final class FailureNode: PlanNode {
    let error: EvaluationError

    init(_ error: EvaluationError) { self.error = error }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue { throw error }
}

final class VariableNode: PlanNode {
    let slot: Int
    let name: String

    init(slot: Int, name: String) {
        self.slot = slot
        self.name = name
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        guard let value = frame.bindings[slot] else {
            throw EvaluationError(.unbound, "'\(name)' has no value here")
        }
        return value
    }
}

final class LocalNode: PlanNode {
    let depth: Int

    init(depth: Int) { self.depth = depth }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        frame.locals[depth]
    }
}

/// Fields of a variable, one inside the other, read without wrapping what lies between.
final class PathNode: PlanNode {
    let slot: Int
    let name: String
    let fields: [String]

    init(slot: Int, name: String, fields: [String]) {
        self.slot = slot
        self.name = name
        self.fields = fields
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        if let json = json(frame) { return ExpressionValue(json) }
        guard var value = frame.bindings[slot] else {
            throw EvaluationError(.unbound, "'\(name)' has no value here")
        }
        for field in fields { value = try value.field(field) }
        return value
    }

    /// The place inside a JSON object, where all the way is JSON.
    func json(_ frame: borrowing Frame) -> JSON? {
        guard case .object(let object)? = frame.bindings[slot] else { return nil }
        var next = object[fields[0]]
        for index in 1..<max(1, fields.count) { next = next?[fields[index]] }
        return next
    }
}

final class FieldNode: PlanNode {
    let operand: any PlanNode
    let field: String

    init(_ operand: any PlanNode, _ field: String) {
        self.operand = operand
        self.field = field
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        try operand.value(&frame).field(field)
    }
}

final class OptionalFieldNode: PlanNode {
    let operand: any PlanNode
    let key: any PlanNode
    /// A null counts as absent.
    let nullIsAbsent: Bool
    let isField: Bool

    init(_ operand: any PlanNode, _ key: any PlanNode, nullIsAbsent: Bool, isField: Bool) {
        self.operand = operand
        self.key = key
        self.nullIsAbsent = nullIsAbsent
        self.isField = isField
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        var target = try operand.value(&frame)
        if case .optional(let optional) = target {
            guard let inner = optional.value else { return target }
            target = inner
        }
        let key = try key.value(&frame)
        let found = try target.lookup(key, isField: isField)
        if nullIsAbsent, case .null? = found { return .optional(.none) }
        return .optional(OptionalValue(found))
    }
}

/// `has(x.f)`.
final class HasNode: TruthNode {
    let operand: any PlanNode
    let field: String
    let nullIsAbsent: Bool

    init(_ operand: any PlanNode, _ field: String, nullIsAbsent: Bool) {
        self.operand = operand
        self.field = field
        self.nullIsAbsent = nullIsAbsent
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        var target = try operand.value(&frame)
        if case .optional(let optional) = target {
            guard let inner = optional.value else { return false }
            target = inner
        }
        let found = try target.lookup(.string(field), isField: true)
        if nullIsAbsent, case .null? = found { return false }
        return found != nil
    }
}

final class IndexNode: PlanNode {
    let operand: any PlanNode
    let key: any PlanNode

    init(_ operand: any PlanNode, _ key: any PlanNode) {
        self.operand = operand
        self.key = key
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        let target = try operand.value(&frame)
        let key = try key.value(&frame)
        if case .optional(let optional) = target {
            guard let inner = optional.value else { return target }
            return .optional(OptionalValue(try inner.lookup(key, isField: false)))
        }
        if let found = try target.lookup(key, isField: false) { return found }
        throw target.elementCount == nil
            ? EvaluationError(.noSuchKey, "there is no such key")
            : EvaluationError(.outOfRange, "the index is out of range")
    }
}

extension ExpressionValue {
    /// The value of a field that must be there.
    func field(_ name: String) throws(EvaluationError) -> ExpressionValue {
        if case .optional(let optional) = self {
            guard let inner = optional.value else { return self }
            return .optional(OptionalValue(try inner.lookup(.string(name), isField: true)))
        }
        if let value = try lookup(.string(name), isField: true) { return value }
        throw EvaluationError(.noSuchField, "the field '\(name)' is absent")
    }

    /// The member or element at a key; nothing when there is none.
    func lookup(
        _ key: ExpressionValue,
        isField: Bool
    ) throws(EvaluationError) -> ExpressionValue? {
        if let count = elementCount, !isField {
            guard let index = key.wholeIndex else {
                throw EvaluationError(.invalidArgument, "a list is indexed by a whole number")
            }
            return index >= 0 && index < count ? element(Int(index)) : nil
        }
        guard memberCount != nil else {
            throw EvaluationError(.noSuchOverload, "a \(typeName) has no fields")
        }
        switch key {
        case .bool, .int, .uint, .string: return member(key)
        case .double(let value):
            return Int64(exactly: value).flatMap { member(.int($0)) }
        default: throw EvaluationError(.noSuchOverload, "a \(key.typeName) is no key of a map")
        }
    }

    private var wholeIndex: Int64? {
        switch self {
        case .int(let value): value
        case .uint(let value): Int64(exactly: value) ?? .max
        case .double(let value): Int64(exactly: value)
        default: nil
        }
    }
}
