internal import Values

/// Parses the part of Handlebars that Dotprompt uses.
struct TemplateParser {
    private struct Tag {
        enum Kind { case output, open, close, otherwise, partial }

        let kind: Kind
        let content: Range<Int>
        let range: Range<Int>
    }

    private enum Item {
        case text(String)
        case tag(Tag)
    }

    private let fragment: SourceFragment
    private let bytes: [UInt8]
    private let helpers: Set<String>
    private var items: [Item] = []
    private var index = 0
    private(set) var diagnostics: [Diagnostic] = []
    private var wasCut = false

    static func parse(
        _ fragment: SourceFragment,
        helpers: Set<String>
    ) throws(Diagnostics) -> [TemplateNode] {
        guard fragment.text.utf8.count <= Limits.templateBytes else {
            throw Diagnostics([
                Diagnostic(
                    "the template is larger than \(Limits.templateBytes) bytes",
                    at: fragment.range
                )
            ])
        }
        var parser = TemplateParser(fragment, helpers)
        parser.scan()
        let nodes = parser.nodes(depth: 0)
        if parser.index < parser.items.count, case .tag(let tag) = parser.items[parser.index] {
            parser.note("this closes no block", tag.range)
        }
        if !parser.diagnostics.isEmpty { throw Diagnostics(parser.diagnostics) }
        return nodes
    }

    private init(_ fragment: SourceFragment, _ helpers: Set<String>) {
        self.fragment = fragment
        self.helpers = helpers
        bytes = Array(fragment.text.utf8)
    }

    private mutating func note(_ message: String, _ range: Range<Int>, fix: String? = nil) {
        if wasCut { return }
        diagnostics.append(Diagnostic(message, at: fragment.sourceRange(range), fix: fix))
    }

    // MARK: Text and tags

    private mutating func scan() {
        var text: [UInt8] = []
        var trimNext = false
        var at = 0
        func flush(_ items: inout [Item]) {
            if trimNext { text = Array(text.drop(while: Self.isSpace)) }
            trimNext = false
            items.append(.text(String(decoding: text, as: UTF8.self)))
            text = []
        }
        while at < bytes.count {
            if starts("\\{{", at), at == 0 || bytes[at - 1] != UInt8(ascii: "\\") {
                let end = find("}}", from: at + 3).map { $0 + 2 } ?? bytes.count
                text += bytes[at + 1..<end]
                at = end
                continue
            }
            guard starts("{{", at) else {
                text.append(bytes[at])
                at += 1
                continue
            }
            guard let (tag, end, trims) = tag(at) else {
                note("'{{' is not closed", at..<at + 2, fix: "add '}}'")
                return
            }
            if trims.before { while let last = text.last, Self.isSpace(last) { text.removeLast() } }
            flush(&items)
            if let tag { items.append(.tag(tag)) }
            trimNext = trims.after
            at = end
        }
        flush(&items)
        stripStandaloneLines()
    }

    private func tag(
        _ start: Int
    ) -> (tag: Tag?, end: Int, trims: (before: Bool, after: Bool))? {
        var inner = start + 2
        var close = "}}"
        if starts("{", inner) {
            inner += 1
            close = "}}}"
        }
        var before = false
        if starts("~", inner) {
            before = true
            inner += 1
        }
        let isComment = starts("!", inner)
        if starts("!--", inner) { close = "--" + close }
        var search = inner
        if isComment, close == "--}}",
            let end = find("--}}", from: inner) ?? find("--~}}", from: inner)
        {
            search = end
        }
        guard var end = isComment ? find("}}", from: search) : closing(from: inner, close) else {
            return nil
        }
        var after = false
        if end > inner, bytes[end - 1] == UInt8(ascii: "~") {
            after = true
            end -= 1
        }
        let length = (close == "}}}" ? 3 : 2) + (after ? 1 : 0)
        let range = start..<end + length
        if isComment {
            return (
                Tag(kind: .output, content: end..<end, range: range), range.upperBound,
                (before, after)
            )
        }
        let kinds: [(String, Tag.Kind)] = [
            ("#", .open), ("/", .close), (">", .partial), ("&", .output),
        ]
        var kind = Tag.Kind.output
        var content = inner
        for (mark, found) in kinds where starts(mark, inner) {
            kind = found
            content = inner + 1
        }
        let word = trimmed(String(decoding: bytes[content..<end], as: UTF8.self))
        if kind == .output, word == "else" || word.hasPrefix("else ") || word == "^" {
            kind = .otherwise
        }
        return (
            Tag(kind: kind, content: content..<end, range: range), range.upperBound, (before, after)
        )
    }

    /// The end of a tag, texts in quotes passed over.
    private func closing(from start: Int, _ close: String) -> Int? {
        var at = start
        var quote: UInt8?
        while at < bytes.count {
            let byte = bytes[at]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if starts(close, at) {
                return at
            }
            at += 1
        }
        return nil
    }

