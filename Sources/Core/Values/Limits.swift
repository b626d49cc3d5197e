/// The bounds of what this module reads and reports.
package enum Limits {
    /// Diagnostics kept of one check; more would not be read.
    package static let diagnostics = 100
    /// One JSON text.
    package static let jsonBytes = 64 << 20
    /// Arrays and objects inside each other.
    package static let jsonDepth = 256
    /// Values of one JSON text, those inside others included.
    package static let jsonValues = 4_000_000
    /// Failures one validation keeps.
    package static let schemaFailures = 100
    /// Schemas inside one schema.
    package static let schemaRules = 10_000
    /// The same once what a dynamic reference means in each place is told apart.
    package static let schemaExpandedRules = 20_000
    /// Lists and mappings of a schema inside each other.
    package static let schemaNesting = 256
    /// Schemas applied inside each other, references followed.
    package static let schemaDepth = 600
    /// Schemas applied to the parts of one value.
    package static let schemaSteps = 2_000_000
    /// Schemas that one validation looks into for the words of a failure.
    package static let schemasExplained = 5_000
    /// Names that one not known is compared with.
    package static let namesCompared = 1_000
    /// Forms of an `anyOf` or `oneOf` that are looked into for the nearest.
    package static let formsExplained = 20
    /// Elements of a list of unique ones that are compared each with each other.
    package static let elementsCompared = 16
    /// Groups of a regular expression inside each other.
    package static let patternDepth = 200
    /// Members of an enumeration that a message lists.
    package static let namesShown = 12
    /// The file of one time zone; those of today have a few thousand.
    package static let timeZoneBytes = 1 << 20
}
