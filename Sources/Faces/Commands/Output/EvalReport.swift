internal import Expressions
internal import Values

/// What an expression came to, as `eval` prints it.
struct EvalReport: Sendable {
    let program: Program
    let evaluation: Evaluation
    /// Each part and what it came to, outermost first, where that was asked for or it failed.
    let operands: [Operand]

    private static let bounds = InputBounds()
    /// Below this neither a part's text nor its value is cut.
    private static let narrowest = 24

    /// The steps that no evaluation takes more of; nothing where that cannot be told.
    private var estimate: Int? {
        let steps = program.estimatedCost(Self.bounds)
        return steps == .max ? nil : steps
    }

    /// Why it has no value, and at which place.
    var failure: Diagnostic? {
        guard case .failure(let error) = evaluation.result else { return nil }
        return Diagnostic(error.message, at: place(of: error))
    }

    /// The innermost part that fails for the same reason; the whole where there is none, as for
    /// too many steps.
    private func place(of error: EvaluationError) -> SourceRange {
        guard var found = operands.first, found.fails(error) else { return program.fragment.range }
        for operand in operands.dropFirst() {
            if operand.depth <= found.depth { break }
            if operand.depth == found.depth + 1, operand.fails(error) { found = operand }
        }
        return found.range
    }

    // MARK: For people

    func lines(explaining: Bool, width: Int) -> [String] {
        var lines = ["type      \(type)"]
        if case .success(let value) = evaluation.result {
            lines.append("value     \(value.written)")
        }
        lines += ["cost      \(Self.steps(evaluation.cost))", "estimate  \(estimateText)"]
        if explaining { lines += [""] + tree(width: width) }
        return lines
    }

    private var type: String {
        guard program.resultType == .dyn, case .success(let value) = evaluation.result else {
            return program.resultType.description
        }
        return "\(program.resultType), here \(value.typeName)"
    }

    private var estimateText: String {
        guard let estimate else { return "cannot be told before there is an input" }
        let bounds = Self.bounds
        return "at most \(Self.steps(estimate)) (texts of \(bounds.textBytes) bytes, lists of "
            + "\(bounds.elements), variables of \(bounds.bytes) bytes)"
    }

    private static func steps(_ count: Int) -> String { "\(count) step\(count == 1 ? "" : "s")" }

    /// Each part under the one it is inside of, and behind it what it came to.
    private func tree(width: Int) -> [String] {
        if operands.isEmpty { return ["it has no part but a constant"] }
        let heads = operands.indices.map { branch($0) + Table.oneLine(operands[$0].text) }
        let widest = heads.map(\.unicodeScalars.count).max() ?? 0
        let column = min(widest, max(Self.narrowest, width * 3 / 5))
        var lines = zip(heads, operands).map { head, operand in
            let text = Table.cut(head, to: column)
            let pad = String(repeating: " ", count: column - text.unicodeScalars.count)
            let outcome = Table.cut(operand.outcome, to: max(Self.narrowest, width - column - 1))
            return "\(text)\(pad) \(outcome)"
        }
        if operands.count == Expressions.Limits.operands {
            lines.append("… these are the first \(operands.count) parts")
        }
        return lines
    }

    /// The lines of a tree that lead to a part.
    private func branch(_ index: Int) -> String {
        let depth = operands[index].depth
        if depth == 0 { return "" }
        let bars = (1..<depth).map { isLast(at: $0, from: index) ? "   " : "│  " }
        return bars.joined() + (isLast(at: depth, from: index) ? "└─ " : "├─ ")
    }

    /// Whether no part of that depth follows inside the same part.
    private func isLast(at depth: Int, from index: Int) -> Bool {
        for operand in operands[(index + 1)...] where operand.depth <= depth {
            return operand.depth < depth
        }
        return true
    }

    // MARK: For programs

    func json(explaining: Bool) -> JSON {
        var members: [JSONObject.Member] = [
            .init("expression", .string(program.fragment.text)),
            .init("type", .string(program.resultType.description)),
        ]
        members += evaluation.result.members(place(of:))
        members += [
            .init("cost", .int(Int64(evaluation.cost))),
            .init("estimate", estimate.map { .int(Int64($0)) } ?? .null),
        ]
        if explaining {
            var index = 0
            members.append(.init("operands", .array(json(&index, depth: 0))))
        }
        return .object(JSONObject(uniqueMembers: members))
    }

    /// The parts from an index on that are inside the same part.
    private func json(_ index: inout Int, depth: Int) -> [JSON] {
        var parts: [JSON] = []
        while index < operands.count, operands[index].depth == depth {
            let operand = operands[index]
            index += 1
            let inner = json(&index, depth: depth + 1)
            let start = operand.range.start
            let members: [JSONObject.Member] =
                [
                    .init("text", .string(operand.text)),
                    .init("line", .int(Int64(start.line))),
                    .init("column", .int(Int64(start.column))),
                ] + operand.result.members { _ in operand.range }
                + (inner.isEmpty ? [] : [.init("operands", .array(inner))])
            parts.append(.object(JSONObject(uniqueMembers: members)))
        }
        return parts
    }
}

extension Operand {
    fileprivate func fails(_ error: EvaluationError) -> Bool {
        guard case .failure(let own) = result, ![.cost, .cancelled].contains(own.code) else {
            return false
        }
        return own == error
    }

    fileprivate var outcome: String {
        switch result {
        case .success(let value): "= \(value.written)"
        case .failure(let error): "! \(error.message)"
        }
    }
}

extension Result<ExpressionValue, EvaluationError> {
    /// The value, as JSON where JSON has it, and as an expression writes it; or the error.
    fileprivate func members(
        _ place: (EvaluationError) -> SourceRange
    ) -> [JSONObject.Member] {
        switch self {
        case .success(let value):
            return [
                .init("value", value.json ?? .null), .init("written", .string(value.written)),
            ]
        case .failure(let error):
            let start = place(error).start
            return [
                .init(
                    "error",
                    [
                        "code": .string(error.code.rawValue), "message": .string(error.message),
                        "line": .int(Int64(start.line)), "column": .int(Int64(start.column)),
                    ]
                )
            ]
        }
    }
}
