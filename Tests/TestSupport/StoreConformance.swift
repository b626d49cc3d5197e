package import Decisions
package import Reviews
package import Storage
package import Values

/// What a test of stores works with: records, entries and changes that differ in what matters.
package enum StoreFixture {
    package static let now = Instant(microseconds: 1_800_000_000_000_000)
    package static let release = Digest(of: Array("release".utf8))

    package static func id(_ number: UInt64) -> Identifier {
        Identifier(at: now + .milliseconds(Int64(number)), random: (number, number))
    }

    package static func record(
        _ number: UInt64,
        state: DecisionState = .decided,
        policy: String = "p"
    ) -> DecisionRecord {
        DecisionRecord(
            id: id(number),
            policy: policy,
            release: release,
            key: "k\(number)",
            source: "s",
            caller: "c",
            createdAt: now,
            state: state
        )
    }

    package static func entry(
        _ record: DecisionRecord,
        _ kind: Entry.Kind = .decided,
        payload: [PayloadPart] = []
    ) -> Entry {
        Entry(
            kind,
            decision: record.id,
            at: now,
            facts: JSONObject(uniqueMembers: [.init("a", 1)]),
            payload: payload
        )
    }

    package static func part(_ name: String, _ value: JSON) -> PayloadPart {
        PayloadPart(name, salt: [UInt8](repeating: 5, count: 16), value: value)
    }

    /// A decision that waits for its review, whose number is greater by 100.
    package static func reviewed(_ number: UInt64) -> Change {
        let record = record(number, state: .review)
        return Change(
            entries: [entry(record, .reviewOpened)],
            decision: .insert(record, key: nil),
            review: .insert(review(number + 100, of: number))
        )
    }

    /// A decision made at once, with its key.
    package static func decided(_ number: UInt64, scope: String = "job") -> Change {
        let record = record(number)
        let input: JSON = ["n": .int(Int64(number))]
        return Change(
            entries: [
                entry(record, payload: [part("/input", input), part("/output", ["yes": true])])
            ],
            decision: .insert(
                record,
                key: KeyClaim(
                    scope: scope,
                    key: "k\(number)",
                    body: Digest(of: input.canonicalBytes)
                )
            )
        )
    }

    package static func review(_ number: UInt64, of decision: UInt64) -> Review {
        Review(
            id: id(number),
            kind: .decision,
            decision: id(decision),
            policy: "p",
            terms: Review.Terms(
                queue: "q\(number % 2)",
                due: .seconds(60),
                approvals: 1,
                lease: .seconds(60),
                fourEyes: false
            ),
            reason: "rule",
            because: "because",
            requester: "c",
            openedAt: now,
            candidate: nil
        )
    }
}

extension Store {
    /// Every entry, in order.
    package func wholeLog() async throws(StoreError) -> [StoredEntry] {
        try await entries(from: 1, limit: 100_000)
    }

    /// What a verification of the whole log finds.
    package func verified(against heads: [ChainHead] = []) async throws(StoreError) -> Verification
    {
        var verification = Verification(against: heads)
        for entry in try await wholeLog() { verification.add(entry) }
        verification.finish()
        return verification
    }
}
