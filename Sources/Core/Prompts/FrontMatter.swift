package import Values

/// What a prompt's front matter says.
package struct FrontMatter: Sendable {
    package var model: String?
    /// Settings for the model, such as `temperature`.
    package var config: JSON
    package var inputDefault: JSONObject
    /// JSON Schemas, Picoschema expanded.
    package var inputSchema: JSON?
    package var outputSchema: JSON?
    package var outputFormat: String?
    /// Where the schemas and the model are stated.
    package var outputRange: SourceRange?
    package var modelRange: SourceRange?
    /// Everything as it was written.
    package var raw: JSON

    static func read(
        _ file: PromptFile,
        reader: some DocumentReader,
        schemas: [String: JSON]
    ) throws(Diagnostics) -> FrontMatter {
        guard let fragment = file.frontMatter else { return FrontMatter(raw: [:]) }
        // Blank lines stand for what comes before, so that places are those of the file.
        let source = fragment.range.source
        let padding = source.text.utf8.prefix(fragment.range.offsets.lowerBound)
            .map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: "\n") : UInt8(ascii: " ") }
        let text = String(decoding: padding, as: UTF8.self) + fragment.text
        let node = try reader.read(SourceText(name: source.name, text: text))
        guard node.entries != nil else {
            if node.scalar?.isNull == true { return FrontMatter(raw: [:]) }
            throw Diagnostics([
                Diagnostic("expected names and values in the front matter", at: node.range)
            ])
        }
        var read = FrontMatter(raw: node.json)
        read.model = node["model"]?.scalar?.string
        read.modelRange = node["model"]?.range
        read.config = node["config"]?.json ?? [:]
        read.inputDefault = node["input"]?["default"]?.json.object ?? JSONObject()
        read.outputFormat = node["output"]?["format"]?.scalar?.string
        if let schema = node["input"]?["schema"] {
            read.inputSchema = try Picoschema.schema(from: schema, named: schemas)
        }
        if let schema = node["output"]?["schema"] {
            read.outputSchema = try Picoschema.schema(from: schema, named: schemas)
            read.outputRange = schema.range
        }
        return read
    }

    private init(raw: JSON) {
        self.raw = raw
        config = [:]
        inputDefault = JSONObject()
    }
}
