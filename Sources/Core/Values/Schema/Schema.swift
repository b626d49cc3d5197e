/// A JSON Schema (draft 2020-12) compiled once, to validate many values.
///
/// It holds the assertions that policies and model answers need; `$dynamicRef`, `unevaluated…` and
/// references to other documents say "not available yet" when the schema is compiled. Annotations
/// are kept and assert nothing.
package struct Schema: Sendable {
    /// The schema as JSON, Picoschema expanded.
    package let document: JSON
    let rules: [SchemaRule]

    /// Compiles a JSON Schema; diagnostics stand at the places of `node`.
    package init(_ node: Node) throws(Diagnostics) {
        var compiler = SchemaCompiler(root: node)
        rules = try compiler.compile()
        document = node.json
    }

    /// Compiles a JSON Schema that has no file; places are those of its own text.
    package init(_ document: JSON) throws(Diagnostics) {
        try self.init(Node(document))
    }

    /// Every way in which the value does not fit, at most `Limits.schemaFailures`.
    package func validate(_ value: JSON) -> [SchemaFailure] {
        var validation = SchemaValidation(rules: rules)
        validation.check(value, by: 0, at: JSONPointer())
        return validation.cut.map { [$0] } ?? validation.failures
    }
}

extension Node {
    /// A value without a file of its own, its places all at the start of its text.
    package init(_ json: JSON) {
        let source = SourceText(name: "<schema>", text: json.compactText)
        self.init(json, range: SourceRange(source, 0..<source.utf8Count))
    }

    private init(_ json: JSON, range: SourceRange) {
        switch json {
        case .array(let elements):
            self.init(.sequence(elements.map { Node($0, range: range) }), range: range)
        case .object(let object):
            let entries = object.members.map {
                Entry(name: $0.name, nameRange: range, value: Node($0.value, range: range))
            }
            self.init(.mapping(entries), range: range)
        default:
            let text = json.string ?? json.compactText
            self.init(
                .scalar(json),
                range: range,
                fragment: SourceFragment(text: text, range: range, verbatim: false)
            )
        }
    }
}
