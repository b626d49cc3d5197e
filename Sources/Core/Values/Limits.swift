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
    /// Schemas applied inside each other, references followed.
    package static let schemaDepth = 300
    /// Schemas applied to the parts of one value.
    package static let schemaSteps = 2_000_000
    /// Members of an enumeration that a message lists.
    package static let namesShown = 12
    /// The file of one time zone; those of today have a few thousand.
    package static let timeZoneBytes = 1 << 20
}
