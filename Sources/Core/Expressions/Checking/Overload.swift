/// One form of a function: what it takes and what it gives.
struct Overload: Sendable {
    let name: String
    let isMethod: Bool
    let parameters: [ExpressionType]
    let result: ExpressionType
    /// Whether it has type parameters.
    let isGeneric: Bool

    init(_ name: String, _ parameters: [ExpressionType], _ result: ExpressionType) {
        self.name = name
        isMethod = false
        self.parameters = parameters
        self.result = result
        isGeneric = (parameters + [result]).contains(where: \.hasParameter)
    }

    /// A function called on its first parameter.
    init(method name: String, _ parameters: [ExpressionType], _ result: ExpressionType) {
        self.name = name
        isMethod = true
        self.parameters = parameters
        self.result = result
        isGeneric = (parameters + [result]).contains(where: \.hasParameter)
    }
}

extension Overload {
    static let a = ExpressionType.parameter("A")
    static let b = ExpressionType.parameter("B")

    /// The standard functions and operators by name.
    static let standard: [String: [Overload]] = Dictionary(
        grouping: operators + conversions + texts + times + optionals + extensions,
        by: \.name
    )

    private static let operators: [Overload] = {
        var all: [Overload] = []
        for type in [ExpressionType.int, .uint, .double] {
            for name in ["+", "-", "*", "/"] { all.append(Overload(name, [type, type], type)) }
        }
        for type in [ExpressionType.int, .uint] { all.append(Overload("%", [type, type], type)) }
        for type in [ExpressionType.string, .bytes, .list(a)] {
            all.append(Overload("+", [type, type], type))
        }
        all += [
            Overload("+", [.timestamp, .duration], .timestamp),
            Overload("+", [.duration, .timestamp], .timestamp),
            Overload("+", [.duration, .duration], .duration),
            Overload("-", [.timestamp, .timestamp], .duration),
            Overload("-", [.timestamp, .duration], .timestamp),
            Overload("-", [.duration, .duration], .duration),
            Overload("-_", [.int], .int), Overload("-_", [.double], .double),
            Overload("in", [a, .list(a)], .bool), Overload("in", [a, .map(a, b)], .bool),
        ]
        let ordered: [ExpressionType] = [
            .bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration,
        ]
        let numbers: [ExpressionType] = [.int, .uint, .double]
        for name in ["<", "<=", ">", ">="] {
            for type in ordered { all.append(Overload(name, [type, type], .bool)) }
            for left in numbers {
                for right in numbers where left != right {
                    all.append(Overload(name, [left, right], .bool))
                }
            }
        }
        for type in [ExpressionType.string, .bytes, .list(a), .map(a, b)] {
            all.append(Overload("size", [type], .int))
            all.append(Overload(method: "size", [type], .int))
        }
        return all
    }()

    private static let conversions: [Overload] = {
        let sources: [(String, ExpressionType, [ExpressionType])] = [
            ("int", .int, [.int, .uint, .double, .string, .timestamp, .duration]),
            ("uint", .uint, [.int, .uint, .double, .string]),
            ("double", .double, [.int, .uint, .double, .string]),
            ("bool", .bool, [.bool, .string]),
            (
                "string", .string,
                [
                    .string, .int, .uint, .double, .bool, .bytes, .timestamp, .duration, .address,
                    .network,
                ]
            ),
            ("bytes", .bytes, [.bytes, .string]),
            ("timestamp", .timestamp, [.timestamp, .string, .int]),
            ("duration", .duration, [.duration, .string, .int]),
        ]
        return sources.flatMap { name, result, types in
            types.map { Overload(name, [$0], result) }
        } + [Overload("dyn", [a], .dyn), Overload("type", [a], .type(a))]
    }()

    private static let texts: [Overload] =
        ["contains", "startsWith", "endsWith", "matches"].map {
            Overload(method: $0, [.string, .string], .bool)
        } + [Overload("matches", [.string, .string], .bool)]

    private static let times: [Overload] = {
        let both = ["getHours", "getMinutes", "getSeconds", "getMilliseconds"]
        let dates = [
            "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear",
        ]
        return both.map { Overload(method: $0, [.duration], .int) }
            + (both + dates).flatMap {
                [
                    Overload(method: $0, [.timestamp], .int),
                    Overload(method: $0, [.timestamp, .string], .int),
                ]
            }
    }()

    private static let optionals: [Overload] = [
        Overload("optional.of", [a], .optional(a)),
        Overload("optional.ofNonZeroValue", [a], .optional(a)),
        Overload("optional.none", [], .optional(a)),
        Overload(method: "hasValue", [.optional(a)], .bool),
        Overload(method: "value", [.optional(a)], a),
        Overload(method: "or", [.optional(a), .optional(a)], .optional(a)),
        Overload(method: "orValue", [.optional(a), a], a),
        Overload("optional.unwrap", [.list(.optional(a))], .list(a)),
        Overload(method: "unwrapOpt", [.list(.optional(a))], .list(a)),
    ]
}

extension ExpressionType {
    fileprivate var hasParameter: Bool {
        if case .parameter = self { return true }
        return parts.contains(where: \.hasParameter)
    }
}
