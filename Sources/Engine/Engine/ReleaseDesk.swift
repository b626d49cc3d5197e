package import Autonomy
package import Decisions
internal import Models
package import Storage
package import Values

/// Where releases are kept, promoted and rolled back, each act an entry of the log.
///
/// It needs no engine lock: a running `serve` sees the promotion and follows within a second.
package struct ReleaseDesk: Sendable {
    let store: any Store
    private let releases: any ReleaseSource
    let surroundings: Surroundings

    /// `releases` says whether a release still compiles, before it goes live.
    package init(store: any Store, releases: any ReleaseSource, surroundings: Surroundings) {
        self.store = store
        self.releases = releases
        self.surroundings = surroundings
    }

    /// Keeps a release whole in the store; one that is there already stays as it was.
    package func keep(
        _ release: Release,
        text: String?,
        by person: String
    ) async throws(EngineError) -> ReleaseNote {
        if let text, text.count > Limits.noteCharacters {
            throw EngineError(
                .invalid,
                "a note has at most \(Limits.noteCharacters) characters; this one has \(text.count)"
            )
        }
        let note = ReleaseNote(
            release: release.digest,
            keptAt: surroundings.clock.now,
            person: person,
            text: text
        )
        do {
            if try await store.release(release.digest) != nil {
                let known = try await store.releaseNotes(limit: Limits.listedReleases)
                return known.first { $0.release == release.digest } ?? note
            }
            let stored = StoredRelease(digest: release.digest, files: release.files)
            _ = try await store.commit([
                Change(
                    entries: [entry("release_kept", release.digest, by: person)],
                    kept: KeptRelease(stored, note)
                )
            ])
        } catch {
            throw EngineError(error)
        }
        return note
    }

    /// Makes a kept release live; one that is live already stays so, by the promotion it has.
    ///
    /// Throws `.unknown` when the store does not hold it, `.release` when it no longer compiles.
    package func promote(
        _ digest: Digest,
        _ act: Promotion.Act = .promoted,
        by person: String
    ) async throws(EngineError) -> Promotion {
        try await attempt { live throws(EngineError) in
            if let live, live.release == digest { return .standing(live) }
            _ = try await releases.release(digest)
            return .next(
                .of(digest, over: live, act, by: person, at: surroundings.clock.now)
            )
        }
    }

    /// Goes back to what was live before and was not removed since; throws `.refused` when nothing was.
    package func rollback(by person: String) async throws(EngineError) -> Promotion {
        try await attempt { live throws(EngineError) in
            guard let live, let target = try await kept(under: live) else {
                throw EngineError(
                    .refused,
                    "no release that is still kept was live before, so there is no way back"
                )
            }
            _ = try await releases.release(target.release)
            return .next(live.rolledBack(to: target, by: person, at: surroundings.clock.now))
        }
    }

    /// The last promotion under that one whose release was not removed.
    private func kept(under live: Promotion) async throws(EngineError) -> Promotion? {
        var next = live.before
        do throws(StoreError) {
            while let number = next {
                guard let promotion = try await store.promotion(number) else {
                    throw StoreError(.corrupt, "promotion \(number) is missing from the store")
                }
                if try await store.removal(of: promotion.release) == nil { return promotion }
                next = promotion.before
            }
        } catch {
            throw EngineError(error)
        }
        return nil
    }

    /// What is live; nothing before the first promotion.
    package func live() async throws(EngineError) -> Promotion? {
        try await promotions(limit: 1).first
    }

    /// The promotions, the last first.
    package func promotions(
        limit: Int = Limits.listedReleases
    ) async throws(EngineError) -> [Promotion] {
        do {
            return try await store.promotions(limit: limit)
        } catch {
            throw EngineError(error)
        }
    }

    /// The notes of the releases kept, the last kept first.
    package func all() async throws(EngineError) -> [ReleaseNote] {
        do {
            return try await store.releaseNotes(limit: Limits.listedReleases)
        } catch {
            throw EngineError(error)
        }
    }

    /// The one release whose name begins so; throws `.unknown` for none, `.refused` for several.
    package func find(_ prefix: String) async throws(EngineError) -> Digest {
        let wanted = prefix.lowercased()
        let found = try await all().map(\.release).filter { $0.hex.hasPrefix(wanted) }
        guard let first = found.first, wanted.count >= Limits.releasePrefix else {
            throw EngineError(
                .unknown,
                "there is no release '\(prefix)'; 'stepgate releases' lists them, and at least "
                    + "\(Limits.releasePrefix) characters of a name are needed"
            )
        }
        guard found.count == 1 else {
            throw EngineError(.refused, "\(found.count) releases begin with '\(prefix)': give more")
        }
        return first
    }

    private enum Plan {
        case standing(Promotion)
        case next(Promotion)
    }

    /// Works a promotion out on what is live, and again when another came first.
    private func attempt(
        _ plan: (Promotion?) async throws(EngineError) -> Plan
    ) async throws(EngineError) -> Promotion {
        for _ in 0..<Limits.staleAttempts {
            switch try await plan(try await live()) {
            case .standing(let promotion): return promotion
            case .next(let promotion):
                let change = Change(
                    entries: [entry(promotion)],
                    promotion: promotion
                )
                let result: CommitResult?
                do {
                    result = try await store.commit([change]).first
                } catch {
                    throw EngineError(error)
                }
                if case .committed? = result { return promotion }
                if case .removed(let release)? = result { throw .removed(release) }
            }
        }
        throw EngineError(.busy, "others promote releases at the same time; try again")
    }

    private func entry(_ promotion: Promotion) -> Entry {
        entry("release_" + promotion.act.rawValue, promotion.release, by: promotion.person)
    }

    func entry(_ act: String, _ release: Digest, by person: String) -> Entry {
        Entry(
            .administered,
            decision: nil,
            at: surroundings.clock.now,
            facts: JSONObject(uniqueMembers: [
                .init("act", .string(act)), .init("person", .string(person)),
                .init("release", .string(release.hex)),
            ])
        )
    }
}
