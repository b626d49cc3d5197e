package import Decisions
package import Reviews
internal import Values

/// What one change writes once it is admitted: the same for every store.
package struct ChangeWork: Sendable {
    package let entries: [StoredEntry]
    package let head: ChainHead
    package let decision: DecisionRecord?
    package let review: Review?

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
        var review = change.review?.review
        review?.version += 1
        self.review = review
    }
}
