/// Why an expression has no value.
package struct EvaluationError: Error, Sendable, Equatable {
    package enum Code: String, Sendable {
        case noSuchOverload = "no_such_overload"
        case noSuchField = "no_such_field"
        case noSuchKey = "no_such_key"
        case outOfRange = "out_of_range"
        case overflow
        case divisionByZero = "division_by_zero"
        case invalidArgument = "invalid_argument"
        case cost = "cost_limit"
        case cancelled
        case unbound = "unbound_variable"
    }

    package let code: Code
    /// One sentence without a full stop; it holds no value of the input.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether no other operand can make up for it: the evaluation as a whole is over.
    var isFinal: Bool { code == .cost || code == .cancelled }
}
