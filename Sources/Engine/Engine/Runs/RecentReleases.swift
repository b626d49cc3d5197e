internal import Synchronization
internal import Values

/// Releases that runs were pinned to lately, loaded once: compiling one takes longer than a thousand
/// steps.
final class RecentReleases: ReleaseSource {
    fileprivate struct State {
        /// The last used is last.
        var loaded: [LoadedRelease] = []
    }

    private let source: any ReleaseSource
    private let state = Mutex(State())

    init(_ source: any ReleaseSource) { self.source = source }

    func release(_ digest: Digest) async throws(EngineError) -> LoadedRelease {
        if let known = state.withLock({ $0.take(digest) }) { return known }
        // Two who ask at once may both load it; one of them is kept.
        let release = try await source.release(digest)
        state.withLock { $0.keep(release) }
        return release
    }
}

extension RecentReleases.State {
    fileprivate mutating func take(_ digest: Digest) -> LoadedRelease? {
        guard let place = loaded.lastIndex(where: { $0.digest == digest }) else { return nil }
        if place != loaded.count - 1 { loaded.append(loaded.remove(at: place)) }
        return loaded.last
    }

    fileprivate mutating func keep(_ release: LoadedRelease) {
        guard take(release.digest) == nil else { return }
        if loaded.count >= Limits.recentReleases { loaded.removeFirst() }
        loaded.append(release)
    }
}
