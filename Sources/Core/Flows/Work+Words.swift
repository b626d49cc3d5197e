internal import Expressions
internal import Reviews
package import Values

/// What a step does, in a few words.
extension Work {
    /// Steps inside a step, and what to call them.
    package struct Inner: Sendable {
        package let title: String
        package let steps: [Int]
    }

    /// The key it is written under.
    package var family: String {
        switch self {
        case .decide: "decide"
        case .review: "review"
        case .http: "http"
        case .set: "set"
        case .wait: "wait"
        case .sleep: "sleep"
        case .flow: "flow"
        case .external: "work"
        case .parallel: "parallel"
        case .each: "each"
        case .choose: "switch"
        }
    }

    /// What or whom it is about.
    package var subject: String {
        switch self {
        case .decide(let policy, _): policy
        case .review(let review):
            review.terms.approvals == 1
                ? review.terms.queue : "\(review.terms.queue), \(review.terms.approvals) approvals"
        case .http(let call): call.method
        case .set(let values): values.names.joined(separator: ", ")
        case .wait(.callback): "for a callback"
        case .wait(.event(let type, _, _)): "for \(type)"
        case .wait(.until(let moment)): "until \(moment.program.fragment.written)"
        case .sleep(.fixed(let time)): time.short
        case .sleep(.computed(let time)): time.program.fragment.written
        case .flow(let name, _): name
        case .external(let kind, _, _): kind
        case .parallel: ""
        case .each(let each): "\(each.name) in \(each.items.program.fragment.written)"
        case .choose: ""
        }
    }

    /// The steps inside it; none where it holds none.
    package var lists: [Inner] {
        switch self {
        case .parallel(let branches): branches.map { Inner(title: $0.name, steps: $0.steps) }
        case .each(let each): [Inner(title: "do, \(each.limit) at once", steps: each.steps)]
        case .choose(let choices):
            choices.map { choice in
                Inner(
                    title: choice.when.map { "when \($0.program.fragment.written)" } ?? "else",
                    steps: choice.steps
                )
            }
        default: []
        }
    }
}

extension FlowTemplate {
    /// The names of the values it makes.
    fileprivate var names: [String] {
        guard case .object(let type) = value.type() else { return [] }
        return type.fields.map(\.name)
    }
}

extension Trigger {
    /// In a few words.
    package var text: String {
        switch self {
        case .webhook(let name): "webhook \(name)"
        case .schedule(let cron, let zone): "schedule \(cron) \(zone)"
        case .event(let type): "event \(type)"
        }
    }
}

extension FlowField.Kind {
    /// As it is written.
    package var text: String {
        switch self {
        case .text: "string"
        case .number: "number"
        case .integer: "integer"
        case .boolean: "boolean"
        case .choice(let words): "(\(words.joined(separator: ", ")))"
        }
    }
}

extension FailureMatch {
    /// As it is written.
    package var text: String {
        switch self {
        case .kind(let kind): kind
        case .status(let status): "\(status)"
        case .statuses(let digit): "\(digit)xx"
        }
    }
}

extension OnStepFailure {
    /// As it is written.
    package var word: String {
        switch self {
        case .pause: "pause"
        case .deadLetter: "dead_letter"
        case .abort: "abort"
        case .goOn: "continue"
        case .perform: "do"
        }
    }
}

extension Duration {
    /// As files write it: `500ms`, `90s`, `15m`, `4h`, `1d`.
    package var short: String {
        let milliseconds =
            components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
        let units: [(Int64, String)] = [
            (86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"),
        ]
        for (unit, name) in units where milliseconds % unit == 0 && milliseconds > 0 {
            return "\(milliseconds / unit)\(name)"
        }
        return "\(milliseconds)ms"
    }
}

extension SourceFragment {
    /// The expression on one line.
    package var written: String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
