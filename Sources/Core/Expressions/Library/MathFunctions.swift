/// The math extension.
enum MathFunctions {
    static let functions: [String: LibraryFunction] = {
        var all: [String: LibraryFunction] = [
            "math.greatest": extreme("math.greatest", .greater),
            "math.least": extreme("math.least", .less),
            "math.ceil": rounding("math.ceil", .up),
            "math.floor": rounding("math.floor", .down),
            "math.round": rounding("math.round", .toNearestOrAwayFromZero),
            "math.trunc": rounding("math.trunc", .towardZero),
            "math.isNaN": test("math.isNaN", \.isNaN),
            "math.isInf": test("math.isInf", \.isInfinite),
            "math.isFinite": test("math.isFinite", \.isFinite),
            "math.abs": abs, "math.sign": sign, "math.sqrt": squareRoot, "math.bitNot": bitNot,
            "math.bitShiftLeft": shift("math.bitShiftLeft", { $0 << $1 }),
            "math.bitShiftRight": shift("math.bitShiftRight", { $0 >> $1 }),
        ]
        all["math.bitAnd"] = bits("math.bitAnd", &)
        all["math.bitOr"] = bits("math.bitOr", |)
        all["math.bitXor"] = bits("math.bitXor", ^)
        return all
    }()

    /// The first of several, or of a list, that no other is beyond.
    private static func extreme(_ name: String, _ wanted: Numbers.Order) -> LibraryFunction {
        LibraryFunction(
            { Estimate(Bound.joined($0).count + Size($0.count)) },
            { (arguments, frame) throws(EvaluationError) in
                var values = arguments
                if arguments.count == 1, let count = arguments[0].elementCount {
                    try frame.spend(count)
                    values = (0..<count).map(arguments[0].element)
                }
                guard var best = values.first else {
                    throw EvaluationError(.invalidArgument, "\(name)() needs a number")
                }
                for value in values {
                    switch value {
                    case .int, .uint, .double: break
                    default: throw Library.noOverload(name, arguments)
                    }
                    if Numbers.order(value, best) == wanted { best = value }
                }
                return best
            }
        )
    }

    private static func rounding(
        _ name: String,
        _ rule: FloatingPointRoundingRule
    ) -> LibraryFunction {
        LibraryFunction { (arguments, _) throws(EvaluationError) in
            guard arguments.count == 1, case .double(let value) = arguments[0] else {
                throw Library.noOverload(name, arguments)
            }
            return .double(value.rounded(rule))
        }
    }

    private static func test(
        _ name: String,
        _ holds: @escaping @Sendable (Double) -> Bool
    ) -> LibraryFunction {
        LibraryFunction { (arguments, _) throws(EvaluationError) in
            guard arguments.count == 1, case .double(let value) = arguments[0] else {
                throw Library.noOverload(name, arguments)
            }
            return .bool(holds(value))
        }
    }

    private static let abs = LibraryFunction { (arguments, _) throws(EvaluationError) in
        try arguments.expect(1...1, "math.abs")
        switch arguments[0] {
        case .int(let value):
            guard value != .min else {
                throw EvaluationError(.overflow, "the result is beyond 64 bits")
            }
            return .int(Swift.abs(value))
        case .uint: return arguments[0]
        case .double(let value): return .double(value.magnitude)
        default: throw Library.noOverload("math.abs", arguments)
        }
    }

    private static let sign = LibraryFunction { (arguments, _) throws(EvaluationError) in
        try arguments.expect(1...1, "math.sign")
        switch arguments[0] {
        case .int(let value): return .int(value.signum())
        case .uint(let value): return .uint(value == 0 ? 0 : 1)
        case .double(let value):
            return .double(value.isNaN || value == 0 ? value : value < 0 ? -1 : 1)
        default: throw Library.noOverload("math.sign", arguments)
        }
    }

    private static let squareRoot = LibraryFunction { (arguments, _) throws(EvaluationError) in
        try arguments.expect(1...1, "math.sqrt")
        switch arguments[0] {
        case .int(let value): return .double(Double(value).squareRoot())
        case .uint(let value): return .double(Double(value).squareRoot())
        case .double(let value): return .double(value.squareRoot())
        default: throw Library.noOverload("math.sqrt", arguments)
        }
    }

    private static func bits(
        _ name: String,
        _ combine: @escaping @Sendable (UInt64, UInt64) -> UInt64
    ) -> LibraryFunction {
        LibraryFunction { (arguments, _) throws(EvaluationError) in
            try arguments.expect(2...2, name)
            switch (arguments[0], arguments[1]) {
            case (.int(let a), .int(let b)):
                return .int(
                    Int64(bitPattern: combine(UInt64(bitPattern: a), UInt64(bitPattern: b)))
                )
            case (.uint(let a), .uint(let b)): return .uint(combine(a, b))
            default: throw Library.noOverload(name, arguments)
            }
        }
    }

    private static let bitNot = LibraryFunction { (arguments, _) throws(EvaluationError) in
        try arguments.expect(1...1, "math.bitNot")
        switch arguments[0] {
        case .int(let value): return .int(~value)
        case .uint(let value): return .uint(~value)
        default: throw Library.noOverload("math.bitNot", arguments)
        }
    }

    /// Shifts bits, an int's sign like any other; 64 and more leave none.
    private static func shift(
        _ name: String,
        _ shifted: @escaping @Sendable (UInt64, UInt64) -> UInt64
    ) -> LibraryFunction {
        LibraryFunction { (arguments, _) throws(EvaluationError) in
            try arguments.expect(2...2, name)
            let by = try arguments.int(1, name)
            guard by >= 0 else {
                throw EvaluationError(.invalidArgument, "bits are not shifted by less than 0")
            }
            switch arguments[0] {
            case .int(let value):
                return .int(Int64(bitPattern: shifted(UInt64(bitPattern: value), UInt64(by))))
            case .uint(let value): return .uint(shifted(value, UInt64(by)))
            default: throw Library.noOverload(name, arguments)
            }
        }
    }
}
