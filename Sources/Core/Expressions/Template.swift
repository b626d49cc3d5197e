package import Values

/// A JSON value with `${{ expr }}` in its texts: alone in a text it keeps its type, inside one it
/// becomes text.
package struct ValueTemplate: Sendable {
    private indirect enum Part: Sendable {
        case fixed(JSON)
        case expression(Program)
        /// Texts and expressions one after another.
        case text([TextPart])
        case list([Part])
        case object([(String, Part)])

        /// The value, when no expression is in it.
        var constant: JSON? {
            if case .fixed(let value) = self { value } else { nil }
        }
    }

    private enum TextPart: Sendable {
        case text(String)
        case expression(Program)
    }

    private let root: Part

    /// The value, when no expression is in it.
    package var constant: JSON? {
        root.constant
    }

    /// Compiles every expression in the texts of `node`; `expecting` is the type the value needs.
    package init(
        _ node: Node,
        in environment: ExpressionEnvironment,
        expecting: ExpressionType?
    ) throws(Diagnostics) {
        var reader = Reader(environment: environment)
        root = reader.read(node, expecting: expecting)
        if !reader.diagnostics.isEmpty { throw Diagnostics(reader.diagnostics) }
    }

    /// The value of one expression.
    package init(_ program: Program) { root = .expression(program) }

    /// Every expression in it.
    package var programs: [Program] { Self.programs(root) }

    private static func programs(_ part: Part) -> [Program] {
        switch part {
        case .fixed: []
        case .expression(let program): [program]
        case .text(let parts):
            parts.compactMap { if case .expression(let program) = $0 { program } else { nil } }
        case .list(let parts): parts.flatMap(programs)
        case .object(let parts): parts.flatMap { programs($0.1) }
        }
    }

    /// The type of its value, once that is JSON.
    ///
    /// `literally` makes a text that is written out an enumeration of that one.
    package func type(literally: Bool = false) -> ExpressionType { Self.type(root, literally) }

    private static func type(_ part: Part, _ literally: Bool) -> ExpressionType {
        switch part {
        case .fixed(let value): return type(value, literally)
        case .expression(let program): return program.resultType.asJSON
        case .text: return .string
        case .list(let parts): return .list(common(parts.map { type($0, literally) }))
        case .object(let parts):
            return .object(ObjectType(parts.map { .init($0.0, type($0.1, literally)) }))
        }
    }

    private static func type(_ value: JSON, _ literally: Bool) -> ExpressionType {
        switch value {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string(let text): literally ? .enumeration(.init([text])) : .string
        case .array(let elements): .list(common(elements.map { type($0, literally) }))
        case .object(let object):
            .object(ObjectType(object.members.map { .init($0.name, type($0.value, literally)) }))
        }
    }

    private static func common(_ types: [ExpressionType]) -> ExpressionType {
        guard let first = types.first, types.allSatisfy({ $0 == first }) else { return .dyn }
        return first
    }

    /// The value with every expression evaluated; an error names the first that has none.
    package func render(_ bindings: Bindings) throws(EvaluationError) -> JSON {
        try Self.render(root, bindings)
    }

    private static func render(
        _ part: Part,
        _ bindings: Bindings
    ) throws(EvaluationError) -> JSON {
        switch part {
        case .fixed(let value): return value
        case .expression(let program): return try json(try program.evaluate(bindings))
        case .text(let parts): return .string(try text(parts, bindings))
        case .list(let parts):
            var elements: [JSON] = []
            for part in parts { elements.append(try render(part, bindings)) }
            return .array(elements)
        case .object(let parts):
            var members: [JSONObject.Member] = []
            for (name, part) in parts { members.append(.init(name, try render(part, bindings))) }
            return .object(JSONObject(uniqueMembers: members))
        }
    }

    private static func text(
        _ parts: [TextPart],
        _ bindings: Bindings
    ) throws(EvaluationError) -> String {
        var text = ""
        for part in parts {
            let written: String
            switch part {
            case .text(let fixed): written = fixed
            case .expression(let program):
                let value = try program.evaluate(bindings)
                if let own = value.text {
                    written = own
                } else {
                    written = try json(value).compactText
                }
            }
            try Texts.checkSize(text.utf8.count + written.utf8.count)
            text += written
        }
        return text
    }

    private static func json(_ value: ExpressionValue) throws(EvaluationError) -> JSON {
        if let json = value.json { return json }
        throw EvaluationError(.invalidArgument, "a \(value.typeName) is no JSON value")
    }

    private struct Reader {
        let environment: ExpressionEnvironment
        var diagnostics: [Diagnostic] = []

        mutating func read(_ node: Node, expecting: ExpressionType?) -> Part {
            switch node.content {
            case .scalar(.string(let text)): return scalar(text, node, expecting)
            case .scalar(let value): return .fixed(value)
            case .sequence(let nodes):
                var element: ExpressionType?
                if case .list(let type)? = expecting { element = type }
                let parts = nodes.map { read($0, expecting: element) }
                let constants = parts.compactMap(\.constant)
                return constants.count == parts.count ? .fixed(.array(constants)) : .list(parts)
            case .mapping(let entries): return mapping(entries, expecting)
            }
        }

        private mutating func mapping(
            _ entries: [Node.Entry],
            _ expecting: ExpressionType?
        ) -> Part {
            let parts = entries.map { entry in
                var type: ExpressionType?
                if case .object(let object)? = expecting { type = object[entry.name]?.type }
                if case .map(_, let value)? = expecting { type = value }
                return (entry.name, read(entry.value, expecting: type))
            }
            let constants = parts.compactMap { name, part in
                part.constant.map { JSONObject.Member(name, $0) }
            }
            return constants.count == parts.count
                ? .fixed(.object(JSONObject(uniqueMembers: constants))) : .object(parts)
        }

        private mutating func scalar(
            _ text: String,
            _ node: Node,
            _ expecting: ExpressionType?
        ) -> Part {
            guard text.contains("${{") else { return .fixed(.string(text)) }
            var parts: [TextPart] = []
            var rest = Array(text.utf8)[...]
            while let open = Self.find("${{", in: rest) {
                if open > rest.startIndex {
                    parts.append(
                        .text(String(decoding: rest[rest.startIndex..<open], as: UTF8.self))
                    )
                }
                let inside = rest[(open + 3)...]
                guard let close = Self.find("}}", in: inside) else {
                    diagnostics.append(
                        Diagnostic(
                            "'${{' is not closed",
                            at: place(open..<open + 3, node),
                            fix: "add '}}' after the expression"
                        )
                    )
                    return .fixed(.string(text))
                }
                let alone = parts.isEmpty && open == 0 && close + 2 == text.utf8.count
                guard
                    let program = compile(
                        inside.startIndex..<close,
                        of: text,
                        node,
                        alone ? expecting : nil
                    )
                else { return .fixed(.string(text)) }
                if alone { return .expression(program) }
                parts.append(.expression(program))
                rest = rest[(close + 2)...]
            }
            if !rest.isEmpty { parts.append(.text(String(decoding: rest, as: UTF8.self))) }
            return .text(parts)
        }

        private mutating func compile(
            _ range: Range<Int>,
            of text: String,
            _ node: Node,
            _ expecting: ExpressionType?
        ) -> Program? {
            let bytes = Array(text.utf8)
            let fragment = SourceFragment(
                text: String(decoding: bytes[range], as: UTF8.self),
                range: place(range, node),
                verbatim: node.fragment?.verbatim ?? false
            )
            do {
                return try environment.compile(fragment, expecting: expecting)
            } catch {
                diagnostics += error.list
                return nil
            }
        }

        private func place(_ local: Range<Int>, _ node: Node) -> SourceRange {
            node.fragment?.sourceRange(local) ?? node.range
        }

        private static func find(_ mark: String, in bytes: ArraySlice<UInt8>) -> Int? {
            let mark = Array(mark.utf8)
            return bytes.indices.first { bytes[$0...].starts(with: mark) }
        }
    }
}
