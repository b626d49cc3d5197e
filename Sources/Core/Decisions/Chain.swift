package import Values

/// The end of a log: how many entries it has and the hash of the last.
///
/// Written `N:HASH`. Whoever keeps one elsewhere can show later that the log still begins with
/// those N entries.
package struct ChainHead: Sendable, Equatable {
    package let count: Int64
    package let hash: Digest

    package init(count: Int64, hash: Digest) {
        self.count = count
        self.hash = hash
    }

    /// The head of an empty log.
    package static let empty = ChainHead(count: 0, hash: .zero)

    /// Reads `N:HASH`.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Int64(parts[0]), count >= 0,
            let hash = Digest(hex: String(parts[1]))
        else { return nil }
        self.init(count: count, hash: hash)
    }

    /// The head once an entry with those canonical bytes follows.
    ///
    /// `hash = SHA-256(previous hash || sequence as 8 bytes, most significant first || entry)`, so
    /// an entry can neither change nor stand at another place.
    package func appending(_ entry: [UInt8]) -> ChainHead {
        let sequence = UInt64(count + 1)
        let place = (0..<8).map { UInt8(truncatingIfNeeded: sequence >> (56 - 8 * $0)) }
        return ChainHead(count: count + 1, hash: Digest(of: hash.bytes, place, entry))
    }
}

extension ChainHead: CustomStringConvertible {
    package var description: String { "\(count):\(hash.hex)" }
}

/// An entry as the log keeps it.
package struct StoredEntry: Sendable, Equatable {
    /// From 1, without a gap.
    package let sequence: Int64
    package let hash: Digest
    package let bytes: [UInt8]
    /// The sequence of the same decision's entry before this one, 0 for its first.
    package let previous: Int64
    /// The payload's parts; empty when there was none or it was redacted.
    package let payload: [PayloadPart]

    package init(
        sequence: Int64,
        hash: Digest,
        bytes: [UInt8],
        previous: Int64,
        payload: [PayloadPart]
    ) {
        self.sequence = sequence
        self.hash = hash
        self.bytes = bytes
        self.previous = previous
        self.payload = payload
    }
}
