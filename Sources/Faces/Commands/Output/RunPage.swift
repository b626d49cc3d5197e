internal import Engine
internal import Flows
internal import Platform
internal import Runs
internal import Storage
internal import Values

/// A run as people read it: what it is, then its steps, who has them and since when.
struct RunPage: Sendable {
    let view: RunView
    let now: Instant

    init(_ view: RunView, at now: Instant) {
        self.view = view
        self.now = now
    }

    private var run: Run { view.run }

    func lines(_ terminal: Terminal) -> [String] {
        facts(terminal) + [""] + (view.missing.map { [$0] } ?? steps(terminal))
    }

    private func facts(_ terminal: Terminal) -> [String] {
        var lines = ["\(terminal.bold(run.plan.flow))  \(run.id)"]
        func add(_ name: String, _ text: String) {
            let line = name.padded(to: 9) + Table.oneLine(text)
            lines.append(Table.cut(line, to: terminal.width))
        }
        let reason = run.reason.map { ": \($0)" } ?? ""
        let done = view.steps.count { run.ended[view.flow?.number(of: $0.step.id) ?? -2] != nil }
        let state = view.standsStill ? "\(run.state.rawValue), for people" : run.state.rawValue
        add("state", state + reason)
        if let begins = view.beginsAt { add("begins", "in \(age(of: begins - now)), by its rate") }
        // What was in a branch that was not taken is not missing at the end.
        let all = run.state == .completed ? done : view.steps.count
        add("done", "\(bar(done, of: all)) \(done) of \(all) steps")
        if let stage = run.stage { add("stage", "\(stage), for \(age(run.stageSince))") }
        add("started", "\(age(run.startedAt)) ago by \(run.caller)")
        if !run.fields.isEmpty {
            let fields = run.fields.sorted { $0.key < $1.key }
            add("fields", fields.map { "\($0.key) \($0.value.short)" }.joined(separator: ", "))
        }
        if let parent = run.parent { add("parent", parent.run.description) }
        if case .inline(let output)? = run.output, output != .null { add("output", output.short) }
        return lines
    }

    private func steps(_ terminal: Terminal) -> [String] {
        var table = Table([
            .init(""), .init("step"), .init("does"), .init("state"),
            .init("tries", number: true), .init("since", number: true), .init("with"),
        ])
        for (step, depth) in view.steps {
            let number = view.flow?.number(of: step.id) ?? 0
            let pad = String(repeating: "  ", count: depth)
            let does = step.work.family
            if let active = run.active[number] {
                table.add([
                    active.mark, pad + step.id, active.isUndo ? "undo" : does, active.word,
                    "\(active.attempt)", age(active.since), with(active),
                ])
            } else if let end = run.ended[number] {
                table.add([
                    end.mark, pad + step.id, does, end.state.rawValue,
                    end.attempts > 0 ? "\(end.attempts)" : "", age(end.at),
                    end.failure.map { "\($0.kind): \($0.message)" } ?? "",
                ])
            } else {
                table.add([" ", pad + step.id, does, "", "", "", ""])
            }
        }
        return table.lines(width: terminal.width).map { line in
            switch line.first {
            case "✓": terminal.green("✓") + line.dropFirst()
            case "✗", "⊘": terminal.red(line)
            case "▸", "●", "○": terminal.bold(line)
            default: terminal.dim(line)
            }
        }
    }

    private func bar(_ done: Int, of all: Int) -> String {
        let filled = all > 0 ? done * 20 / all : 20
        return String(repeating: "█", count: filled) + String(repeating: "░", count: 20 - filled)
    }

    /// Who has it, and what went wrong last.
    private func with(_ step: ActiveStep) -> String {
        var text = view.holder(of: step).words(at: now)
        switch step.state {
        case .leased(_, let until): text += ", for \(age(of: until - now)) yet"
        case .waiting(.timer(let until)): text = "next try in \(age(of: until - now))"
        case .waiting(.rate(_, let until)): text = "its rate, in \(age(of: until - now))"
        case .waiting(.event(let type, let about)):
            text = "an event \(type)" + (about.map { " whose \($0.words)" } ?? "")
        case .waiting(.callback): text = "a callback"
        case .waiting(.children):
            if let children = step.children {
                text =
                    "\(children.succeeded) of \(children.total) runs done"
                    + (children.failed > 0 ? ", \(children.failed) failed" : "")
            }
        default: break
        }
        if let failure = step.failure { text += " (\(failure.kind): \(failure.message))" }
        return text
    }

    private func age(_ instant: Instant) -> String { age(of: now - instant) }

    private func age(of time: Duration) -> String { ReviewCommand.age(max(time, .zero)) }
}

extension ActiveStep {
    /// How it is, at a glance.
    fileprivate var mark: String {
        switch state {
        case .ready: "▸"
        case .leased: "●"
        case .waiting(.person): "✗"
        case .waiting: "○"
        }
    }
}

extension StepEnd {
    fileprivate var mark: String {
        switch state {
        case .succeeded: "✓"
        case .skipped: "–"
        case .failed: "✗"
        case .cancelled: "⊘"
        }
    }
}

extension JSON {
    /// The text alone of a text, else compact JSON.
    fileprivate var short: String { string ?? compactText }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - count))
    }
}
