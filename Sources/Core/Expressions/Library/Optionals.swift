/// Functions on values that may be missing.
enum Optionals {
    static let functions: [String: LibraryFunction] = [
        "optional.of": .wrapping { (arguments, _) throws(EvaluationError) in
            try arguments.expect(1...1, "optional.of")
            return .optional(OptionalValue(arguments[0]))
        },
        "optional.none": LibraryFunction { (arguments, _) throws(EvaluationError) in
            try arguments.expect(0...0, "optional.none")
            return .optional(.none)
        },
        "optional.ofNonZeroValue": .wrapping { (arguments, _) throws(EvaluationError) in
            try arguments.expect(1...1, "optional.ofNonZeroValue")
            return .optional(arguments[0].isZero ? .none : OptionalValue(arguments[0]))
        },
        "optional.unwrap": unwrap("optional.unwrap"),
    ]

    static let methods: [String: LibraryFunction] = [
        "hasValue": .passing { (arguments, _) throws(EvaluationError) in
            .bool(try optional(arguments, count: 1, "hasValue").value != nil)
        },
        "value": .passing { (arguments, _) throws(EvaluationError) in
            guard let value = try optional(arguments, count: 1, "value").value else {
                throw EvaluationError(.invalidArgument, "the optional has no value")
            }
            return value
        },
        "or": .passing { (arguments, _) throws(EvaluationError) in
            let first = try optional(arguments, count: 2, "or")
            guard case .optional = arguments[1] else {
                throw Library.noOverload("or", arguments)
            }
            return first.value == nil ? arguments[1] : arguments[0]
        },
        "orValue": .passing { (arguments, _) throws(EvaluationError) in
            try optional(arguments, count: 2, "orValue").value ?? arguments[1]
        },
        "unwrapOpt": unwrap("unwrapOpt"),
    ]

    private static func optional(
        _ arguments: [ExpressionValue],
        count: Int,
        _ name: String
    ) throws(EvaluationError) -> OptionalValue {
        guard arguments.count == count, case .optional(let optional) = arguments[0] else {
            throw Library.noOverload(name, arguments)
        }
        return optional
    }

    /// The values of a list of optionals, those that have none left out.
    private static func unwrap(_ name: String) -> LibraryFunction {
        LibraryFunction(
            { Estimate($0[0].count, $0[0]) },
            { (arguments, frame) throws(EvaluationError) in
                guard arguments.count == 1, let count = arguments[0].elementCount else {
                    throw Library.noOverload(name, arguments)
                }
                try frame.spend(count)
                var values: [ExpressionValue] = []
                for index in 0..<count {
                    guard case .optional(let optional) = arguments[0].element(index) else {
                        throw Library.noOverload(name, arguments)
                    }
                    if let value = optional.value { values.append(value) }
                }
                return .list(values)
            }
        )
    }
}

extension ExpressionValue {
    /// Whether this is the value its type begins with.
    fileprivate var isZero: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .int(let value): value == 0
        case .uint(let value): value == 0
        case .double(let value): value == 0
        case .string(let value): value.isEmpty
        case .bytes(let value): value.isEmpty
        case .duration(let value): value.seconds == 0 && value.nanoseconds == 0
        case .timestamp(let value): value.seconds == 0 && value.nanoseconds == 0
        case .optional(let value): value.value == nil
        default: (elementCount ?? memberCount) == 0
        }
    }
}
