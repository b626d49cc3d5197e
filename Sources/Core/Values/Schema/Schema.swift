/// A JSON Schema (draft 2020-12) compiled once, to validate many values.
///
/// Every keyword of the draft is applied, `$dynamicRef` and `unevaluated…` included. References may
/// go anywhere within the document and to the metaschemas of the draft; nothing is fetched.
package struct Schema: Sendable {
    /// What `format` does; the draft leaves the choice to the program.
    package enum Formats: Sendable {
        /// A value that is not of its format does not fit.
        case asserted
        /// A format says something to people only.
        case annotated
    }

    /// The schema as JSON, Picoschema expanded.
    package let document: JSON
    /// What is allowed and most likely not meant, such as a keyword that is none.
    package let warnings: [Diagnostic]
    private let program: SchemaProgram
    private let places: SchemaPlaces

    /// Compiles a JSON Schema; diagnostics stand at the places of `node` and name the pointer.
    package init(_ node: Node, formats: Formats = .asserted) throws(Diagnostics) {
        var compiler = try SchemaCompiler(root: node, formats: formats)
        program = try compiler.compile()
        places = compiler.documents.places
        warnings = Diagnostics(compiler.warnings).list
        document = node.json
    }

    /// Compiles a JSON Schema that has no file; places are those of its own text.
    package init(_ document: JSON, formats: Formats = .asserted) throws(Diagnostics) {
        if document.isDeeper(than: Limits.schemaNesting) {
            throw Diagnostics([SchemaDocuments.tooDeep(Node(.null))])
        }
        try self.init(Node(document), formats: formats)
    }

    /// Every way in which the value does not fit, in the order of the value.
    ///
    /// After `Limits.schemaFailures` of them a last one says how many more there are. A value that
    /// a limit did not let be followed to its end has that one failure, whatever the schema says.
    package func validate(_ value: JSON) -> [SchemaFailure] {
        var check = SchemaCheck(program)
        let fits = check.fits(value, 0, nil)
        if let cut = check.cut { return [cut.failure] }
        if fits { return [] }
        var explanation = SchemaExplanation(program, places: places)
        return explanation.failures(of: value)
    }

    /// Whether `validate` would find nothing, for callers that do not tell why.
    package func allows(_ value: JSON) -> Bool {
        var check = SchemaCheck(program)
        return check.fits(value, 0, nil) && check.cut == nil
    }
}

extension JSON {
    /// Whether arrays and objects stand inside each other more than so many times; the walk keeps
    /// its own stack, so that no value overflows the program's.
    func isDeeper(than limit: Int) -> Bool {
        var pending: [(value: JSON, depth: Int)] = [(self, 0)]
        while let (value, depth) = pending.popLast() {
            switch value {
            case .array(let elements):
                if depth == limit { return true }
                for element in elements { pending.append((element, depth + 1)) }
            case .object(let object):
                if depth == limit { return true }
                for member in object.members { pending.append((member.value, depth + 1)) }
            default: continue
            }
        }
        return false
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
