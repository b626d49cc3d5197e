internal import Autonomy
internal import Expressions
internal import Values

/// Steps that hold other steps.
extension FlowReader {
    mutating func parallel(
        _ written: Node,
        _ step: Node,
        _ number: Int,
        _ scope: StepScope
    ) -> StepWork {
        guard let entries = written.entries, !entries.isEmpty else {
            reader.error(
                "'parallel' needs names with a list of steps each; got "
                    + written.json.kindWithArticle,
                written.range
            )
            return .unread
        }
        if entries.count > Limits.branches {
            reader.error(
                "'parallel' may have at most \(Limits.branches) branches",
                written.range
            )
        }
        var branches: [Work.Branch] = []
        var fields: [ObjectType.Field] = []
        var inner: [StepScope.Known] = []
        for entry in entries.prefix(Limits.branches) {
            checkName(entry.name, "a branch", entry.nameRange)
            var own = scope.inside(step, number: number, kind: "parallel", branch: entry.name)
            guard let steps = list(entry.value, "the branch '\(entry.name)'", &own) else {
                inner += own.added(since: scope)
                continue
            }
            inner += own.added(since: scope)
            branches.append(.init(name: entry.name, steps: steps))
            let last = outcome(steps)
            if let output = last.output {
                fields.append(.init(entry.name, output, isOptional: !last.isSure))
            }
        }
        return StepWork(
            work: branches.count == entries.count ? .parallel(branches) : nil,
            output: .object(ObjectType(fields)),
            inner: inner
        )
    }

    mutating func each(
        _ written: Node,
        _ step: Node,
        _ number: Int,
        _ scope: StepScope
    ) -> StepWork {
        guard let node = reader.mapping(written, "'each'", keys: ["in", "as", "limit", "do"])
        else { return .unread }
        let items = reader.required("in", in: node, "'each'").flatMap { self.items($0, scope) }
        let name = node["as"].flatMap { itemName($0, scope) } ?? "item"
        if node["as"] == nil, scope.items.contains(where: { $0.name == name }) {
            reader.error(
                "this 'each' is inside one whose items are also called 'item'",
                node.range,
                fix: "add 'as: NAME'"
            )
        }
        let limit = node["limit"].flatMap {
            reader.integer($0, "'limit'", in: 1...Limits.eachLimit)
        }
        if !itemNames.contains(name) { itemNames.append(name) }
        var own = scope.inside(step, number: number, kind: "each", branch: "do")
        own.items.append(.init(name: name, type: items?.element ?? .dyn))
        let steps = reader.required("do", in: node, "'each'").flatMap {
            list($0, "'do'", &own)
        }
        guard let items, let steps else { return StepWork(work: nil, output: .list(.dyn)) }
        let last = outcome(steps)
        return StepWork(
            work: .each(
                EachWork(
                    items: items.expression,
                    name: name,
                    limit: limit ?? Limits.standardEachLimit,
                    steps: steps
                )
            ),
            output: .list(last.isSure ? last.output ?? .dyn : .dyn)
        )
    }

    private mutating func items(
        _ node: Node,
        _ scope: StepScope
    ) -> (expression: FlowExpression, element: ExpressionType)? {
        guard let items = expression(node, "'in'", environment(scope)) else { return nil }
        switch items.program.resultType {
        case .list(let element): return (items, element)
        case .dyn: return (items, .dyn)
        case let type:
            reader.error("'in' needs a list; this is \(type)", node.range)
            return nil
        }
    }

    private mutating func itemName(_ node: Node, _ scope: StepScope) -> String? {
        guard let name = reader.text(node, "'as'") else { return nil }
        guard checkName(name, "'as'", node.range) else { return nil }
        let taken = Self.common + scope.items.flatMap { [$0.name, $0.name + "_index"] }
        guard !taken.contains(name), !taken.contains(name + "_index"), !name.isReservedWord else {
            reader.error(
                "'\(name)' means something here already",
                node.range,
                fix: "give the items another name"
            )
            return nil
        }
        return name
    }

