package import Values

/// Reads `Policies/NAME.cases.yaml`, collecting what is wrong with it.
package struct CaseReader {
    private var reader = NodeReader()

    /// The cases that could be read, and the diagnostics of the rest.
    package static func read(_ node: Node) -> (cases: [PolicyCase], diagnostics: [Diagnostic]) {
        var own = CaseReader()
        let cases = own.cases(node)
        return (cases, own.reader.diagnostics)
    }

    private mutating func cases(_ node: Node) -> [PolicyCase] {
        guard let root = reader.mapping(node, "a file of cases", keys: ["cases"]),
            let list = reader.required("cases", in: root, "a file of cases"),
            let nodes = reader.list(list, "'cases'")
        else { return [] }
        if nodes.count > Limits.cases {
            reader.error("a file may have at most \(Limits.cases) cases", list.range)
        }
        return nodes.prefix(Limits.cases).compactMap { each($0) }
    }

    private mutating func each(_ written: Node) -> PolicyCase? {
        let keys = ["name", "input", "caller", "model", "expect"]
        guard let node = reader.mapping(written, "a case", keys: keys),
            let name = reader.required("name", in: node, "a case").flatMap({
                reader.text($0, "'name'")
            }),
            let input = reader.required("input", in: node, "a case"),
            let expect = reader.required("expect", in: node, "a case")
        else { return nil }
        let caller = node["caller"].flatMap { reader.text($0, "'caller'") } ?? "case"
        let model = node["model"].flatMap { self.model($0) }
        guard let expected = expected(expect) else { return nil }
        return PolicyCase(
            name: name,
            place: node["name"]?.range ?? node.range,
            input: input.json,
            caller: caller,
            model: model,
            expected: expected
        )
    }

    private mutating func model(_ written: Node) -> PolicyCase.ModelSays? {
        let keys = ["output", "confidence", "failure"]
        guard let node = reader.mapping(written, "'model'", keys: keys) else { return nil }
        if let failure = node["failure"] {
            let words = AnswerFailure.Kind.allCases.map(\.rawValue)
            return reader.word(failure, "'failure'", of: words)
                .flatMap(AnswerFailure.Kind.init).map { .failure($0) }
        }
        guard let output = reader.required("output", in: node, "'model'") else { return nil }
        return .answer(
            output.json,
            confidence: node["confidence"].flatMap { reader.number($0, "'confidence'", in: 0...1) }
        )
    }

    private mutating func expected(_ written: Node) -> PolicyCase.Expected? {
        let keys = [
            "state", "route", "rule", "reason", "queue", "output", "prompt_has", "prompt_lacks",
        ]
        guard let node = reader.mapping(written, "'expect'", keys: keys) else { return nil }
        guard node.entries?.isEmpty == false else {
            reader.error(
                "'expect' needs at least one thing, or the case shows nothing",
                node.range,
                fix: "write {state: decided}"
            )
            return nil
        }
        func text(_ key: String) -> String? { node[key].flatMap { reader.text($0, "'\(key)'") } }
        func texts(_ key: String) -> [String] {
            guard let value = node[key] else { return [] }
            let nodes = value.elements ?? [value]
            return nodes.compactMap { reader.text($0, "'\(key)'") }
        }
        let states = ["asking", "review", "decided", "failed"]
        return PolicyCase.Expected(
            state: node["state"].flatMap { reader.word($0, "'state'", of: states) },
            route: text("route"),
            rule: text("rule"),
            reason: text("reason"),
            queue: text("queue"),
            output: node["output"]?.json,
            promptHas: texts("prompt_has"),
            promptLacks: texts("prompt_lacks")
        )
    }
}
