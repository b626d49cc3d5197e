internal import Values

/// How numbers of the input are read where their type is known.
///
/// JSON writes 20 for a `number` and may write 20.0 for an `integer`; the first is a double here
/// and the second an int, whatever they look like.
enum NumberReading: Sendable {
    case asTheyAre
    case double
    case int
    /// Elements of a list.
    case doubles
    case ints

    init(_ type: ExpressionType?) {
        switch type {
        case .double?, .optional(.double)?: self = .double
        case .int?, .optional(.int)?: self = .int
        case .list(.double)?, .optional(.list(.double))?: self = .doubles
        case .list(.int)?, .optional(.list(.int))?: self = .ints
        default: self = .asTheyAre
        }
    }

    @inline(__always)
    func read(
        _ value: ExpressionValue,
        _ frame: inout Frame
    ) throws(EvaluationError) -> ExpressionValue {
        if case .asTheyAre = self { return value }
        return try converted(value, &frame)
    }

    private func converted(
        _ value: ExpressionValue,
        _ frame: inout Frame
    ) throws(EvaluationError) -> ExpressionValue {
        switch (self, value) {
        case (.double, .int(let whole)): return .double(Double(whole))
        case (.double, .uint(let whole)): return .double(Double(whole))
        case (.int, .double(let number)):
            return Int64(exactly: number).map(ExpressionValue.int) ?? value
        case (_, .optional(let optional)):
            guard let inner = optional.value else { return value }
            return .optional(OptionalValue(try converted(inner, &frame)))
        case (.doubles, .array(let elements)), (.ints, .array(let elements)):
            try frame.spend(elements.count)
            if elements.allSatisfy(isRight) { return value }
            let one = one
            var converted: [ExpressionValue] = []
            converted.reserveCapacity(elements.count)
            for element in elements {
                converted.append(try one.converted(ExpressionValue(element), &frame))
            }
            return .list(converted)
        default: return value
        }
    }

    private var one: NumberReading { if case .doubles = self { .double } else { .int } }

    private func isRight(_ element: JSON) -> Bool {
        switch (self, element) {
        case (.doubles, .int), (.doubles, .uint), (.ints, .double): false
        default: true
        }
    }

    /// The steps of reading a value that is at most that.
    func estimate(_ bound: Bound) -> Size {
        switch self {
        case .doubles, .ints: bound.count
        case .asTheyAre, .double, .int: 0
        }
    }
}
