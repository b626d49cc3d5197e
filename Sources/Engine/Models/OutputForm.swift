package import Values

/// The output that a policy wants, prepared once for all the calls that ask for it.
package struct OutputForm: Sendable {
    /// The policy's name, with every character but letters, digits, `_` and `-` replaced.
    package let name: String
    /// The JSON Schema of the output, an object.
    package let schema: JSON
    /// The same as strict structured output takes it: see `StrictSchema`.
    let strict: StrictSchema

    package init(name: String, schema: JSON) {
        self.name = Self.sanitized(name)
        self.schema = schema
        strict = StrictSchema(schema)
    }

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
