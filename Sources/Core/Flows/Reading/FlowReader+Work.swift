internal import Autonomy
internal import Expressions
internal import Reviews
internal import Values

/// What a step does itself.
extension FlowReader {
    mutating func work(
        _ family: String,
        _ node: Node,
        number: Int,
        _ scope: StepScope
    ) -> StepWork {
        guard let written = node[family] else { return .unread }
        switch family {
        case "decide": return decide(written, node, scope)
        case "review": return review(written, node, scope)
        case "http": return http(written, scope)
        case "set": return set(written, scope)
        case "wait": return wait(written, scope)
        case "sleep": return sleep(written, scope)
        case "flow": return subflow(written, node, scope)
        case "work": return external(written, node, scope)
        case "parallel": return parallel(written, node, number, scope)
        case "each": return each(written, node, number, scope)
        default: return choose(written, node, number, scope)
        }
    }

    func decideNames() -> [String] { surroundings.workspace.policies.keys.sorted() }

    private mutating func decide(_ written: Node, _ step: Node, _ scope: StepScope) -> StepWork {
        guard let name = reader.text(written, "'decide'") else { return .unread }
        let policy = surroundings.workspace.policies[name]
        if policy == nil {
            reader.error(
                "there is no policy '\(name)' in Policies/",
                written.range,
                fix: nearest(name, in: decideNames()).map { "write '\($0)'" }
                    ?? "add Policies/\(name).yaml"
            )
        }
        let with = input(step["with"], to: policy?.input, of: "the policy '\(name)'", step, scope)
        return StepWork(
            work: with.map { .decide(policy: name, with: $0) },
            output: policy.map { ExpressionType(schema: $0.output.document) } ?? .dyn
        )
    }

    private mutating func subflow(_ written: Node, _ step: Node, _ scope: StepScope) -> StepWork {
        guard let name = reader.text(written, "'flow'") else { return .unread }
        let signature = surroundings.flows[name]
        if !surroundings.names.contains(name) {
            reader.error(
                "there is no flow '\(name)' in Flows/",
                written.range,
                fix: nearest(name, in: surroundings.names).map { "write '\($0)'" }
                    ?? "add Flows/\(name).yaml"
            )
        }
        let with = input(step["with"], to: signature?.input, of: "the flow '\(name)'", step, scope)
        return StepWork(
            work: with.map { .flow(name: name, with: $0) },
            output: signature == nil ? .dyn : signature?.output
        )
    }

    private mutating func external(_ written: Node, _ step: Node, _ scope: StepScope) -> StepWork {
        guard let node = reader.mapping(written, "'work'", keys: ["kind", "output"]) else {
            return .unread
        }
        let kind = reader.required("kind", in: node, "'work'").flatMap {
            plain($0, "'kind'")
        }
        let output = node["output"].flatMap { schema($0) }
        let with = input(step["with"], to: nil, of: "", step, scope)
        guard let kind, let with else { return .unread }
        return StepWork(
            work: .external(kind: kind, with: with, output: output),
            output: output.map { ExpressionType(schema: $0.document) } ?? .dyn
        )
    }

    private mutating func review(_ written: Node, _ step: Node, _ scope: StepScope) -> StepWork {
        let terms = reader.reviewTerms(written, extra: ["because", "show", "output"])
        let because =
            written["because"].flatMap { plain($0, "'because'") }
            ?? "the flow '\(name)' asks"
        if let queue = written["queue"], queue.scalar?.string != nil { _ = plain(queue, "'queue'") }
        let shows: FlowTemplate?
        if let show = written["show"] {
            shows = given(show, "'show'", scope)
        } else {
            shows = input(nil, to: nil, of: "", step, scope)
        }
        let output = written["output"].flatMap { schema($0) }
        guard written.entries != nil, let shows else { return .unread }
        return StepWork(
            work: .review(
                ReviewWork(terms: terms, because: because, shows: shows, output: output)
            ),
            output: output.map { ExpressionType(schema: $0.document) }
                ?? .object(ObjectType([.init("approved", .bool)]))
        )
    }

    private mutating func set(_ written: Node, _ scope: StepScope) -> StepWork {
        guard let entries = written.entries, !entries.isEmpty else {
            reader.error(
                "'set' needs names and values; got \(written.json.kindWithArticle)",
                written.range
            )
            return .unread
        }
        guard let template = template(written, scope) else { return .unread }
        if case .object(let type) = template.value.type(literally: true) {
            for entry in entries {
                checkField(entry, type[entry.name]?.type ?? .dyn)
            }
        }
        return StepWork(work: .set(template), output: template.value.type())
    }

    /// A value named like a field of the flow becomes the run's, so it must fit.
    private mutating func checkField(_ entry: Node.Entry, _ type: ExpressionType) {
        guard let field = fields.first(where: { $0.name == entry.name }), type != .null else {
            return
        }
        var fit = TypeFit(what: "the field '\(field.name)'")
        fit.check(type, field.kind.type, at: entry.value)
        reader.add(fit.diagnostics)
    }

    // MARK: Waiting

