/// How much somebody knows: the log up to an entry, and the changes of runs up to one of them.
///
/// It is written `120.45`. What was given before there were changes of runs is written `120`.
package struct EventPosition: Sendable, Hashable, CustomStringConvertible {
    /// The sequence of the last entry that is known.
    package var entry: Int64
    /// The number of the last change of a run that is known.
    package var change: Int64

    package init(entry: Int64, change: Int64) {
        self.entry = entry
        self.change = change
    }

    package var description: String { "\(entry).\(change)" }

    func isBehind(_ other: EventPosition) -> Bool {
        entry < other.entry || change < other.change
    }
}

/// Where somebody wants to go on from.
package struct EventStart: Sendable, Hashable {
    /// What both numbers of a position are written like.
    private static let number = "(0|[1-9][0-9]{0,17})"
    /// What is read.
    package static let pattern = "^\(number)(\\.\(number))?$"

    package let entry: Int64
    /// Nothing for what comes from now on.
    package let change: Int64?

    package init(entry: Int64, change: Int64? = nil) {
        self.entry = entry
        self.change = change
    }

    /// Reads `120.45`, or `120`, which leaves out the changes so far.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            part.utf8.allSatisfy { (48...57).contains($0) } ? Int64(part) : nil
        }
        guard (1...2).contains(parts.count), numbers.count == parts.count else { return nil }
        self.init(entry: numbers[0], change: numbers.count > 1 ? numbers[1] : nil)
    }
}
