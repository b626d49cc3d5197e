internal import Autonomy
internal import Decisions
internal import Storage
package import Values

extension DecisionEngine {
    /// Takes over what is `asking` with a lease that ran out and that this engine does not hold:
    /// steps that a person recalled, or that an engine elsewhere left.
    package func reap(
        holding held: Set<Identifier>
    ) async throws(EngineError) -> [Asking] {
        try await takeOver { [now] record in
            !held.contains(record.id) && record.leaseUntil.map { $0 <= now } ?? true
        }
    }

    /// The decisions that an earlier engine left `asking`, taken over under a new epoch.
    package func resume() async throws(EngineError) -> [Asking] { try await takeOver { _ in true } }

    private func takeOver(
        _ isOurs: (DecisionRecord) -> Bool
    ) async throws(EngineError) -> [Asking] {
        var resumed: [Asking] = []
        var last: Identifier?
        while true {
            let page: [DecisionRecord]
            do {
                page = try await store.asking(after: last, limit: Limits.resumePage)
            } catch {
                throw EngineError(error)
            }
            for record in page where isOurs(record) { resumed.append(try await takeOver(record)) }
            guard let end = page.last, page.count == Limits.resumePage else { return resumed }
            last = end.id
        }
    }

    private func takeOver(_ left: DecisionRecord) async throws(EngineError) -> Asking {
        let release =
            left.release == live.digest ? live : try await releases.release(left.release)
        guard let policy = release.policy(left.policy) else {
            throw EngineError(.release, "release \(left.release.hex) has no policy \(left.policy)")
        }
        let input: JSON
        do {
            guard let kept = try await store.payload("/input", of: left.links.input) else {
                throw StoreError(.corrupt, "the input of decision \(left.id) is missing")
            }
            input = kept
        } catch let error as StoreError {
            throw EngineError(error)
        } catch {
            preconditionFailure("a store throws its own errors")
        }
        var record = left
        record.epoch += 1
        record.updatedAt = now
        record.leaseUntil = now + policy.longestCall
        var facts = Facts(record, release: release)
        facts.add("resumed", true)
        let entry = Entry(.accepted, decision: record.id, at: now, facts: facts.object)
        let change = Change(entries: [entry], decision: .update(record))
        let view = try await written(change, DecisionView(record: record, output: nil))
        return Asking(record: view.record, input: input, release: release, policy: policy)
    }
}