    private mutating func wait(_ written: Node, _ scope: StepScope) -> StepWork {
        let ways = ["callback", "event", "until"]
        guard written.entries != nil else {
            reader.error(
                "'wait' needs what it waits for; got "
                    + (written.fragment?.text ?? written.json.kindWithArticle),
                written.range,
                fix: "write 'sleep: …' to let time pass, or 'wait: {callback: {}}'"
            )
            return .unread
        }
        guard let node = reader.mapping(written, "'wait'", keys: ways) else { return .unread }
        let found = (node.entries ?? []).filter { ways.contains($0.name) }
        guard found.count == 1, let way = found.first else {
            if found.isEmpty, node.entries?.isEmpty == false { return .unread }
            reader.error(
                "'wait' needs exactly one of callback, event, until",
                found.dropFirst().first?.nameRange ?? written.range
            )
            return .unread
        }
        switch way.name {
        case "callback": return callback(way.value)
        case "event": return event(way.value, scope)
        default:
            return StepWork(work: until(way.value, scope).map { .wait(.until($0)) }, output: nil)
        }
    }

    private mutating func callback(_ written: Node) -> StepWork {
        if written.scalar == .null {
            return StepWork(work: .wait(.callback(output: nil)), output: .dyn)
        }
        guard let node = reader.mapping(written, "'callback'", keys: ["output"]) else {
            return .unread
        }
        let output = node["output"].flatMap { schema($0) }
        return StepWork(
            work: .wait(.callback(output: output)),
            output: output.map { ExpressionType(schema: $0.document) } ?? .dyn
        )
    }

    private mutating func event(_ written: Node, _ scope: StepScope) -> StepWork {
        guard let node = reader.mapping(written, "'event'", keys: ["type", "match"]) else {
            return .unread
        }
        let type = reader.required("type", in: node, "'event'").flatMap {
            eventType($0)
        }
        var match: FlowExpression?
        var about: RequiredEquality?
        if let written = node["match"] {
            let environment = environment(scope, withEvent: true)
            match = expression(written, "'match'", environment, expecting: .bool)
            if match == nil { return .unread }
            if match?.program.isConstantFalse == true {
                reader.error("this condition is never true, so no event matches", written.range)
            }
            // What the time says when the step begins is another when the event comes.
            about = match.flatMap {
                environment.expressions.requiredEquality(
                    of: $0.program,
                    on: Flow.eventVariable,
                    without: ["now"]
                )
            }
        }
        guard let type else { return .unread }
        return StepWork(work: .wait(.event(type: type, match: match, about: about)), output: .dyn)
    }

    private mutating func eventType(_ node: Node) -> String? {
        guard let text = plain(node, "'type'") else { return nil }
        if text.unicodeScalars.allSatisfy({ $0.value >= 0x20 }) { return text }
        reader.error("the type of an event has no control characters", node.range)
        return nil
    }

    private mutating func until(_ node: Node, _ scope: StepScope) -> FlowExpression? {
        guard let text = node.fragment?.text, !text.contains("${{") else {
            guard let until = expression(node, "'until'", environment(scope)) else { return nil }
            check(until, "'until'", node, "a moment: a timestamp, or a text of RFC 3339") {
                $0 == .timestamp || $0 == .string
            }
            return until
        }
        guard Instant(rfc3339: text) != nil else {
            reader.error(
                "'until' needs a moment such as 2027-01-31T09:00:00Z, or '${{ }}'; got \(text)",
                node.range,
                fix: "write an expression as '${{ … }}'"
            )
            return nil
        }
        return compile(
            SourceFragment(text: "'\(text)'", range: node.range, verbatim: false),
            environment(scope)
        )
    }

    private mutating func sleep(_ node: Node, _ scope: StepScope) -> StepWork {
        if node.fragment?.text.contains("${{") == true {
            let length = expression(node, "'sleep'", environment(scope))
            if let length {
                check(length, "'sleep'", node, "a length of time, such as duration('2h')") {
                    $0 == .duration
                }
            }
            return StepWork(work: length.map { .sleep(.computed($0)) }, output: nil)
        }
        return StepWork(work: time(node, "'sleep'").map { .sleep(.fixed($0)) }, output: nil)
    }

    private mutating func check(
        _ expression: FlowExpression,
        _ what: String,
        _ node: Node,
        _ wanted: String,
        _ fits: (ExpressionType) -> Bool
    ) {
        let type = expression.program.resultType
        if type == .dyn || fits(type) { return }
        reader.error("\(what) needs \(wanted); this is \(type)", node.range)
    }

    /// A text that is the same for every run.
    private mutating func plain(_ node: Node, _ what: String) -> String? {
        guard let text = reader.text(node, what) else { return nil }
        if !text.contains("${{") { return text }
        reader.error(
            "\(what) is the same for every run, so no expression stands in it",
            node.range,
            fix: what == "'because'" ? "put values under 'show'" : nil
        )
        return nil
    }

    /// The schema of an output.
    mutating func schema(_ node: Node) -> Schema? {
        do {
            let schema = try Schema.reading(policyNode: node)
            reader.add(schema.warnings)
            return schema
        } catch {
            reader.add(error)
            return nil
        }
    }
}

extension FlowField.Kind {
    /// The type of its values.
    var type: ExpressionType {
        switch self {
        case .text: .string
        case .number: .double
        case .integer: .int
        case .boolean: .bool
        case .choice(let words): .enumeration(.init(words))
        }
    }
}
