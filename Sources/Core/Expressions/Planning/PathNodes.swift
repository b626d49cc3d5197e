internal import Values

final class VariableNode: PlanNode {
    let slot: Int
    let name: String
    let type: ExpressionType
    let numbers: NumberReading

    init(slot: Int, name: String, type: ExpressionType, numbers: NumberReading) {
        self.slot = slot
        self.name = name
        self.type = type
        self.numbers = numbers
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        try frame.spend(1)
        guard let value = frame.bindings[slot] else {
            throw EvaluationError(.unbound, "'\(name)' has no value here")
        }
        return try numbers.read(value, &frame)
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let bound = scope.bounds.bound(of: type)
        return Estimate(1 + numbers.estimate(bound), bound)
    }
}

/// The variable of a comprehension, or the value of an optional.
final class LocalNode: PlanNode {
    let place: Int
    let numbers: NumberReading

    init(place: Int, numbers: NumberReading) {
        self.place = place
        self.numbers = numbers
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        try numbers.read(frame.locals[place] ?? .null, &frame)
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        Estimate(numbers.estimate(scope.locals[place]), scope.locals[place])
    }
}

/// Fields of a variable, one inside the other, read without wrapping what lies between.
final class PathNode: PlanNode {
    let slot: Int
    let name: String
    let fields: [String]
    let type: ExpressionType
    let numbers: NumberReading

    init(
        slot: Int,
        name: String,
        fields: [String],
        type: ExpressionType,
        numbers: NumberReading
    ) {
        self.slot = slot
        self.name = name
        self.fields = fields
        self.type = type
        self.numbers = numbers
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        try frame.spend(fields.count)
        if let json = json(frame) { return try numbers.read(ExpressionValue(json), &frame) }
        guard var value = frame.bindings[slot] else {
            throw EvaluationError(.unbound, "'\(name)' has no value here")
        }
        for field in fields { value = try value.field(field) }
        return try numbers.read(value, &frame)
    }

    /// The place inside a JSON object, where all the way is JSON.
    func json(_ frame: borrowing Frame) -> JSON? {
        guard case .object(let object)? = frame.bindings[slot] else { return nil }
        var next = object[fields[0]]
        for index in 1..<max(1, fields.count) { next = next?[fields[index]] }
        return next
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let bound = scope.bounds.bound(of: type)
        return Estimate(Size(fields.count) + numbers.estimate(bound), bound)
    }
}

final class FieldNode: PlanNode {
    let operand: any PlanNode
    let field: String
    let type: ExpressionType?
    let numbers: NumberReading

    init(
        _ operand: any PlanNode,
        _ field: String,
        type: ExpressionType?,
        numbers: NumberReading
    ) {
        self.operand = operand
        self.field = field
        self.type = type
        self.numbers = numbers
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        try frame.spend(1)
        return try numbers.read(try operand.value(&frame).field(field), &frame)
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let operand = operand.estimate(&scope)
        // A field of an optional is one too.
        let bound = operand.value.inside.wrapped.narrowed(to: type)
        return Estimate(operand.cost + 1 + numbers.estimate(bound), bound)
    }
}

/// `a.?b` and `a[?b]`.
final class OptionalFieldNode: PlanNode {
    let operand: any PlanNode
    let key: any PlanNode
    /// A null counts as absent.
    let nullIsAbsent: Bool
    let isField: Bool
    let numbers: NumberReading

    init(
        _ operand: any PlanNode,
        _ key: any PlanNode,
        nullIsAbsent: Bool,
        isField: Bool,
        numbers: NumberReading
    ) {
        self.operand = operand
        self.key = key
        self.nullIsAbsent = nullIsAbsent
        self.isField = isField
        self.numbers = numbers
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        try frame.spend(1)
        var target = try operand.value(&frame)
        if case .optional(let optional) = target {
            guard let inner = optional.value else { return target }
            target = inner
        }
        let key = try key.value(&frame)
        let found = try target.lookup(key, isField: isField)
        if nullIsAbsent, case .null? = found { return .optional(.none) }
        guard let found else { return .optional(.none) }
        return .optional(OptionalValue(try numbers.read(found, &frame)))
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let operand = operand.estimate(&scope)
        let bound = operand.value.inside.wrapped
        return Estimate(
            operand.cost + key.estimate(&scope).cost + 1 + numbers.estimate(bound),
            bound
        )
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
        try frame.spend(1)
        var target = try operand.value(&frame)
        if case .optional(let optional) = target {
            guard let inner = optional.value else { return false }
            target = inner
        }
        let found = try target.lookup(.string(field), isField: true)
        if nullIsAbsent, case .null? = found { return false }
        return found != nil
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        Estimate(operand.estimate(&scope).cost + 1)
    }
}

final class IndexNode: PlanNode {
    let operand: any PlanNode
    let key: any PlanNode
    let type: ExpressionType?
    let numbers: NumberReading

    init(
        _ operand: any PlanNode,
        _ key: any PlanNode,
        type: ExpressionType?,
        numbers: NumberReading
    ) {
        self.operand = operand
        self.key = key
        self.type = type
        self.numbers = numbers
    }

    func value(_ frame: inout Frame) throws(EvaluationError) -> ExpressionValue {
        try frame.spend(1)
        let target = try operand.value(&frame)
        let key = try key.value(&frame)
        if case .optional(let optional) = target {
            guard let inner = optional.value else { return target }
            let found = OptionalValue(try inner.lookup(key, isField: false))
            return try numbers.read(.optional(found), &frame)
        }
        if let found = try target.lookup(key, isField: false) {
            return try numbers.read(found, &frame)
        }
        throw target.elementCount == nil
            ? EvaluationError(.noSuchKey, "there is no such key")
            : EvaluationError(.outOfRange, "the index is out of range")
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let operand = operand.estimate(&scope)
        let bound = operand.value.inside.wrapped.narrowed(to: type)
        return Estimate(
            operand.cost + key.estimate(&scope).cost + 1 + numbers.estimate(bound),
            bound
        )
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
            if let whole = Int64(exactly: value) { return member(.int(whole)) }
            return UInt64(exactly: value).flatMap { member(.uint($0)) }
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
