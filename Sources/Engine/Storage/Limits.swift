/// The bounds of what every store keeps.
package enum Limits {
    /// Conditions on fields that one list of runs is filtered by.
    package static let conditions = 16
    /// Changes of runs that are kept, the latest; who comes back later than that is told of a gap.
    package static let runChanges = 100_000
    /// Changes beyond them after which the oldest go: so many at a time, with the commits that add
    /// as many, so that none takes longer the more there are.
    package static let runChangesLot = 1_000
}
