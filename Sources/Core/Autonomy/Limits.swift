/// The bounds of a workspace.
package enum Limits {
    package static let rules = 2_000
    package static let checks = 500
    package static let acceptClauses = 500
    /// Samples one `vote` may ask for.
    package static let samples = 128
    package static let attempts = 10
    package static let approvals = 20
    /// Rows of one list.
    package static let listRows = 1_000_000
}
