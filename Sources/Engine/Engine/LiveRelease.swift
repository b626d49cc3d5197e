package import Decisions
internal import Synchronization
internal import Values

/// The release that new steps are decided under, exchanged while the engine runs.
///
/// A step takes what is live once, when it comes in, and is finished under that; so an exchange
/// drops and changes nothing that was begun before it.
package final class LiveRelease: Sendable {
    private struct State {
        var release: LoadedRelease
        /// Nothing where a folder is decided with that was never promoted.
        var promotion: Promotion?
        /// Made once, as every answer names it.
        var name: String
        /// The last promotion that could not be followed, told once.
        var refused: Int64?
    }

    private let state: Mutex<State>

    package init(_ release: LoadedRelease, _ promotion: Promotion?) {
        state = Mutex(
            State(
                release: release,
                promotion: promotion,
                name: Self.name(release, promotion)
            )
        )
    }

    package var release: LoadedRelease { state.withLock { $0.release } }
    /// Its digest and, after a semicolon, how it went live.
    package var name: String { state.withLock { $0.name } }

    /// Whether a promotion is news: neither the one in force nor one that was refused before.
    func isNews(_ promotion: Promotion) -> Bool {
        state.withLock {
            promotion.number != $0.promotion?.number && promotion.number != $0.refused
        }
    }

    func exchange(_ release: LoadedRelease, _ promotion: Promotion) {
        let name = Self.name(release, promotion)
        state.withLock { state in
            state.release = release
            state.promotion = promotion
            state.name = name
        }
    }

    private static func name(_ release: LoadedRelease, _ promotion: Promotion?) -> String {
        release.digest.hex + (promotion.map { "; \($0.act.rawValue)" } ?? "")
    }

    func refuse(_ promotion: Promotion) { state.withLock { $0.refused = promotion.number } }
}

/// What an engine made of the last promotion.
package enum Followed: Sendable {
    case unchanged
    /// It is in force.
    case live(Promotion)
    /// It cannot be loaded here, so the release before it stays in force; told once a promotion.
    case refused(Promotion, EngineError)
}
