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
}
