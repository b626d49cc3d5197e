/// How much one evaluation may do.
package struct CostLimit: Sendable {
    /// Steps; an evaluation that needs more ends in an error.
    package var steps: Int
    /// Asked every `Limits.stepsBetweenChecks` steps; when it says so, the evaluation ends.
    package var isCancelled: (@Sendable () -> Bool)?

    package init(steps: Int = Limits.cost, isCancelled: (@Sendable () -> Bool)? = nil) {
        self.steps = steps
        self.isCancelled = isCancelled
    }
}

/// What an evaluation came to and what it cost.
package struct Evaluation: Sendable {
    package let result: Result<ExpressionValue, EvaluationError>
    /// Steps taken, also when it has no value.
    package let cost: Int
}

/// What one evaluation works on.
struct Frame {
    let bindings: [ExpressionValue?]
    /// Variables of comprehensions and bindings by their places; made when the first is set.
    private(set) var locals: [ExpressionValue?] = []
    /// Why bound values have none, by their places.
    private var failures: [Int: EvaluationError]?
    private let localCount: Int
    private(set) var cost = 0
    private var stop: Int
    private let limit: CostLimit?

    /// Without a limit of its own, it is `Limits.cost`.
    init(bindings: [ExpressionValue?], locals: Int, limit: CostLimit? = nil) {
        self.limit = limit
        self.bindings = bindings
        localCount = locals
        stop = limit.map { min($0.steps, Limits.stepsBetweenChecks) } ?? Limits.cost
    }

    /// Counts steps against the limit, so that no expression runs for long.
    @inline(__always)
    mutating func spend(_ steps: Int) throws(EvaluationError) {
        cost &+= steps
        if cost > stop { try pause() }
    }

    /// Counts the reading or writing of so many bytes.
    @inline(__always)
    mutating func read(_ bytes: Int) throws(EvaluationError) {
        try spend(Work.bytes(bytes))
    }

    @inline(never)
    private mutating func pause() throws(EvaluationError) {
        let most = limit?.steps ?? Limits.cost
        if cost > most {
            throw EvaluationError(.cost, "the expression takes more than \(most) steps")
        }
        if limit?.isCancelled?() == true {
            throw EvaluationError(.cancelled, "the evaluation was cancelled")
        }
        stop = min(most, cost + Limits.stepsBetweenChecks)
    }

    @inline(__always)
    mutating func set(_ place: Int, _ value: ExpressionValue) {
        if locals.isEmpty { locals = Array(repeating: nil, count: localCount) }
        locals[place] = value
    }

    /// Forgets what was bound at a place, before it is bound anew.
    mutating func clear(_ place: Int) {
        if locals.isEmpty { locals = Array(repeating: nil, count: localCount) }
        locals[place] = nil
        if failures != nil { failures?[place] = nil }
    }

    func failure(at place: Int) -> EvaluationError? { failures?[place] }

    mutating func fail(_ place: Int, _ error: EvaluationError) {
        failures = failures ?? [:]
        failures?[place] = error
    }
}
