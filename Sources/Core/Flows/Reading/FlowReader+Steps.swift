internal import Autonomy
internal import Expressions
internal import Values

/// Lists of steps, and what every step may say.
extension FlowReader {
    private static let keys = [
        "id", "stage", "when", "with", "retry", "timeout", "deadline", "rate", "on_failure", "undo",
    ]
    static let families = [
        "decide", "review", "http", "set", "wait", "sleep", "flow", "work", "parallel", "each",
        "switch",
    ]
    /// Families that later versions have, so that nobody takes them for a slip of the pen.
    private static let later: Set<String> = [
        "model", "db", "search", "kv", "notify", "command", "ssh",
    ]
    private static let blocks: Set<String> = ["parallel", "each", "switch"]
    /// Families that are given something under `with`.
    private static let given: Set<String> = ["decide", "flow", "work"]
    /// Families of which somebody is asked for an attempt.
    private static let asked: Set<String> = ["decide", "review", "http", "work"]

    /// Reads steps one after the other; those read are known in `scope` afterwards.
    mutating func list(_ node: Node, _ what: String, _ scope: inout StepScope) -> [Int]? {
        guard let nodes = reader.list(node, what) else { return nil }
        if nodes.isEmpty {
            reader.error("\(what) needs at least one step", node.range, fix: "add a step")
            return nil
        }
        guard scope.path.count < Limits.nesting else {
            reader.error(
                "steps may stand at most \(Limits.nesting) deep inside each other",
                node.range,
                fix: "put the inner ones into a flow of their own"
            )
            return nil
        }
        var numbers: [Int] = []
        for node in nodes {
            guard steps.count < Limits.steps else {
                reader.error("a flow may have at most \(Limits.steps) steps", node.range)
                return nil
            }
            if let number = step(node, &scope) { numbers.append(number) }
        }
        return numbers.count == nodes.count ? numbers : nil
    }

    /// One step; its number, when it could be read well enough to go on with.
    private mutating func step(_ written: Node, _ scope: inout StepScope) -> Int? {
        guard
            let node = reader.mapping(
                written,
                "a step",
                keys: Self.keys + Self.families,
                ignoring: Self.later
            )
        else { return nil }
        let number = steps.count
        steps.append(nil)
        let family = family(of: node)
        let id = id(of: node, family, number)
        let isNamed = node["id"] != nil && index.contains(id)
        let outside = open
        if isNamed { open.insert(id) }
        defer { open = outside }
        let stage = node["stage"].flatMap { self.stage($0) }
        let when = node["when"].flatMap { self.when($0, scope) }
        guard let family else { return nil }
        checkKeys(node, family)
        let done = work(family, node, number: number, scope)
        let onFailure = node["on_failure"].map {
            self.onFailure($0, node, number, id, scope, done)
        }
        let isSure = node["when"] == nil && (onFailure?.isFinal ?? true)
        let undo = node["undo"].flatMap { self.undo($0, id, number, scope, done) }
        let inner = done.inner.map { $0.unless(isSure) } + (onFailure?.inner ?? [])
        remember(
            .init(number: number, id: id, output: done.output, isSure: isSure && done.isSure),
            isNamed: isNamed,
            inner,
            &scope
        )
        let timeout = node["timeout"].flatMap { time($0, "'timeout'") }
        let deadline = node["deadline"].flatMap { time($0, "'deadline'") }
        let rate = node["rate"].flatMap { self.rate($0) }
        let retry = node["retry"].map { self.retry($0) }
        guard let work = done.work else { return number }
        steps[number] = FlowStep(
            id: id,
            parent: scope.parent,
            stage: stage,
            when: when,
            work: work,
            retry: retry ?? .none,
            timeout: timeout ?? .seconds(60),
            deadline: deadline,
            rate: rate,
            onFailure: onFailure?.action ?? .deadLetter,
            undo: undo
        )
        return number
    }

    /// Makes a step that was read, and those inside it, known to what comes after.
    private mutating func remember(
        _ step: StepScope.Known,
        isNamed: Bool,
        _ inner: [StepScope.Known],
        _ scope: inout StepScope
    ) {
        outcomes[step.number] = StepOutcome(output: step.output, isSure: step.isSure)
        if isNamed {
            read.insert(step.id)
            scope.steps.append(step)
        }
        scope.steps += inner
    }

    // MARK: What every step says

    private mutating func family(of node: Node) -> String? {
        let named = node.entries ?? []
        for entry in named where Self.later.contains(entry.name) {
            reader.error(
                "'\(entry.name)' is not in this version; a step does one of "
                    + Self.families.joined(separator: ", "),
                entry.nameRange,
                fix: entry.name == "model"
                    ? "let a policy ask the model: 'decide: POLICY'"
                    : "let a worker of yours do it: 'work: {kind: \(entry.name)}'"
            )
            return nil
        }
        let found = named.filter { Self.families.contains($0.name) }
        guard let first = found.first else {
            // A key that was not known may well be the misspelt family.
            let known = Self.keys + Self.families
            guard named.allSatisfy({ known.contains($0.name) }) else { return nil }
            reader.error(
                "a step needs what it does: one of " + Self.families.joined(separator: ", "),
                node.range.start(of: node),
                fix: "add for example 'decide: POLICY'"
            )
            return nil
        }
        for other in found.dropFirst() {
            reader.error(
                "a step does one thing: '\(first.name)' is there already",
                other.nameRange,
                fix: "make it a step of its own"
            )
        }
        return first.name
    }

