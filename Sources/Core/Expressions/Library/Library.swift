internal import Values

/// A function of the library: what it does, and what that costs at most.
struct LibraryFunction: Sendable {
    /// Works on values whose types are known only now, and counts the steps it takes beyond one.
    typealias Body =
        @Sendable ([ExpressionValue], inout Frame) throws(EvaluationError) -> ExpressionValue

    let body: Body
    /// From what its arguments are at most; the same steps that the body counts, or more.
    let estimate: @Sendable ([Bound]) -> Estimate

    init(_ estimate: @escaping @Sendable ([Bound]) -> Estimate, _ body: @escaping Body) {
        self.body = body
        self.estimate = estimate
    }

    /// Takes one step whatever it is given.
    init(_ body: @escaping Body) { self.init({ _ in Estimate(0) }, body) }

    /// Takes one step, and gives one of its arguments or a part of one.
    static func passing(_ body: @escaping Body) -> LibraryFunction {
        LibraryFunction({ Estimate(0, Bound.joined($0)) }, body)
    }

    /// Takes one step, and gives an optional with one of its arguments or a part of one.
    static func wrapping(_ body: @escaping Body) -> LibraryFunction {
        LibraryFunction({ Estimate(0, Bound.joined($0).wrapped) }, body)
    }

    /// Reads the texts it is given, and gives a value of a small size.
    static func reading(_ body: @escaping Body) -> LibraryFunction {
        LibraryFunction({ Estimate(Bound.read($0), .text(64)) }, body)
    }

    /// Reads the texts it is given, and writes one that is so many times as long as all of them.
    static func writing(_ times: Size = 1, _ body: @escaping Body) -> LibraryFunction {
        LibraryFunction(
            {
                let text = $0.reduce(Size(64)) { $0 + $1.text } * times
                return Estimate(Bound.read($0) + text.read, .text(text))
            },
            body
        )
    }
}

extension Bound {
    static func joined(_ bounds: [Bound]) -> Bound {
        bounds.reduce(.scalar) { $0.joined(with: $1) }
    }

    /// The steps for reading every text once.
    static func read(_ bounds: [Bound]) -> Size { bounds.reduce(0) { $0 + $1.text.read } }
}

/// The functions by their names.
enum Library {
    typealias Body = LibraryFunction.Body

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
    static let functions: [String: LibraryFunction] = merged([
        Conversions.functions, basics, Optionals.functions, Texts.functions,
        MathFunctions.functions, Lists.functions, Sets.functions, Encoders.functions,
        Networks.functions, Patterns.functions,
    ])

    /// Functions called on a value; those on times need the zones.
    static let methods: [String: LibraryFunction] = merged([
        ["size": size], Optionals.methods, Texts.methods, Lists.methods, Networks.methods,
    ])

    static let operators: [String: LibraryFunction] = Arithmetic.operators

    private static func merged(
        _ parts: [[String: LibraryFunction]]
    ) -> [String: LibraryFunction] {
        parts.reduce(into: [:]) { all, part in
            all.merge(part) { _, _ in preconditionFailure("two functions have one name") }
        }
    }

    private static let basics: [String: LibraryFunction] = [
        "size": size,
        "dyn": .passing { (arguments, _) throws(EvaluationError) in
            try expect(arguments, count: 1, "dyn")
            return arguments[0]
        },
        "type": LibraryFunction { (arguments, _) throws(EvaluationError) in
            try expect(arguments, count: 1, "type")
            return .type(arguments[0].typeName)
        },
    ]

    private static let size = LibraryFunction.reading {
        (arguments, frame) throws(EvaluationError) in
        try expect(arguments, count: 1, "size")
        switch arguments[0] {
        case .string(let text):
            try frame.read(text.utf8.count)
            return .int(Int64(text.unicodeScalars.count))
        case .bytes(let bytes): return .int(Int64(bytes.count))
        default:
            guard let count = arguments[0].elementCount ?? arguments[0].memberCount else {
                throw noOverload("size", arguments)
            }
            return .int(Int64(count))
        }
    }
}

extension [ExpressionValue] {
    /// The text at a place; an error where there is none.
    func text(_ index: Int, _ name: String) throws(EvaluationError) -> String {
        guard index < count, case .string(let text) = self[index] else {
            throw Library.noOverload(name, self)
        }
        return text
    }

    func int(_ index: Int, _ name: String) throws(EvaluationError) -> Int64 {
        guard index < count, case .int(let value) = self[index] else {
            throw Library.noOverload(name, self)
        }
        return value
    }

    /// Fails unless there are so many.
    func expect(_ counts: ClosedRange<Int>, _ name: String) throws(EvaluationError) {
        if !counts.contains(count) { throw Library.noOverload(name, self) }
    }
}
