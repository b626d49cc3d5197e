internal import Values

/// A test of one text against another.
final class TextTestNode: TruthNode {
    enum Test { case startsWith, endsWith, contains }

    let test: Test
    let text: any PlanNode
    let part: any PlanNode

    init(_ test: Test, _ text: any PlanNode, _ part: any PlanNode) {
        self.test = test
        self.text = text
        self.part = part
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        try frame.spend(1)
        guard case .string(let text) = try text.value(&frame),
            case .string(let part) = try part.value(&frame)
        else { throw EvaluationError(.noSuchOverload, "this compares texts only") }
        switch test {
        case .startsWith:
            try frame.read(part.utf8.count)
            return text.utf8.starts(with: part.utf8)
        case .endsWith:
            try frame.read(part.utf8.count)
            return text.utf8.reversed().starts(with: part.utf8.reversed())
        case .contains:
            try frame.read(text.utf8.count)
            try frame.read(part.utf8.count)
            return TextSearch.contains(text, part)
        }
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let (a, b) = (text.estimate(&scope), part.estimate(&scope))
        let reading = test == .contains ? a.value.text.read + b.value.text.read : b.value.text.read
        return Estimate(a.cost + b.cost + reading + 1)
    }
}

/// A pattern compiled once, against a text.
final class MatchesNode: TruthNode {
    let expression: RegularExpression
    let text: any PlanNode

    init(_ expression: RegularExpression, _ text: any PlanNode) {
        self.expression = expression
        self.text = text
    }

    func truth(_ frame: inout Frame) throws(EvaluationError) -> Bool {
        try frame.spend(1)
        guard case .string(let text) = try text.value(&frame) else {
            throw EvaluationError(.noSuchOverload, "matches() needs a text")
        }
        try frame.read(text.utf8.count)
        return expression.matches(text)
    }

    func estimate(_ scope: inout EstimateScope) -> Estimate {
        let text = text.estimate(&scope)
        return Estimate(text.cost + text.value.text.read + 1)
    }
}