    /// The id, or one made up for a block, which nobody can write.
    private mutating func id(of node: Node, _ family: String?, _ number: Int) -> String {
        let made = "\(family ?? "step")-\(number)"
        guard let at = node["id"] else {
            if let family, !Self.blocks.contains(family) {
                reader.error(
                    "a step needs 'id'",
                    node.range.start(of: node),
                    fix: "add 'id: \(family)'"
                )
            }
            return made
        }
        guard let id = reader.text(at, "'id'") else { return made }
        guard !id.isKeyword else {
            reader.error(
                "'\(id)' is a word of the expressions' own, so 'steps.\(id)' cannot be written",
                at.range,
                fix: "write '\(id)_step'"
            )
            return made
        }
        guard id.isFlowName else {
            let fixed = id.asFlowName
            reader.error(
                "an id begins with a small letter, then small letters, digits and '_', so that "
                    + "'steps.ID' can be written; got \(id)",
                at.range,
                fix: fixed.isFlowName ? "write '\(fixed)'" : nil
            )
            return made
        }
        if !ids.insert(id).inserted {
            reader.error("a step named '\(id)' is there already", at.range, fix: "give it another")
            return made
        }
        return id
    }

    private mutating func stage(_ node: Node) -> String? {
        guard let stage = reader.text(node, "'stage'") else { return nil }
        guard stages.contains(stage) else {
            reader.error(
                stages.isEmpty
                    ? "the flow has no 'stages', so a step has none"
                    : "there is no stage '\(stage)'; there are "
                        + stages.joined(separator: ", "),
                node.range,
                fix: nearest(stage, in: stages).map { "write '\($0)'" }
                    ?? "add it under 'stages:'"
            )
            return nil
        }
        stagesUsed.insert(stage)
        return stage
    }

    private mutating func when(_ node: Node, _ scope: StepScope) -> FlowExpression? {
        guard let condition = condition(node, environment(scope)) else { return nil }
        if condition.program.isConstantFalse {
            reader.error(
                "this condition is never true, so the step can never run",
                node.range,
                fix: "take the step away, or mend the condition"
            )
        } else if condition.program.constant?.json == true {
            reader.warning(
                "this condition is always true",
                node.range,
                fix: "leave 'when' out"
            )
        }
        return condition
    }

    /// Keys that mean nothing for that family.
    private mutating func checkKeys(_ node: Node, _ family: String) {
        for entry in node.entries ?? [] {
            switch entry.name {
            case "with" where !Self.given.contains(family):
                reader.error(
                    "'with' goes with decide, flow and work; '\(family)' is given nothing",
                    entry.nameRange
                )
            case "rate" where !Self.asked.contains(family):
                reader.error(
                    "'rate' goes with decide, review, http and work, not with '\(family)'",
                    entry.nameRange,
                    fix: family == "flow"
                        ? "say it of the flow that is started"
                        : Self.blocks.contains(family) ? "say it of the steps inside" : nil
                )
            case "retry" where Self.blocks.contains(family) || family == "sleep",
                "timeout" where Self.blocks.contains(family) || family == "sleep",
                "undo" where Self.blocks.contains(family):
                reader.error(
                    "'\(entry.name)' goes with a step that does something itself, not with "
                        + "'\(family)'",
                    entry.nameRange,
                    fix: Self.blocks.contains(family) ? "say it of the steps inside" : nil
                )
            default: continue
            }
        }
    }

    /// A time above zero that is not too long.
    mutating func time(_ node: Node, _ what: String) -> Duration? {
        guard let time = reader.duration(node, what) else { return nil }
        if time > .zero, time <= .seconds(Limits.days * 86_400) { return time }
        reader.error(
            "\(what) needs a time above zero and at most \(Limits.days)d; got "
                + (node.fragment?.text ?? ""),
            node.range
        )
        return nil
    }
}

/// What reading a step's work came to.
struct StepWork {
    /// Nothing when it could not be read.
    let work: Work?
    /// Nothing where it has no output.
    var output: ExpressionType?
    /// Whether the output is there once the step is done.
    var isSure = true
    /// Steps inside that are known after it.
    var inner: [StepScope.Known] = []

    /// Work that could not be read; its output may be anything, so that one error is not many.
    static let unread = StepWork(work: nil, output: .dyn)
}

extension SourceRange {
    /// The first place of a node that has many lines.
    func start(of node: Node) -> SourceRange {
        node.entries?.first?.nameRange ?? self
    }
}

extension String {
    /// Whether expressions can name it as it is: `[a-z][a-z0-9_]*`.
    var isFlowName: Bool {
        guard let first = utf8.first, (0x61...0x7A).contains(first) else { return false }
        return utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F
        }
    }

    /// Whether an expression takes it for a value or an operator, even after a dot.
    var isKeyword: Bool { ["false", "in", "null", "true"].contains(self) }

    /// The same with small letters and `_` where it has others.
    var asFlowName: String {
        String(lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}
