internal import Expressions
internal import Values

/// What is known at one place of a flow: the steps done before it, and the items around it.
struct StepScope {
    /// A step whose end expressions may read.
    struct Known {
        let number: Int
        let id: String
        /// Nothing for a step without output.
        let output: ExpressionType?
        /// Whether the output is there whenever the place is reached.
        let isSure: Bool
        /// It failed, which is why the place is reached.
        let hasFailed: Bool
        /// Made once, since every step after it has it among its variables.
        fileprivate let type: ExpressionType

        init(
            number: Int,
            id: String,
            output: ExpressionType?,
            isSure: Bool,
            hasFailed: Bool = false
        ) {
            self.number = number
            self.id = id
            self.output = output
            self.isSure = isSure
            self.hasFailed = hasFailed
            var fields: [ObjectType.Field] = [.init("state", Self.states)]
            if let output, !hasFailed {
                fields.append(.init("output", output, isOptional: !isSure))
            }
            fields.append(.init("error", Self.error, isOptional: !hasFailed))
            type = .object(
                ObjectType(fields) { field in
                    guard field == "output" else { return nil }
                    return .init(
                        hasFailed
                            ? "the step '\(id)' has failed, so it has no output here"
                            : "the step '\(id)' gives no output",
                        fix: hasFailed ? "read 'steps.\(id).error'" : nil
                    )
                }
            )
        }

        /// The same as it is known where it may not have been done.
        func unless(_ isSure: Bool) -> Known {
            if isSure || !self.isSure { return self }
            return Known(number: number, id: id, output: output, isSure: false)
        }

        private static let states = ExpressionType.enumeration(
            .init(["succeeded", "skipped", "failed", "cancelled"])
        )
        private static let error = ExpressionType.object(
            ObjectType([
                .init("kind", .string), .init("status", .int, isOptional: true),
                .init("message", .string),
            ])
        )
    }

    /// One item of an `each` that the place is inside of.
    struct Item {
        let name: String
        let type: ExpressionType
    }

    var steps: [Known] = []
    /// Outermost first.
    var items: [Item] = []
    var path: [StepIndex.Turn] = []
    /// The step that the place is inside of.
    var parent: Int?

    /// The scope of one list of steps inside a step.
    func inside(_ block: Node, number: Int, kind: String, branch: String) -> StepScope {
        var scope = self
        scope.path.append(
            .init(block: block.range.offsets.lowerBound, kind: kind, branch: branch)
        )
        scope.parent = number
        return scope
    }

    /// The steps that are known here and not in an outer scope.
    func added(since outer: StepScope) -> [Known] { Array(steps.dropFirst(outer.steps.count)) }

    var numbers: [String: Int] {
        Dictionary(steps.map { ($0.id, $0.number) }, uniquingKeysWith: { first, _ in first })
    }

    /// The type of `steps`; `index` and `read` tell why a step is not among them.
    func type(_ index: StepIndex, read: Set<String>, open: Set<String>) -> ExpressionType {
        let path = path
        return .object(
            ObjectType(steps.map { .init($0.id, $0.type) }) { id in
                if open.contains(id) {
                    return .init("the step '\(id)' is not done yet: this stands in it", fix: nil)
                }
                return index.absence(of: id, at: path, read: read)
            }
        )
    }
}

/// What the expressions of one place are compiled against.
struct StepEnvironment {
    let expressions: ExpressionEnvironment
    /// The numbers of the steps known there.
    let numbers: [String: Int]

    /// The steps that a program reads, and `Flow.inputRead` where it reads the input.
    func reads(_ program: Program) -> Set<Int> {
        let use = program.uses(of: "steps")
        let steps =
            use.isWhole ? Set(numbers.values) : Set(use.fields.compactMap { numbers[$0] })
        let input = program.uses(of: "input")
        return input.isWhole || !input.fields.isEmpty ? steps.union([Flow.inputRead]) : steps
    }
}
