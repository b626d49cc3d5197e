/// The bounds of the log.
package enum Limits {
    /// Findings one verification keeps; the first tell where to look.
    package static let findings = 100
}
