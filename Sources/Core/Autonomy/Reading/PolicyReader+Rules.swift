package import Expressions
package import Values

/// Rules, checks and accept clauses.
extension PolicyReader {
    mutating func rules(
        _ node: Node?,
        _ level: AutonomyLevel,
        _ output: Schema,
        _ environment: ExpressionEnvironment
    ) -> [Rule] {
        guard let node, let nodes = reader.list(node, "'rules'") else { return [] }
        if nodes.count > Limits.rules {
            reader.error("a policy may have at most \(Limits.rules) rules", node.range)
        }
        var rules: [Rule] = []
        var reach = Reach(what: "rule")
        var ids: Set<String> = []
        for node in nodes.prefix(Limits.rules) {
            if node["table"] != nil {
                reader.error(
                    "decision tables are not available yet",
                    node.range,
                    fix: "write its rows as rules"
                )
                continue
            }
            guard
                let rule = reader.mapping(
                    node,
                    "a rule",
                    keys: ["id", "when", "decide", "review", "because"]
                ), let id = id(of: rule, "a rule", &ids)
            else { continue }
            let condition = rule["when"].flatMap { self.condition($0, environment) }
            if rule["when"] == nil || condition != nil {
                reach.check(id, condition, rule, &reader)
            }
            let because = rule["because"].flatMap { reader.text($0, "'because'") }
            guard let action = action(of: rule, level, output, environment) else { continue }
            rules.append(Rule(id: id, condition: condition, action: action, because: because))
        }
        return rules
    }

    private mutating func action(
        of rule: Node,
        _ level: AutonomyLevel,
        _ output: Schema,
        _ environment: ExpressionEnvironment
    ) -> Rule.Action? {
        switch (rule["decide"], rule["review"]) {
        case (let decide?, nil):
            return template(decide, output, environment).map(Rule.Action.decide)
        case (nil, let review?):
            if level == .locked {
                reader.error(
                    "a locked policy sends nothing to review",
                    review.range,
                    fix: "decide here, or write 'autonomy: manual'"
                )
            }
            if review.scalar == true { return .review(queue: nil) }
            return reader.text(review, "'review'").map { .review(queue: $0) }
        case (.some, .some(let review)):
            reader.error("a rule either decides or sends to review", review.range)
        case (nil, nil):
            reader.error(
                "a rule needs 'decide' or 'review'",
                rule.range,
                fix: "add 'decide: {…}' or 'review: QUEUE'"
            )
        }
        return nil
    }

    /// What is decided, checked against the output: wholly when it is constant.
    mutating func template(
        _ node: Node,
        _ output: Schema,
        _ environment: ExpressionEnvironment
    ) -> ValueTemplate? {
        let template: ValueTemplate
        do {
            template = try ValueTemplate(
                node,
                in: environment,
                expecting: ExpressionType(schema: output.document)
            )
        } catch {
            reader.add(error)
            return nil
        }
        guard let constant = template.constant else {
            checkNames(node, output)
            return template
        }
        for failure in output.validate(constant) {
            reader.error(
                "what is decided does not fit the output: \(failure)",
                node.place(of: failure.pointer)
            )
        }
        return template
    }

    /// Fields are known at load even where their values are not.
    private mutating func checkNames(_ node: Node, _ output: Schema) {
        guard let entries = node.entries,
            let properties = output.document["properties"]?.object
        else { return }
        for entry in entries {
            guard let property = properties[entry.name] else {
                if output.document["additionalProperties"] == false {
                    reader.error(
                        "the output has no field '\(entry.name)'",
                        entry.nameRange,
                        fix: nearest(entry.name, in: properties.names).map { "write '\($0)'" }
                    )
                }
                continue
            }
            guard let text = entry.value.scalar?.string, !text.contains("${{"),
                let members = property["enum"]?.array, !members.contains(.string(text))
            else { continue }
            reader.error(
                "'\(text)' is no member of '\(entry.name)'",
                entry.value.range,
                fix: nearest(text, in: members.compactMap(\.string)).map { "write '\($0)'" }
            )
        }
        for name in output.document["required"]?.array?.compactMap(\.string) ?? []
        where node[name] == nil {
            reader.error("what is decided lacks '\(name)'", node.range, fix: "add '\(name):'")
        }
    }

    private mutating func id(of node: Node, _ what: String, _ ids: inout Set<String>) -> String? {
        guard let at = reader.required("id", in: node, what), let id = reader.text(at, "'id'")
        else {
            return nil
        }
        if !ids.insert(id).inserted {
            reader.error("\(what) named '\(id)' is there already", at.range, fix: "give it another")
        }
        return id
    }

    mutating func condition(_ node: Node, _ environment: ExpressionEnvironment) -> Program? {
        guard let fragment = node.fragment, !node.fragment.isBlank else {
            reader.error(
                "a condition is an expression; got \(node.json.kindWithArticle)",
                node.range,
                fix: "quote it if it begins with { or ["
            )
            return nil
        }
        do {
            return try environment.compile(fragment, expecting: .bool)
        } catch {
            reader.add(error)
            return nil
        }
    }

