/// The bounds of what this module reads and reports.
package enum Limits {
    /// Diagnostics kept of one check; more would not be read.
    package static let diagnostics = 100
}