    mutating func choose(
        _ written: Node,
        _ step: Node,
        _ number: Int,
        _ scope: StepScope
    ) -> StepWork {
        guard let nodes = reader.list(written, "'switch'") else { return .unread }
        if nodes.isEmpty || nodes.count > Limits.branches {
            reader.error(
                "'switch' needs from 1 to \(Limits.branches) branches; got \(nodes.count)",
                written.range
            )
            return .unread
        }
        var choices: [Work.Choice] = []
        var inner: [StepScope.Known] = []
        var reach = Reach(what: "branch")
        for (place, node) in nodes.enumerated() {
            var own = scope.inside(step, number: number, kind: "switch", branch: "\(place)")
            if choices.last?.when?.program.constant?.json == true {
                reader.error(
                    "this branch is never reached: the condition of the one before is always true",
                    node.range.start(of: node),
                    fix: "write 'else' there, or mend its condition"
                )
            }
            if let choice = choice(node, place, isLast: place == nodes.count - 1, &own, &reach) {
                choices.append(choice)
            }
            // Whichever branch is taken, each of its steps may not have been.
            inner += own.added(since: scope).map { $0.unless(false) }
        }
        let (output, isSure) = common(choices)
        return StepWork(
            work: choices.count == nodes.count ? .choose(choices) : nil,
            output: output,
            isSure: isSure,
            inner: inner
        )
    }

    private mutating func choice(
        _ written: Node,
        _ place: Int,
        isLast: Bool,
        _ scope: inout StepScope,
        _ reach: inout Reach
    ) -> Work.Choice? {
        let keys = ["when", "do", "else"]
        guard let node = reader.mapping(written, "a branch", keys: keys) else { return nil }
        if let other = node["else"] {
            if !isLast {
                reader.error(
                    "'else' is the last branch, since those after it are never taken",
                    other.range.start(of: node),
                    fix: "move it to the end"
                )
            }
            for key in ["when", "do"] {
                guard let extra = node.entries?.first(where: { $0.name == key }) else { continue }
                reader.error("'else' stands alone, without '\(key)'", extra.nameRange)
            }
            return list(other, "'else'", &scope).map { Work.Choice(when: nil, steps: $0) }
        }
        var when: FlowExpression?
        if let written = reader.required("when", in: node, "a branch") {
            when = condition(written, environment(scope))
        }
        if let when { reach.check("\(place + 1)", when.program, node, &reader) }
        let steps = reader.required("do", in: node, "a branch").flatMap {
            list($0, "'do'", &scope)
        }
        guard let when, let steps else { return nil }
        return Work.Choice(when: when, steps: steps)
    }

    /// What the branches' last outputs have in common.
    private func common(_ choices: [Work.Choice]) -> (ExpressionType?, isSure: Bool) {
        let lasts = choices.map { outcome($0.steps) }
        let types = lasts.compactMap(\.output)
        guard let first = types.first else { return (nil, true) }
        let isSure =
            types.count == choices.count && choices.last?.when == nil
            && lasts.allSatisfy(\.isSure)
        return (types.allSatisfy { $0 == first } ? first : .dyn, isSure)
    }

    /// What the last of some steps gives.
    private func outcome(_ steps: [Int]) -> StepOutcome {
        steps.last.flatMap { outcomes[$0] } ?? StepOutcome(output: .dyn, isSure: true)
    }

    @discardableResult
    private mutating func checkName(
        _ name: String,
        _ what: String,
        _ range: SourceRange
    ) -> Bool {
        if name.isFlowName { return true }
        let fixed = name.asFlowName
        reader.error(
            "\(what) begins with a small letter, then small letters, digits and '_'; got \(name)",
            range,
            fix: fixed.isFlowName ? "write '\(fixed)'" : nil
        )
        return false
    }
}

extension String {
    /// A word that CEL does not take as a name.
    fileprivate var isReservedWord: Bool {
        [
            "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import",
            "in", "let", "loop", "namespace", "null", "package", "return", "true", "var", "void",
            "while",
        ].contains(self)
    }
}
