package import Values

/// What still needs a release, so that it cannot be removed.
package struct ReleaseUse: Sendable, Equatable {
    /// How many of the runs, and of the reviews, are named.
    package static let named = 10

    /// Whether new steps are decided under it.
    package var isLive = false
    /// Whether the next rollback returns to it.
    ///
    /// What lies deeper may go: a rollback passes over it.
    package var isNext = false
    /// The first of the live runs that finish on it.
    package var runs: [RunSummary] = []
    package var runCount = 0
    /// Decisions whose models are being asked under it.
    package var asking = 0
    /// The first of the open reviews, audits too, that are judged under it.
    package var reviews: [Identifier] = []
    package var reviewCount = 0

    package init() {}

    package var isEmpty: Bool { self == ReleaseUse() }
}
