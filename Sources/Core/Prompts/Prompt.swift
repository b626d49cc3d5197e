package import Values

/// A Dotprompt file compiled once: front matter and a template that renders to messages.
package struct Prompt: Sendable {
    package let name: String
    package let frontMatter: FrontMatter
    /// SHA-256 of the file's bytes and, by name, those of the partials it may use.
    package let digest: Digest
    /// The input's fields that the template reads, with their places; `*` for an element.
    package let variables: [(path: [String], range: SourceRange)]
    private let template: [TemplateNode]
    private let partials: [String: [TemplateNode]]

    static let helpers: Set<String> = [
        "if", "unless", "each", "with", "role", "history", "section", "media", "json", "ifEquals",
        "unlessEquals", "fence",
    ]

    /// Reads the front matter between two `---` lines and compiles the template after it.
    package static func compile(
        name: String,
        source: SourceText,
        reader: some DocumentReader,
        partials: [String: SourceText] = [:],
        schemas: [String: JSON] = [:]
    ) throws(Diagnostics) -> Prompt {
        let parts = PromptFile(source)
        let frontMatter = try FrontMatter.read(parts, reader: reader, schemas: schemas)
        var compiled: [String: [TemplateNode]] = [:]
        for (name, text) in partials {
            compiled[name] = try TemplateParser.parse(PromptFile(text).template, helpers: helpers)
        }
        let template = try TemplateParser.parse(parts.template, helpers: helpers)
        var variables = TemplateVariables(partials: compiled)
        variables.collect(template)
        if !variables.diagnostics.isEmpty { throw Diagnostics(variables.diagnostics) }
        var stream = DigestStream()
        stream.add(Array(source.text.utf8))
        for name in partials.keys.sorted() { stream.add(Array((partials[name]?.text ?? "").utf8)) }
        return Prompt(
            name: name,
            frontMatter: frontMatter,
            digest: stream.finish(),
            variables: variables.found,
            template: template,
            partials: compiled
        )
    }

    /// The messages for that input; defaults of the front matter fill what it lacks.
    package func render(_ data: RenderData) throws(PromptError) -> [Message] {
        var input = frontMatter.inputDefault
        for member in data.input.object?.members ?? [] {
            input = input.setting(member.name, to: member.value)
        }
        var renderer = Renderer(
            data: RenderData(
                input: .object(input),
                context: data.context,
                history: data.history
            ),
            partials: partials
        )
        return try renderer.render(template)
    }
}

/// A prompt's file, cut into front matter and template.
struct PromptFile {
    let frontMatter: SourceFragment?
    let template: SourceFragment

    init(_ source: SourceText) {
        let bytes = Array(source.text.utf8)
        func lines(from start: Int) -> (end: Int, next: Int) {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            return (end, min(bytes.count, end + 1))
        }
        func isMark(_ start: Int, _ end: Int) -> Bool {
            trimmed(String(decoding: bytes[start..<end], as: UTF8.self)) == "---"
        }
        var at = 0
        while at < bytes.count {
            let line = lines(from: at)
            let text = trimmed(String(decoding: bytes[at..<line.end], as: UTF8.self))
            guard text.isEmpty || text.hasPrefix("#") else { break }
            at = line.next
        }
        let first = lines(from: at)
        if at < bytes.count, isMark(at, first.end) {
            var next = first.next
            while next < bytes.count {
                let line = lines(from: next)
                if isMark(next, line.end) {
                    frontMatter = Self.fragment(source, bytes, first.next..<next)
                    template = Self.fragment(source, bytes, line.next..<bytes.count)
                    return
                }
                next = line.next
            }
        }
        frontMatter = nil
        template = Self.fragment(source, bytes, 0..<bytes.count)
    }

    private static func fragment(
        _ source: SourceText,
        _ bytes: [UInt8],
        _ range: Range<Int>
    ) -> SourceFragment {
        SourceFragment(
            text: String(decoding: bytes[range], as: UTF8.self),
            range: SourceRange(source, range),
            verbatim: true
        )
    }
}
