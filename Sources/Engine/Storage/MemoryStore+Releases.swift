package import Decisions
internal import Reviews
internal import Runs
internal import Synchronization
package import Values

extension MemoryStore {
    package func releaseNotes(limit: Int) async throws(StoreError) -> [ReleaseNote] {
        state.withLock { state in
            let newest = state.notes.sorted { $1.keptAt < $0.keptAt }
            return Array(newest.prefix(limit))
        }
    }

    package func promotions(limit: Int) async throws(StoreError) -> [Promotion] {
        state.withLock { Array($0.promotions.reversed().prefix(limit)) }
    }

    package func promotion(_ number: Int64) async throws(StoreError) -> Promotion? {
        state.withLock { $0.promotions.first { $0.number == number } }
    }

    package func release(_ digest: Digest) async throws(StoreError) -> StoredRelease? {
        state.withLock { $0.releases[digest] }
    }

    package func removal(of release: Digest) async throws(StoreError) -> ReleaseRemoval? {
        state.withLock { $0.removals[release] }
    }
}

extension MemoryStore.State {
    /// Why a change does not fit the releases that are there.
    func refusal(byReleasesOf change: Change) -> CommitResult? {
        if let removed = change.releasesNeeded.first(where: { removals[$0] != nil }) {
            return .removed(removed)
        }
        guard let release = change.removal?.release else { return nil }
        guard releases[release] != nil else {
            return removals[release] == nil ? .stale : .removed(release)
        }
        let use = use(of: release)
        return use.isEmpty ? nil : .inUse(use)
    }

    private func use(of release: Digest) -> ReleaseUse {
        var use = ReleaseUse()
        use.isLive = promotions.last?.release == release
        var next = promotions.last?.before
        while let number = next, let promotion = promotions.first(where: { $0.number == number }) {
            next = promotion.before
            if removals[promotion.release] != nil { continue }
            use.isNext = promotion.release == release
            break
        }
        let pinned = runs.runs.values.filter { $0.plan.release == release && !$0.state.isFinal }
        use.runCount = pinned.count
        use.runs = pinned.sorted { $0.id < $1.id }.prefix(ReleaseUse.named).map { RunSummary($0) }
        let under = decisions.values.filter { $0.release == release }
        use.asking = under.count { $0.state == .asking }
        let open = reviews.values.filter { review in
            review.state == .open && decisions[review.decision]?.release == release
        }
        use.reviewCount = open.count
        use.reviews = Array(open.map(\.id).sorted().prefix(ReleaseUse.named))
        return use
    }

    mutating func keep(_ kept: KeptRelease) {
        let release = kept.release
        guard releases[release.digest] == nil else { return }
        releases[release.digest] = release
        removals[release.digest] = nil
        notes.append(kept.note)
    }

    mutating func remove(_ removal: ReleaseRemoval) {
        releases[removal.release] = nil
        notes.removeAll { $0.release == removal.release }
        removals[removal.release] = removal
    }
}
