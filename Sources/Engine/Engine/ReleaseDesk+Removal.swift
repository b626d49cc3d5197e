package import Decisions
internal import Models
internal import Runs
package import Storage
package import Values

extension ReleaseDesk {
    /// Takes a release out of the store, in the transaction that finds that nothing needs it.
    ///
    /// Throws `.refused` with all that needs it and what to do about that, `.unknown` where it is not
    /// there. What was decided under it stays explained: the log says under which release, which
    /// policy and why. What needs its files, such as a restart of an ended run, says that it is gone.
    package func remove(
        _ release: Digest,
        by person: String
    ) async throws(EngineError) -> ReleaseRemoval {
        let removal = ReleaseRemoval(
            release: release,
            at: surroundings.clock.now,
            person: person
        )
        let change = Change(
            entries: [entry("release_removed", release, by: person)],
            removal: removal
        )
        let result: CommitResult?
        do {
            result = try await store.commit([change]).first
        } catch {
            throw EngineError(error)
        }
        switch result {
        case .committed: return removal
        case .inUse(let use): throw EngineError(.refused, use.sentence(on: release))
        case .removed: throw EngineError(.unknown, "release \(release.hex) was removed before")
        case .stale, .keyTaken, nil:
            throw EngineError(.unknown, "there is no release \(release.hex)")
        }
    }
}

extension ReleaseUse {
    /// All that needs the release, each with what to do about it.
    package func sentence(on release: Digest) -> String {
        var reasons: [String] = []
        if isLive { reasons.append("it is live; promote another release first") }
        if isNext {
            reasons.append(
                "the next rollback returns to it; roll back, or promote another release over the "
                    + "live one, first"
            )
        }
        if runCount > 0 {
            let names = runs.map { "\($0.plan.flow) \($0.id)" }
            reasons.append(
                "\(count(runCount, "live run finishes", "live runs finish")) on it: "
                    + "\(list(names, of: runCount)); wait for them, or cancel them "
                    + "('stepgate run cancel RUN')"
            )
        }
        if asking > 0 {
            let what = count(asking, "decision is being asked", "decisions are being asked")
            reasons.append("\(what) under it; wait for them")
        }
        if reviewCount > 0 {
            let what = count(reviewCount, "open review is", "open reviews are")
            reasons.append(
                "\(what) judged under it: \(list(reviews.map(\.description), of: reviewCount)); "
                    + "decide them, or withdraw their decisions"
            )
        }
        return "release \(release.hex.prefix(12)) is in use and stays. "
            + reasons.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined(separator: ". ")
    }

    private func count(_ number: Int, _ one: String, _ more: String) -> String {
        "\(number) \(number == 1 ? one : more)"
    }

    private func list(_ names: [String], of count: Int) -> String {
        let more = count - names.count
        return names.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }
}

extension EngineError {
    /// Something new was to be of a release that is gone; nothing was done.
    static func removed(_ release: Digest) -> EngineError {
        EngineError(
            .busy,
            "release \(release.hex.prefix(12)) was removed just now, so nothing new is begun under "
                + "it; try again under the one that is live"
        )
    }
}
