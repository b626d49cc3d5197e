internal import Access
internal import Expressions
internal import Flows
internal import Values

/// A flow as people read it.
struct FlowPage: Sendable {
    let flow: Flow

    init(_ flow: Flow) { self.flow = flow }

    /// What it is, then its steps, each indented below what it stands in.
    func lines(width: Int) -> [String] {
        var facts: [(String, String)] = []
        if let title = flow.title { facts.append(("title", title)) }
        if let owner = flow.owner { facts.append(("owner", owner)) }
        if !flow.stages.isEmpty {
            facts.append(("stages", flow.stages.joined(separator: " > ")))
        }
        if !flow.fields.isEmpty {
            facts.append(
                ("fields", flow.fields.map { "\($0.name) \($0.kind.text)" }.joined(separator: ", "))
            )
        }
        let triggers = flow.triggers.map(\.text)
        facts.append(("starts by", triggers.isEmpty ? "hand" : triggers.joined(separator: ", ")))
        if let concurrency = flow.concurrency {
            facts.append(
                (
                    "at once",
                    "\(concurrency.limit) for each \(concurrency.key.fragment.written), then "
                        + concurrency.then.rawValue
                )
            )
        }
        if let rate = flow.rate { facts.append(("at most", "\(rate.text) begin")) }
        let widest = facts.map(\.0.count).max() ?? 0
        var lines = ["flow \(flow.name)"]
        lines += facts.map { name, text in
            "  " + name + String(repeating: " ", count: widest - name.count + 2) + text
        }
        lines += ["", "steps"]
        add(flow.body, depth: 1, to: &lines)
        return lines.map { Table.cut(Table.oneLine($0), to: width) }
    }

    private func add(_ numbers: [Int], depth: Int, to lines: inout [String]) {
        for number in numbers { add(flow.steps[number], depth: depth, to: &lines) }
    }

    private func add(_ step: FlowStep, depth: Int, to lines: inout [String]) {
        let pad = String(repeating: "  ", count: depth)
        let stage = step.stage.map { "  [\($0)]" } ?? ""
        lines.append(
            "\(pad)\(step.shownID)\(step.work.family) \(step.work.subject)".trimmedEnd + stage
        )
        if let when = step.when { lines.append("\(pad)    when \(when.program.fragment.written)") }
        for fact in step.facts { lines.append("\(pad)    \(fact)") }
        for list in step.work.lists {
            lines.append("\(pad)    \(list.title)")
            add(list.steps, depth: depth + 3, to: &lines)
        }
        if case .perform(let steps) = step.onFailure {
            lines.append("\(pad)    if it fails, do")
            add(steps, depth: depth + 3, to: &lines)
        }
    }
}

extension FlowStep {
    /// Its id and a space, or nothing where it was made up.
    fileprivate var shownID: String { id.contains("-") ? "" : id + "  " }

    /// What is not as it is without being said.
    fileprivate var facts: [String] {
        var facts: [String] = []
        if retry.attempts > 1 {
            var text =
                "\(retry.attempts) attempts, \(retry.backoff.lowerBound.short)"
                + "..\(retry.backoff.upperBound.short) apart"
            if let on = retry.on { text += ", on \(on.map(\.text).joined(separator: ", "))" }
            facts.append(text)
        }
        if timeout != .seconds(60) { facts.append("an attempt takes at most \(timeout.short)") }
        if let deadline { facts.append("waits at most \(deadline.short)") }
        switch onFailure {
        case .deadLetter, .perform: break
        default: facts.append("if it fails, \(onFailure.word)")
        }
        if let undo { facts.append("undone by \(undo.family) \(undo.subject)".trimmedEnd) }
        return facts
    }
}

extension String {
    fileprivate var trimmedEnd: String { last == " " ? String(dropLast()) : self }
}
