/// The bounds of one YAML document.
package enum Limits {
    package static let bytes = 16 << 20
    /// Sequences and mappings inside each other.
    package static let depth = 100
    /// Nodes, those that aliases repeat included.
    package static let nodes = 1_000_000
}