    mutating func checks(_ node: Node?, _ environment: ExpressionEnvironment) -> [Check] {
        guard let node, let nodes = reader.list(node, "'checks'") else { return [] }
        if nodes.count > Limits.checks {
            reader.error("a policy may have at most \(Limits.checks) checks", node.range)
        }
        var checks: [Check] = []
        var ids: Set<String> = []
        for node in nodes.prefix(Limits.checks) {
            guard let check = reader.mapping(node, "a check", keys: ["id", "that", "because"]),
                let id = id(of: check, "a check", &ids),
                let that = reader.required("that", in: check, "a check"),
                let condition = condition(that, environment)
            else { continue }
            checks.append(
                Check(
                    id: id,
                    condition: condition,
                    because: check["because"].flatMap { reader.text($0, "'because'") }
                )
            )
        }
        return checks
    }

    /// `use` are the models that a clause may give thresholds of their own.
    mutating func accept(
        _ node: Node?,
        _ environment: ExpressionEnvironment,
        use: [String]
    ) -> [AcceptClause] {
        guard let node, let nodes = reader.list(node, "'accept'") else { return [] }
        if nodes.count > Limits.acceptClauses {
            reader.error(
                "a policy may have at most \(Limits.acceptClauses) accept clauses",
                node.range
            )
        }
        var clauses: [AcceptClause] = []
        var reach = Reach(what: "clause")
        for (index, node) in nodes.prefix(Limits.acceptClauses).enumerated() {
            guard
                let clause = reader.mapping(
                    node,
                    "an accept clause",
                    keys: ["when", "threshold", "stages"]
                ),
                let written = reader.required("threshold", in: clause, "an accept clause")
            else { continue }
            let condition = clause["when"].flatMap { self.condition($0, environment) }
            if clause["when"] == nil || condition != nil {
                reach.check("\(index + 1)", condition, clause, &reader)
            }
            if let threshold = threshold(written) {
                let stages = stages(clause["stages"], use)
                clauses.append(
                    AcceptClause(condition: condition, threshold: threshold, stages: stages)
                )
            }
        }
        return clauses
    }

    private mutating func stages(
        _ node: Node?,
        _ use: [String]
    ) -> [String: AcceptClause.Threshold] {
        guard let node else { return [:] }
        guard let entries = node.entries else {
            reader.error("'stages' needs the names of models with a threshold each", node.range)
            return [:]
        }
        var stages: [String: AcceptClause.Threshold] = [:]
        for entry in entries {
            guard use.contains(entry.name) else {
                reader.error(
                    "'\(entry.name)' is none of the models under 'use': "
                        + use.joined(separator: ", "),
                    entry.nameRange,
                    fix: nearest(entry.name, in: use).map { "write '\($0)'" }
                )
                continue
            }
            if let threshold = threshold(entry.value) { stages[entry.name] = threshold }
        }
        return stages
    }

    private mutating func threshold(_ node: Node) -> AcceptClause.Threshold? {
        if node.scalar == "never" { return .never }
        if let value = node.scalar?.number, (0...1).contains(value) { return .fixed(value) }
        guard node.entries != nil else {
            reader.error(
                "a threshold is a number from 0 to 1, never, or {error, certainty, until}; got "
                    + (node.fragment?.text ?? node.json.kindWithArticle),
                node.range
            )
            return nil
        }
        guard
            let clause = reader.mapping(
                node,
                "a threshold",
                keys: ["error", "certainty", "until"]
            ),
            let error = reader.required("error", in: clause, "a threshold").flatMap({
                reader.share($0, "'error'")
            }),
            let certainty = reader.required("certainty", in: clause, "a threshold").flatMap({
                reader.share($0, "'certainty'")
            }), let until = reader.required("until", in: clause, "a threshold")
        else { return nil }
        reader.warning(
            "a threshold found from outcomes is not available yet: what 'until' says applies",
            node.range
        )
        if until.scalar == "never" { return .error(error, certainty: certainty, until: nil) }
        guard let value = reader.number(until, "'until'", in: 0...1) else { return nil }
        return .error(error, certainty: certainty, until: value)
    }
}

/// Finds rules, or branches, that can never be taken, one after the other.
package struct Reach: Sendable {
    private let what: String
    private var earlier: [(id: String, condition: Program?)] = []

    /// `what` is the word for one of them.
    package init(what: String) { self.what = what }

    /// Notes an error when one of those checked before is always taken first.
    package mutating func check(
        _ id: String,
        _ condition: Program?,
        _ node: Node,
        _ reader: inout NodeReader
    ) {
        defer { earlier.append((id, condition)) }
        let range = node["when"]?.range ?? node["id"]?.range ?? node.range
        if let last = earlier.first(where: { $0.condition == nil }) {
            reader.error(
                "this \(what) is never reached: '\(last.id)' before it has no condition",
                range,
                fix: "move it before '\(last.id)'"
            )
            return
        }
        guard let condition else { return }
        if condition.isConstantFalse {
            reader.error("this condition is never true, so the \(what) is never reached", range)
            return
        }
        for (earlierID, earlierCondition) in earlier {
            if let earlierCondition, condition.implies(earlierCondition) {
                reader.error(
                    "this \(what) is never reached: whenever it would apply, '\(earlierID)' "
                        + "before it does",
                    range,
                    fix: "move it before '\(earlierID)', or remove it"
                )
                return
            }
        }
    }
}

extension SourceFragment? {
    fileprivate var isBlank: Bool { self?.text.allSatisfy(\.isWhitespace) ?? true }
}
