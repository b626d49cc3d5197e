package import Values

/// Reads YAML 1.2 documents with places, over libyaml.
///
/// Plain scalars follow the core schema, so `on`, `off`, `yes` and `no` are texts. Duplicate keys,
/// tags, merge keys and a second document are errors; aliases are repeated within a bound.
package struct YAMLReader: DocumentReader {
    package init() {}

    package func read(_ source: SourceText) throws(Diagnostics) -> Node {
        guard source.utf8Count <= Limits.bytes else {
            let end = SourceRange(source, Limits.bytes..<Limits.bytes)
            throw Diagnostics([
                Diagnostic("the file is larger than \(Limits.bytes) bytes", at: end)
            ])
        }
        var composer = Composer(source: source)
        let node: Node
        do {
            node = try composer.document()
        } catch let error as YAMLSyntaxError {
            throw Diagnostics(composer.diagnostics + [composer.diagnostic(error)])
        } catch let error as Diagnostics {
            throw error
        } catch {
            preconditionFailure("the composer throws only its own errors")
        }
        if !composer.diagnostics.isEmpty { throw Diagnostics(composer.diagnostics) }
        return node
    }
}

/// Builds nodes from events.
private struct Composer: ~Copyable {
    private let source: SourceText
    private var events: YAMLEvents
    private var anchors: [String: (node: Node, size: Int, height: Int)] = [:]
    /// How deep the node being read reaches so far, what its aliases repeat included.
    private var deepest = 0
    private var nodes = 0
    private(set) var diagnostics: [Diagnostic] = []

    init(source: SourceText) {
        self.source = source
        events = YAMLEvents(source.text)
    }

    mutating func document() throws -> Node {
        let empty = Node(.scalar(.null), range: SourceRange(source, 0..<0))
        guard case .documentStart = try events.next().kind else { return empty }
        let root = try node(try events.next(), depth: 0)
        _ = try events.next()
        let after = try events.next()
        if case .documentStart = after.kind {
            note("there is a second document; expected exactly one", after.range, "remove it")
        }
        return root
    }

    func diagnostic(_ error: YAMLSyntaxError) -> Diagnostic {
        let line = source.line(source.position(at: error.offset).line)
        let range = SourceRange(source, error.offset..<error.offset)
        var fix: String?
        if line.contains("\t") {
            fix = "indent with spaces; YAML allows no tabs there"
        } else if error.problem.contains("mapping values are not allowed") {
            fix = "quote a text that has ': ' in it"
        } else if error.problem.contains("cannot start any token") {
            fix = "quote a text that begins with @, ` or %"
        } else if error.problem.contains("could not find expected ':'") {
            fix = "put a space after the ':' of the line"
        }
        let context = error.context.map { " \($0)" } ?? ""
        return Diagnostic("\(error.problem)\(context)", at: range, fix: fix)
    }

    private mutating func note(_ message: String, _ range: Range<Int>, _ fix: String? = nil) {
        diagnostics.append(Diagnostic(message, at: SourceRange(source, range), fix: fix))
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws -> Node {
        nodes += 1
        if nodes > Limits.nodes || depth > Limits.depth {
            let what = depth > Limits.depth ? "nested more than \(Limits.depth) deep" : "too large"
            note("the document is \(what)", event.range)
            throw Diagnostics(diagnostics)
        }
        if let tag = event.tag, tag != "!" {
            note("tags such as '\(tag)' are not used here", event.range, "remove it")
        }
        let before = nodes
        let outer = deepest
        deepest = depth
        defer { deepest = max(deepest, outer) }
        let made: Node
        switch event.kind {
        case .alias(let name): return try alias(name, event, depth)
        case .scalar(let text, let style): made = scalar(text, style, event)
        case .sequenceStart: made = try sequence(event, depth)
        case .mappingStart(let isFlow): made = try mapping(event, isFlow: isFlow, depth)
        default: preconditionFailure("libyaml begins a node with one of these events")
        }
        if let anchor = event.anchor {
            anchors[anchor] = (made, nodes - before + 1, deepest - depth)
        }
        return made
    }

    private mutating func alias(
        _ name: String,
        _ event: YAMLEvent,
        _ depth: Int
    ) throws -> Node {
        guard let anchor = anchors[name] else {
            note("there is no anchor '&\(name)' before this alias", event.range)
            return Node(.scalar(.null), range: SourceRange(source, event.range))
        }
        nodes += anchor.size
        deepest = max(deepest, depth + anchor.height)
        if nodes > Limits.nodes || deepest > Limits.depth {
            let what = deepest > Limits.depth ? "deeper than \(Limits.depth) levels" : "too large"
            note("aliases make the document \(what)", event.range)
            throw Diagnostics(diagnostics)
        }
        return anchor.node
    }

    private mutating func scalar(
        _ text: String,
        _ style: YAMLEvent.Style,
        _ event: YAMLEvent
    ) -> Node {
        let range = SourceRange(source, event.range)
        var value = JSON.string(text)
        if style == .plain {
            switch CoreSchema.read(text) {
            case .value(let read): value = read
            case .unusable(let why): note(why, event.range)
            }
        }
        return Node(.scalar(value), range: range, fragment: fragment(text, style, range))
    }

    /// Verbatim where the scalar's bytes stand in the file as they are.
    private func fragment(
        _ text: String,
        _ style: YAMLEvent.Style,
        _ range: SourceRange
    ) -> SourceFragment {
        var inner = range.offsets
        if style == .single || style == .double, inner.count >= 2 {
            inner = inner.lowerBound + 1..<inner.upperBound - 1
        }
        let bytes = source.text.utf8
        let start = bytes.index(bytes.startIndex, offsetBy: inner.lowerBound)
        let end = bytes.index(start, offsetBy: inner.count)
        let verbatim = style != .block && bytes[start..<end].elementsEqual(text.utf8)
        return SourceFragment(
            text: text,
            range: verbatim ? SourceRange(source, inner) : range,
            verbatim: verbatim
        )
    }

    private mutating func sequence(_ event: YAMLEvent, _ depth: Int) throws -> Node {
        var elements: [Node] = []
        while true {
            let next = try events.next()
            if case .sequenceEnd = next.kind {
                let range = event.range.lowerBound..<next.range.upperBound
                return Node(.sequence(elements), range: SourceRange(source, range))
            }
            elements.append(try node(next, depth: depth + 1))
        }
    }

    private mutating func mapping(
        _ event: YAMLEvent,
        isFlow: Bool,
        _ depth: Int
    ) throws -> Node {
        var entries: [Node.Entry] = []
        var names: Set<String> = []
        while true {
            let next = try events.next()
            if case .mappingEnd = next.kind {
                let range = event.range.lowerBound..<next.range.upperBound
                return Node(.mapping(entries), range: SourceRange(source, range))
            }
            let key = try node(next, depth: depth + 1)
            let valueEvent = try events.next()
            let value = try node(valueEvent, depth: depth + 1)
            guard let name = key.fragment?.text else {
                note("a key must be a text", next.range)
                continue
            }
            if isFlow, value.range.offsets.isEmpty, value.scalar?.isNull == true {
                note(
                    "null key after a comma: '\(name)' has no ':'",
                    next.range,
                    "quote the text that has the comma in it"
                )
            }
            if name == "<<" { note("merge keys ('<<') are not used here", next.range) }
            guard names.insert(name).inserted else {
                note("the key '\(name)' is there twice", next.range, "remove one")
                continue
            }
            entries.append(.init(name: name, nameRange: key.range, value: value))
        }
    }
}
