internal import Autonomy
internal import Expressions
internal import Values

/// What happens when a step fails, and how it is taken back.
extension FlowReader {
    private static let kinds = ["timeout", "deadline", "network", "lease", "worker", "schema"]
    private static let undoing = ["http", "set", "work", "flow", "decide"]

    mutating func retry(_ written: Node) -> Retry {
        let standard = Retry(attempts: 3, backoff: .seconds(1) ... .seconds(60))
        guard
            let node = reader.mapping(written, "'retry'", keys: ["attempts", "backoff", "on"])
        else { return standard }
        let attempts = node["attempts"].flatMap {
            reader.integer($0, "'attempts'", in: 1...Limits.attempts)
        }
        let backoff = node["backoff"].flatMap { self.backoff($0) }
        var matches: [FailureMatch]?
        if let on = node["on"], let nodes = reader.list(on, "'on'") {
            matches = nodes.compactMap { match($0) }
        }
        return Retry(
            attempts: attempts ?? standard.attempts,
            backoff: backoff ?? standard.backoff,
            on: matches
        )
    }

    private mutating func backoff(_ node: Node) -> ClosedRange<Duration>? {
        guard let backoff = reader.durations(node, "'backoff'") else { return nil }
        if backoff.upperBound <= .seconds(Limits.days * 86_400) { return backoff }
        reader.error("'backoff' is at most \(Limits.days)d", node.range)
        return nil
    }

    /// `timeout`, `429` or `5xx`.
    private mutating func match(_ node: Node) -> FailureMatch? {
        let text = node.fragment?.text ?? ""
        if Self.kinds.contains(text) { return .kind(text) }
        if let status = Int(text), (100...599).contains(status) { return .status(status) }
        if text.utf8.count == 3, text.hasSuffix("xx"), let digit = Int(text.prefix(1)),
            (1...5).contains(digit)
        {
            return .statuses(digit)
        }
        let got = text.isEmpty ? node.json.kindWithArticle : text
        reader.error(
            "'on' names kinds of failure: \(Self.kinds.joined(separator: ", ")), a status such as "
                + "429, or 5xx; got \(got)",
            node.range,
            fix: nearest(text, in: Self.kinds + ["4xx", "5xx"]).map { "write '\($0)'" }
        )
        return nil
    }

    // MARK: For good

    /// What `on_failure` says, and the steps it does.
    struct Failing {
        let action: OnStepFailure
        var inner: [StepScope.Known] = []

        /// Whether what comes after is reached only when the step succeeded.
        var isFinal: Bool {
            switch action {
            case .pause, .deadLetter, .abort: true
            case .goOn, .perform: false
            }
        }
    }

    mutating func onFailure(
        _ node: Node,
        _ step: Node,
        _ number: Int,
        _ id: String,
        _ scope: StepScope,
        _ done: StepWork
    ) -> Failing {
        if node.entries != nil {
            guard let clause = reader.mapping(node, "'on_failure'", keys: ["do"]),
                let written = reader.required("do", in: clause, "'on_failure'")
            else { return Failing(action: .perform([])) }
            var own = scope.inside(step, number: number, kind: "on_failure", branch: "do")
            let outside = open
            open.remove(id)
            defer { open = outside }
            if index.contains(id) {
                own.steps.append(
                    .init(number: number, id: id, output: nil, isSure: false, hasFailed: true)
                )
            }
            own.steps += done.inner.map { $0.unless(false) }
            let known = own
            let steps = list(written, "'do'", &own)
            return Failing(
                action: .perform(steps ?? []),
                inner: own.added(since: known).map { $0.unless(false) }
            )
        }
        let words = ["pause", "dead_letter", "abort", "continue"]
        switch reader.word(node, "'on_failure'", of: words) {
        case "pause"?: return Failing(action: .pause)
        case "abort"?: return Failing(action: .abort)
        case "continue"?: return Failing(action: .goOn)
        default: return Failing(action: .deadLetter)
        }
    }

    // MARK: Taking back

    /// One action, which knows what the step gave.
    mutating func undo(
        _ written: Node,
        _ id: String,
        _ number: Int,
        _ scope: StepScope,
        _ done: StepWork
    ) -> Work? {
        guard
            let node = reader.mapping(written, "'undo'", keys: Self.undoing + ["with"])
        else { return nil }
        let found = (node.entries ?? []).filter { Self.undoing.contains($0.name) }
        guard found.count == 1, let family = found.first?.name else {
            let others = node.entries?.filter { $0.name != "with" } ?? []
            if found.isEmpty, !others.isEmpty { return nil }
            reader.error(
                "'undo' needs exactly one of " + Self.undoing.joined(separator: ", "),
                found.dropFirst().first?.nameRange ?? written.range
            )
            return nil
        }
        let outside = open
        open.remove(id)
        defer { open = outside }
        var own = scope
        if index.contains(id) {
            own.steps.append(.init(number: number, id: id, output: done.output, isSure: true))
        }
        own.steps += done.inner
        return work(family, node, number: number, own).work
    }
}
