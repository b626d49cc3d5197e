internal import Values

/// The standard functions, each on values whose types are known only now.
enum Library {
    typealias Function = @Sendable ([ExpressionValue]) throws(EvaluationError) -> ExpressionValue

    static func noOverload(_ name: String, _ arguments: [ExpressionValue]) -> EvaluationError {
        EvaluationError(
            .noSuchOverload,
            "'\(name)' does not take \(arguments.map(\.typeName).joined(separator: ", "))"
        )
    }

    static func expect(
        _ arguments: [ExpressionValue],
        count: Int,
        _ name: String
    ) throws(EvaluationError) {
        if arguments.count != count { throw noOverload(name, arguments) }
    }

    /// Functions called by name.
    static let functions: [String: Function] = Conversions.functions.merging(
        [
            "size": size, "dyn": itself, "type": type, "optional.of": optionalOf,
            "optional.none": optionalNone, "optional.ofNonZeroValue": optionalOfNonZeroValue,
        ],
        uniquingKeysWith: { first, _ in first }
    )

    /// Functions called on a value.
    static let methods: [String: Function] = TimeParts.methods.merging(
        [
            "size": size, "hasValue": hasValue, "value": valueOfOptional, "or": or,
            "orValue": orValue,
        ],
        uniquingKeysWith: { first, _ in first }
    )

    static let operators: [String: Function] = [
        "+": Arithmetic.add, "-": Arithmetic.subtract, "*": Arithmetic.multiply,
        "/": Arithmetic.divide, "%": Arithmetic.remainder,
    ]

    static let negate: Function = Arithmetic.negate

    static let matches: Function = { (arguments) throws(EvaluationError) in
        guard arguments.count == 2, case .string(let text) = arguments[0],
            case .string(let pattern) = arguments[1]
        else { throw noOverload("matches", arguments) }
        do {
            return .bool(try RegularExpression(pattern).matches(text))
        } catch {
            throw EvaluationError(.invalidArgument, "the pattern does not compile")
        }
    }

    private static let size: Function = { (arguments) throws(EvaluationError) in
        try expect(arguments, count: 1, "size")
        switch arguments[0] {
        case .string(let text): return .int(Int64(text.unicodeScalars.count))
        case .bytes(let bytes): return .int(Int64(bytes.count))
        default:
            guard let count = arguments[0].elementCount ?? arguments[0].memberCount else {
                throw noOverload("size", arguments)
            }
            return .int(Int64(count))
        }
    }

    private static let itself: Function = { (arguments) throws(EvaluationError) in
        try expect(arguments, count: 1, "dyn")
        return arguments[0]
    }

    private static let type: Function = { (arguments) throws(EvaluationError) in
        try expect(arguments, count: 1, "type")
        return .type(arguments[0].typeName)
    }

    private static let optionalOf: Function = { (arguments) throws(EvaluationError) in
        try expect(arguments, count: 1, "optional.of")
        return .optional(OptionalValue(arguments[0]))
    }

    private static let optionalNone: Function = { (arguments) throws(EvaluationError) in
        try expect(arguments, count: 0, "optional.none")
        return .optional(.none)
    }

    private static let optionalOfNonZeroValue: Function = {
        (arguments) throws(EvaluationError) in
        try expect(arguments, count: 1, "optional.ofNonZeroValue")
        return .optional(arguments[0].isZero ? .none : OptionalValue(arguments[0]))
    }

    private static let hasValue: Function = { (arguments) throws(EvaluationError) in
        .bool(try optional(arguments, count: 1, "hasValue").value != nil)
    }

    private static let valueOfOptional: Function = { (arguments) throws(EvaluationError) in
        guard let value = try optional(arguments, count: 1, "value").value else {
            throw EvaluationError(.invalidArgument, "the optional has no value")
        }
        return value
    }

    private static let or: Function = { (arguments) throws(EvaluationError) in
        try optional(arguments, count: 2, "or").value == nil ? arguments[1] : arguments[0]
    }

    private static let orValue: Function = { (arguments) throws(EvaluationError) in
        try optional(arguments, count: 2, "orValue").value ?? arguments[1]
    }

    private static func optional(
        _ arguments: [ExpressionValue],
        count: Int,
        _ name: String
    ) throws(EvaluationError) -> OptionalValue {
        guard arguments.count == count, case .optional(let optional) = arguments[0] else {
            throw noOverload(name, arguments)
        }
        return optional
    }

    /// Whether a text holds another, by their bytes.
    static func contains(_ text: String, _ part: String) -> Bool {
        var haystack = Array(text.utf8)[...]
        let needle = Array(part.utf8)
        guard let first = needle.first else { return true }
        while haystack.count >= needle.count, let at = haystack.firstIndex(of: first) {
            haystack = haystack[at...]
            if haystack.starts(with: needle) { return true }
            haystack = haystack.dropFirst()
        }
        return false
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
