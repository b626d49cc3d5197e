package import Decisions
package import Reviews
package import Values
package import Webhooks

/// What one change writes once it is admitted: the same for every store.
package struct ChangeWork: Sendable {
    package let entries: [StoredEntry]
    package let head: ChainHead
    package let decision: DecisionRecord?
    package let review: Review?
    /// One that is new; due at once where its decision is final already.
    package let callback: Callback?
    /// When the decision became final, so that a callback which waits for it is due.
    package let finalAt: Instant?

    /// `links` are those of the stored decision, not of the copy the change was made from.
    package init(_ change: Change, after head: ChainHead, links stored: EntryLinks) {
        var head = head
        var links = stored
        var entries: [StoredEntry] = []
        entries.reserveCapacity(change.entries.count)
        for entry in change.entries {
            let bytes = entry.canonicalBytes
            head = head.appending(bytes)
            entries.append(
                StoredEntry(
                    sequence: head.count,
                    hash: head.hash,
                    bytes: bytes,
                    previous: links.last,
                    payload: entry.payload
                )
            )
            links.last = head.count
            for part in entry.payload {
                if part.name == "/input" { links.input = head.count }
                if part.name == "/output" { links.output = head.count }
            }
        }
        self.entries = entries
        self.head = head
        var decision = change.decision?.record
        decision?.version += 1
        decision?.links = links
        self.decision = decision
        let isFinal = decision.map { !$0.state.isPending } ?? false
        finalAt = isFinal ? decision?.updatedAt : nil
        var callback = change.callback
        if let finalAt { callback?.decided(at: finalAt) }
        self.callback = callback
        var review = change.review?.review
        review?.version += 1
        self.review = review
    }
}
