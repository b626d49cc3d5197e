package import Decisions
internal import Reviews
package import Storage

extension MetricRegistry {
    /// Counts what a change did, once it is committed: what is counted is what is durable.
    package func count(_ change: Change, _ result: CommitResult) {
        switch result {
        case .committed:
            add(.changes, Labels("committed"))
            if let record = change.reached {
                add(
                    .decisions,
                    Labels(
                        record.policy,
                        record.route?.rawValue ?? "none",
                        record.state.rawValue
                    )
                )
            }
            for tally in change.tallies { count(tally) }
            for write in change.runs { count(write, deciding: change.decision != nil) }
        case .keyTaken: add(.changes, Labels("key_taken"))
        case .stale: add(.changes, Labels("stale"))
        case .inUse: add(.changes, Labels("in_use"))
        case .removed: add(.changes, Labels("removed"))
        }
    }

    private func count(_ tally: CallTally) {
        let model = tally.key.model
        let answered = max(0, tally.answered - tally.cached)
        if answered > 0 { add(.modelCalls, Labels(model, "answered"), Double(answered)) }
        if tally.cached > 0 { add(.modelCalls, Labels(model, "cached"), Double(tally.cached)) }
        for (kind, count) in tally.failures {
            add(.modelCalls, Labels(model, kind), Double(count))
        }
        for step in tally.latency.steps {
            observe(.modelSeconds, Labels(model), step.longest.seconds, count: step.count)
        }
        add(.modelTokens, Labels(model, "input"), Double(tally.inputTokens))
        add(.modelTokens, Labels(model, "output"), Double(tally.outputTokens))
        add(.modelCost, Labels(model), Double(tally.cost) / 1e12)
    }
}

extension Change {
    /// The decision as it is now, when the change brought it to another state.
    package var reached: DecisionRecord? {
        guard let write = decision else { return nil }
        let record = write.record
        if case .insert = write { return record }
        func tells(_ kind: Entry.Kind) -> Bool { entries.contains { $0.kind == kind } }
        let isReached =
            switch record.state {
            case .asking: tells(.accepted) || tells(.reviewRecalled)
            case .review: tells(.reviewOpened)
            case .decided, .rejected:
                // The verdict of an audit changes nothing of a decision that has taken effect.
                tells(.decided) || tells(.reviewDecided) && review?.review.kind == .decision
            case .failed: tells(.failed)
            case .withdrawn: tells(.withdrawn)
            }
        return isReached ? record : nil
    }
}
