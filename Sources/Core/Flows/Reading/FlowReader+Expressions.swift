internal import Autonomy
internal import Expressions
internal import Values

/// Expressions, and values with expressions in them.
extension FlowReader {
    /// The names of variables that are always there, in the order of their places.
    static let common = ["input", "steps", "run", "lists", "vars", "now", "event"]

    /// Every variable by its place, for whoever binds values to them.
    var bindingNames: ExpressionEnvironment {
        ExpressionEnvironment(
            variables: (Self.common + itemNames.flatMap { [$0, $0 + "_index"] }).map {
                Variable($0, .dyn)
            },
            zones: surroundings.zones
        )
    }

    /// What may be used at a place; `event` where an event is looked at.
    ///
    /// A variable that is not known there keeps its place under a name that nobody can write.
    func environment(_ scope: StepScope, withEvent: Bool = false) -> StepEnvironment {
        let constants = surroundings.workspace.constants
        var variables = [
            Variable("input", inputType),
            Variable("steps", scope.type(index, read: read, open: open)),
            Variable("run", Self.runType),
            Variable("lists", constants.listsType),
            Variable("vars", constants.varsType),
            Variable("now", .timestamp),
            Variable(withEvent ? "event" : "@event", .dyn),
        ]
        for name in itemNames {
            let item = scope.items.last { $0.name == name }
            variables.append(Variable(item?.name ?? "@item", item?.type ?? .dyn))
            variables.append(Variable(item.map { $0.name + "_index" } ?? "@index", .int))
        }
        return StepEnvironment(
            expressions: ExpressionEnvironment(variables: variables, zones: surroundings.zones),
            numbers: scope.numbers
        )
    }

    private static let runType = ExpressionType.object(
        ObjectType([
            .init("id", .string), .init("flow", .string), .init("caller", .string),
            .init("started_at", .timestamp),
        ])
    )

    // MARK: Expressions

    /// An expression, bare or as the whole of `${{ }}`.
    mutating func expression(
        _ node: Node,
        _ what: String,
        _ environment: StepEnvironment,
        expecting: ExpressionType? = nil
    ) -> FlowExpression? {
        guard let fragment = fragment(node, what) else { return nil }
        return compile(fragment, environment, expecting: expecting)
    }

    mutating func compile(
        _ fragment: SourceFragment,
        _ environment: StepEnvironment,
        expecting: ExpressionType? = nil
    ) -> FlowExpression? {
        do {
            let program = try environment.expressions.compile(fragment, expecting: expecting)
            return FlowExpression(program, reads: environment.reads(program))
        } catch {
            reader.add(error)
            return nil
        }
    }

    private mutating func fragment(_ node: Node, _ what: String) -> SourceFragment? {
        guard let fragment = node.fragment, !trimmed(fragment.text).isEmpty else {
            reader.error(
                "\(what) needs an expression; got \(node.json.kindWithArticle)",
                node.range,
                fix: "quote it if it begins with { or ["
            )
            return nil
        }
        guard fragment.text.contains("${{") else { return fragment }
        guard let inner = fragment.inMarks else {
            reader.error(
                "\(what) needs one expression alone; got text around '${{ }}'",
                node.range,
                fix: "join the texts in the expression with +"
            )
            return nil
        }
        return inner
    }

    /// A condition that is not constant, which `what` would make pointless.
    mutating func condition(_ node: Node, _ environment: StepEnvironment) -> FlowExpression? {
        expression(node, "'when'", environment, expecting: .bool)
    }

    // MARK: Values

    /// A value: a text without `${{ }}` is one expression, anything else is taken as it is written
    /// with its `${{ }}` worked out.
    mutating func given(
        _ node: Node,
        _ what: String,
        _ scope: StepScope
    ) -> FlowTemplate? {
        if let text = node.scalar?.string, !text.contains("${{") {
            checkNoSecrets(node)
            return expression(node, what, environment(scope)).map {
                FlowTemplate(ValueTemplate($0.program), reads: $0.reads)
            }
        }
        return template(node, scope)
    }

    /// A value with its `${{ }}` worked out.
    mutating func template(
        _ node: Node,
        _ scope: StepScope,
        expecting: ExpressionType? = nil
    ) -> FlowTemplate? {
        checkNoSecrets(node)
        let environment = environment(scope)
        do {
            let value = try ValueTemplate(
                node,
                in: environment.expressions,
                expecting: expecting
            )
            let reads = value.programs.reduce(into: Set<Int>()) {
                $0.formUnion(environment.reads($1))
            }
            return FlowTemplate(value, reads: reads)
        } catch {
            reader.add(error)
            return nil
        }
    }

    /// Secrets are in headers only, where they are read when the call is made and kept nowhere.
    private mutating func checkNoSecrets(_ node: Node) {
        switch node.content {
        case .scalar(.string(let text)):
            guard text.contains("${env:") || text.contains("${file:") else { return }
            reader.error(
                "secrets are used in the headers of 'http' only, so that none is kept with a run",
                node.range,
                fix: "name what is no secret under 'vars:' in stepgate.yaml"
            )
        case .scalar: return
        case .sequence(let nodes):
            for node in nodes { checkNoSecrets(node) }
        case .mapping(let entries):
            for entry in entries { checkNoSecrets(entry.value) }
        }
    }

    /// What a policy or a flow is given, checked against its input as far as types tell; nothing
    /// written means the run's input.
    mutating func input(
        _ node: Node?,
        to target: Schema?,
        of what: String,
        _ step: Node,
        _ scope: StepScope
    ) -> FlowTemplate? {
        let given: FlowTemplate?
        if let node {
            given = self.given(node, "'with'", scope)
        } else {
            let written = SourceFragment(text: "input", range: step.range, verbatim: false)
            given = compile(written, environment(scope)).map {
                FlowTemplate(ValueTemplate($0.program), reads: $0.reads)
            }
        }
        guard let given, let target else { return given }
        if let constant = given.value.constant, let node {
            for failure in target.validate(constant) {
                reader.error(
                    "this does not fit the input of \(what): \(failure)",
                    node.place(of: failure.pointer)
                )
            }
            return given
        }
        var fit = TypeFit(what: "the input of \(what)")
        fit.check(
            given.value.type(literally: true),
            ExpressionType(schema: target.document),
            schema: target.document,
            at: node ?? step
        )
        reader.add(fit.diagnostics)
        return given
    }
}

extension SourceFragment {
    /// What stands in `${{ }}`, when that is the whole of the text.
    fileprivate var inMarks: SourceFragment? {
        let bytes = Array(text.utf8)
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        let from = bytes.firstIndex { !isSpace($0) } ?? bytes.count
        let to = (bytes.lastIndex { !isSpace($0) } ?? -1) + 1
        guard to - from >= 5, bytes[from...].starts(with: Array("${{".utf8)),
            bytes[(to - 2)..<to].elementsEqual(Array("}}".utf8))
        else { return nil }
        let inner = (from + 3)..<(to - 2)
        let words = String(decoding: bytes[inner], as: UTF8.self)
        guard !words.contains("${{") else { return nil }
        return SourceFragment(text: words, range: sourceRange(inner), verbatim: verbatim)
    }
}
