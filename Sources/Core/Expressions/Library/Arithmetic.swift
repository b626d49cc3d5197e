/// Arithmetic; every overflow is an error.
enum Arithmetic {
    static let operators: [String: LibraryFunction] = [
        "+": LibraryFunction(
            { (bounds: [Bound]) in
                let (a, b) = (bounds[0], bounds[1])
                let text = a.text + b.text
                return Estimate(
                    text.read + a.count + b.count,
                    Bound(
                        text: text,
                        count: a.count + b.count,
                        weight: a.weight + b.weight + 1,
                        element: max(a.element, b.element)
                    )
                )
            },
            add
        ),
        "-": LibraryFunction(subtract), "*": LibraryFunction(multiply),
        "/": LibraryFunction(divide), "%": LibraryFunction(remainder),
    ]

    static let negation = LibraryFunction(negate)

    private static let add: Library.Body = { (arguments, frame) throws(EvaluationError) in
        switch (arguments[0], arguments[1]) {
        case (.int(let a), .int(let b)): return .int(try whole(a.addingReportingOverflow(b)))
        case (.uint(let a), .uint(let b)): return .uint(try whole(a.addingReportingOverflow(b)))
        case (.double(let a), .double(let b)): return .double(a + b)
        case (.string(let a), .string(let b)):
            try Texts.checkSize(a.utf8.count + b.utf8.count)
            try frame.read(a.utf8.count + b.utf8.count)
            return .string(a + b)
        case (.bytes(let a), .bytes(let b)):
            try Texts.checkSize(a.count + b.count)
            try frame.read(a.count + b.count)
            return .bytes(a + b)
        case (.timestamp(let a), .duration(let b)), (.duration(let b), .timestamp(let a)):
            return .timestamp(try inRange(a.adding(b)))
        case (.duration(let a), .duration(let b)):
            return .duration(try sum(a, b, sign: 1))
        default:
            guard let a = arguments[0].elementCount, let b = arguments[1].elementCount else {
                throw Library.noOverload("+", arguments)
            }
            try Lists.checkCount(a + b)
            try frame.spend(a + b)
            var elements: [ExpressionValue] = []
            elements.reserveCapacity(a + b)
            for index in 0..<a { elements.append(arguments[0].element(index)) }
            for index in 0..<b { elements.append(arguments[1].element(index)) }
            return .list(elements)
        }
    }

    private static let subtract: Library.Body = { (arguments, _) throws(EvaluationError) in
        switch (arguments[0], arguments[1]) {
        case (.int(let a), .int(let b)): return .int(try whole(a.subtractingReportingOverflow(b)))
        case (.uint(let a), .uint(let b)):
            return .uint(try whole(a.subtractingReportingOverflow(b)))
        case (.double(let a), .double(let b)): return .double(a - b)
        case (.timestamp(let a), .duration(let b)):
            return .timestamp(try inRange(a.adding(b, sign: -1)))
        case (.timestamp(let a), .timestamp(let b)):
            return .duration(
                try inRange(
                    Span(
                        seconds: a.seconds - b.seconds,
                        nanoseconds: Int64(a.nanoseconds) - Int64(b.nanoseconds)
                    )
                )
            )
        case (.duration(let a), .duration(let b)): return .duration(try sum(a, b, sign: -1))
        default: throw Library.noOverload("-", arguments)
        }
    }

    private static let multiply: Library.Body = { (arguments, _) throws(EvaluationError) in
        switch (arguments[0], arguments[1]) {
        case (.int(let a), .int(let b)):
            return .int(try whole(a.multipliedReportingOverflow(by: b)))
        case (.uint(let a), .uint(let b)):
            return .uint(try whole(a.multipliedReportingOverflow(by: b)))
        case (.double(let a), .double(let b)): return .double(a * b)
        default: throw Library.noOverload("*", arguments)
        }
    }

    private static let divide: Library.Body = { (arguments, _) throws(EvaluationError) in
        switch (arguments[0], arguments[1]) {
        case (.int(let a), .int(let b)):
            try checkDivisor(b == 0)
            return .int(try whole(a.dividedReportingOverflow(by: b)))
        case (.uint(let a), .uint(let b)):
            try checkDivisor(b == 0)
            return .uint(a / b)
        case (.double(let a), .double(let b)): return .double(a / b)
        default: throw Library.noOverload("/", arguments)
        }
    }

    private static let remainder: Library.Body = { (arguments, _) throws(EvaluationError) in
        switch (arguments[0], arguments[1]) {
        case (.int(let a), .int(let b)):
            try checkDivisor(b == 0)
            return .int(try whole(a.remainderReportingOverflow(dividingBy: b)))
        case (.uint(let a), .uint(let b)):
            try checkDivisor(b == 0)
            return .uint(a % b)
        default: throw Library.noOverload("%", arguments)
        }
    }

    private static let negate: Library.Body = { (arguments, _) throws(EvaluationError) in
        switch arguments[0] {
        case .int(let a): return .int(try whole(Int64(0).subtractingReportingOverflow(a)))
        case .double(let a): return .double(-a)
        default: throw Library.noOverload("-", arguments)
        }
    }

    private static func whole<Value>(
        _ result: (partialValue: Value, overflow: Bool)
    ) throws(EvaluationError) -> Value {
        if result.overflow { throw EvaluationError(.overflow, "the result is beyond 64 bits") }
        return result.partialValue
    }

    private static func inRange<Value>(_ value: Value?) throws(EvaluationError) -> Value {
        guard let value else {
            throw EvaluationError(.outOfRange, "the time is beyond what can be written")
        }
        return value
    }

    private static func sum(
        _ a: Span,
        _ b: Span,
        sign: Int64
    ) throws(EvaluationError) -> Span {
        try inRange(
            Span(
                seconds: a.seconds + sign * b.seconds,
                nanoseconds: Int64(a.nanoseconds) + sign * Int64(b.nanoseconds)
            )
        )
    }

    private static func checkDivisor(_ isZero: Bool) throws(EvaluationError) {
        if isZero { throw EvaluationError(.divisionByZero, "there is a division by zero") }
    }
}