    /// A block tag, comment or partial alone on its line takes the line with it.
    private mutating func stripStandaloneLines() {
        for at in items.indices {
            guard case .tag(let tag) = items[at], tag.kind != .output || tag.content.isEmpty else {
                continue
            }
            guard case .text(let before) = at > 0 ? items[at - 1] : .text(""),
                case .text(let after) = at + 1 < items.count ? items[at + 1] : .text("")
            else { continue }
            guard let head = Self.lineHead(before, isFirst: at <= 1),
                let tail = Self.lineTail(after, isLast: at + 2 >= items.count)
            else { continue }
            if at > 0 { items[at - 1] = .text(tag.kind == .partial ? head : head) }
            if at + 1 < items.count { items[at + 1] = .text(tail) }
        }
    }

    /// The text without the blanks after its last line end; nothing when other text is there.
    private static func lineHead(_ text: String, isFirst: Bool) -> String? {
        var kept = Array(text.utf8)
        while kept.last == 0x20 || kept.last == 0x09 { kept.removeLast() }
        guard kept.last == 0x0A || (kept.isEmpty && isFirst) else { return nil }
        return String(decoding: kept, as: UTF8.self)
    }

    /// The text after its first line end; nothing when other text is before it.
    private static func lineTail(_ text: String, isLast: Bool) -> String? {
        var rest = Array(text.utf8)[...]
        while rest.first == 0x20 || rest.first == 0x09 { rest = rest.dropFirst() }
        if rest.first == 0x0D { rest = rest.dropFirst() }
        if rest.first == 0x0A { return String(decoding: rest.dropFirst(), as: UTF8.self) }
        return rest.isEmpty && isLast ? "" : nil
    }

    // MARK: Structure

    private mutating func nodes(depth: Int) -> [TemplateNode] {
        var nodes: [TemplateNode] = []
        while index < items.count {
            switch items[index] {
            case .text(let text):
                if !text.isEmpty { nodes.append(.text(text)) }
                index += 1
            case .tag(let tag):
                switch tag.kind {
                case .close, .otherwise: return nodes
                case .output:
                    index += 1
                    if tag.content.isEmpty { continue }
                    var reader = operands(tag)
                    if let call = reader.call() { nodes.append(.output(call)) }
                    diagnostics += reader.diagnostics
                case .partial:
                    index += 1
                    if let partial = partial(tag) { nodes.append(partial) }
                case .open:
                    index += 1
                    if isTooDeep(tag, depth) { return nodes }
                    if let block = block(tag, depth: depth) { nodes.append(.block(block)) }
                }
            }
        }
        return nodes
    }

    /// Tells it once: the rest is passed over, and what is wrong because of that is not told.
    private mutating func isTooDeep(_ tag: Tag, _ depth: Int) -> Bool {
        guard depth >= Limits.depth else { return false }
        note("blocks are nested more than \(Limits.depth) deep", tag.range)
        wasCut = true
        index = items.count
        return true
    }

    private func operands(_ tag: Tag) -> OperandReader {
        OperandReader(fragment: fragment, bytes: bytes, range: tag.content)
    }

    private mutating func partial(_ tag: Tag) -> TemplateNode? {
        var reader = operands(tag)
        let call = reader.call()
        diagnostics += reader.diagnostics
        guard let call, let path = call.name.path else { return nil }
        return .partial(
            path.names.joined(separator: "."),
            context: call.arguments.first,
            hash: call.hash
        )
    }

    private mutating func block(_ open: Tag, depth: Int) -> TemplateNode.Block? {
        var reader = operands(open)
        let call = reader.call()
        diagnostics += reader.diagnostics
        let body = nodes(depth: depth + 1)
        let otherwise = self.otherwise(depth: depth)
        guard index < items.count, case .tag(let close) = items[index], close.kind == .close else {
            note("this block is not closed", open.range, fix: "add '{{/\(name(open))}}'")
            return nil
        }
        index += 1
        let closed = name(close)
        if closed != name(open) {
            note(
                "'\(name(open))' was opened here, and '\(closed)' is closed",
                close.range,
                fix: "write '{{/\(name(open))}}'"
            )
        }
        guard let call else { return nil }
        return .init(
            call: call,
            body: body,
            otherwise: otherwise,
            parameters: reader.parameters
        )
    }

    /// What stands after `{{else}}`; `{{else if x}}` is a block in it.
    private mutating func otherwise(depth: Int) -> [TemplateNode] {
        guard index < items.count, case .tag(let tag) = items[index], tag.kind == .otherwise else {
            return []
        }
        index += 1
        if isTooDeep(tag, depth) { return [] }
        var reader = operands(tag)
        guard reader.takeElse() else { return nodes(depth: depth + 1) }
        let call = reader.call()
        diagnostics += reader.diagnostics
        let body = nodes(depth: depth + 1)
        let rest = otherwise(depth: depth + 1)
        guard let call else { return [] }
        return [
            .block(.init(call: call, body: body, otherwise: rest, parameters: reader.parameters))
        ]
    }

    private func name(_ tag: Tag) -> String {
        let text = trimmed(String(decoding: bytes[tag.content], as: UTF8.self))
        return String(text.prefix { !$0.isWhitespace })
    }

    private func starts(_ text: String, _ at: Int) -> Bool {
        at <= bytes.count && bytes[at...].starts(with: text.utf8)
    }

    private func find(_ text: String, from start: Int) -> Int? {
        (start..<max(start, bytes.count)).first { starts(text, $0) }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
}
