internal import Values

/// Recomputes the chain entry by entry and says what does not fit.
///
/// It finds any change, insertion, swap or inner removal; a removed tail only against a head kept
/// elsewhere.
package struct Verification: Sendable, Equatable {
    package enum Finding: Sendable, Equatable {
        case gap(expected: Int64, found: Int64)
        case hash(sequence: Int64)
        case notCanonical(sequence: Int64)
        case payload(sequence: Int64, part: String)
        /// The log ends before the kept head, or has another entry at its place.
        case head(ChainHead)
    }

    package private(set) var head = ChainHead.empty
    package private(set) var findings: [Finding] = []
    /// Payload parts whose digest matched.
    package private(set) var payloadParts = 0
    /// Payload parts that the entries name and the store no longer has.
    package private(set) var redactedParts = 0
    /// Kept heads not yet reached, by count.
    private var expected: [ChainHead]

    package init(against heads: [ChainHead] = []) {
        expected = heads.sorted { $0.count > $1.count }
        dropReachedHeads()
    }

    /// Takes the next entry of the log.
    package mutating func add(_ entry: StoredEntry) {
        if entry.sequence != head.count + 1 {
            note(.gap(expected: head.count + 1, found: entry.sequence))
        }
        let next = ChainHead(count: entry.sequence - 1, hash: head.hash).appending(entry.bytes)
        if next.hash != entry.hash { note(.hash(sequence: entry.sequence)) }
        checkPayload(of: entry)
        head = ChainHead(count: entry.sequence, hash: entry.hash)
        dropReachedHeads()
    }

    /// Call once after the last entry.
    package mutating func finish() {
        for head in expected { note(.head(head)) }
        expected = []
    }

    package var isWhole: Bool { findings.isEmpty }

    private mutating func dropReachedHeads() {
        while let next = expected.last, next.count <= head.count {
            if next != head { note(.head(next)) }
            expected.removeLast()
        }
    }

    private mutating func checkPayload(of entry: StoredEntry) {
        guard let value = try? JSON.read(entry.bytes), value.canonicalBytes == entry.bytes else {
            note(.notCanonical(sequence: entry.sequence))
            return
        }
        let promised = value["payload"]?.object?.members ?? []
        for part in entry.payload
        where !promised.contains(.init(part.name, .string(part.digest.hex))) {
            note(.payload(sequence: entry.sequence, part: part.name))
        }
        let names = Set(entry.payload.map(\.name))
        for member in promised where !names.contains(member.name) { redactedParts += 1 }
        payloadParts += entry.payload.count
    }

    private mutating func note(_ finding: Finding) {
        if findings.count < Limits.findings { findings.append(finding) }
    }
}

extension Verification.Finding: CustomStringConvertible {
    package var description: String {
        switch self {
        case .gap(let expected, let found):
            "entry \(expected) is missing: the next one has number \(found)"
        case .hash(let sequence):
            "entry \(sequence) was changed, or an entry before it: its hash does not follow"
        case .notCanonical(let sequence):
            "entry \(sequence) is not the canonical JSON that Stepgate writes"
        case .payload(let sequence, let part):
            "the payload \(part) of entry \(sequence) is not the one that was hashed"
        case .head(let head):
            "the log does not hold the \(head.count) entries of the kept head \(head)"
        }
    }
}
