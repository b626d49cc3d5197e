package import Values

/// The output that a policy wants, prepared once for all the calls that ask for it.
package final class OutputForm: Sendable {
    /// The policy's name, with every character but letters, digits, `_` and `-` replaced.
    package let name: String
    /// The JSON Schema of the output, an object.
    package let schema: JSON
    /// The same as strict structured output takes it: see `StrictSchema`.
    let strict: StrictSchema
    private let compiled: Schema?

    /// The form whose samples `vote` counts only when they fit the schema.
    package convenience init(name: String, schema: Schema) {
        self.init(name: name, document: schema.document, compiled: schema)
    }

    /// The form whose samples `vote` counts when the property in question fits.
    package convenience init(name: String, schema: JSON) {
        self.init(name: name, document: schema, compiled: nil)
    }

    private init(name: String, document: JSON, compiled: Schema?) {
        self.name = Self.sanitized(name)
        schema = document
        strict = StrictSchema(document)
        self.compiled = compiled
    }

    /// Whether the schema, where it is compiled, allows the output.
    func allows(_ output: JSON) -> Bool { compiled?.validate(output).isEmpty ?? true }

    private static func sanitized(_ name: String) -> String {
        let kept = name.unicodeScalars.prefix(Limits.outputNameCharacters).map { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", "-": Character(scalar)
            default: Character("-")
            }
        }
        return kept.isEmpty ? "output" : String(kept)
    }
}
