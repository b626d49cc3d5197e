package import Values

/// One moment at which a release went live; the last of them says what is live.
///
/// Promotions form a stack: each names the one that a rollback returns to, so that rolling back
/// twice goes back twice, and never forth again.
package struct Promotion: Sendable, Equatable {
    package enum Act: String, Sendable, CaseIterable {
        /// A person, or the first start of an engine, made it live.
        case promoted
        /// The folder changed while it was watched.
        case watched
        case rolledBack = "rolled_back"
    }

    /// From 1, without a gap.
    package let number: Int64
    package let release: Digest
    package let act: Act
    package let person: String
    package let at: Instant
    /// The number of the promotion that a rollback returns to; nothing for the first.
    package let before: Int64?

    package init(
        number: Int64,
        release: Digest,
        act: Act,
        person: String,
        at: Instant,
        before: Int64?
    ) {
        self.number = number
        self.release = release
        self.act = act
        self.person = person
        self.at = at
        self.before = before
    }

    /// The promotion of a release over the live one.
    package static func of(
        _ release: Digest,
        over live: Promotion?,
        _ act: Act,
        by person: String,
        at now: Instant
    ) -> Promotion {
        Promotion(
            number: (live?.number ?? 0) + 1,
            release: release,
            act: act,
            person: person,
            at: now,
            before: live?.number
        )
    }

    /// The return from this promotion, the live one, to the one before it.
    package func rolledBack(
        to target: Promotion,
        by person: String,
        at now: Instant
    ) -> Promotion {
        Promotion(
            number: number + 1,
            release: target.release,
            act: .rolledBack,
            person: person,
            at: now,
            before: target.before
        )
    }

    package var json: JSON {
        [
            "number": .int(number), "release": .string(release.hex), "act": .string(act.rawValue),
            "person": .string(person), "at": .string(at.rfc3339),
        ]
    }
}

/// What is known of a release beside its files: who kept it, when, and why.
package struct ReleaseNote: Sendable, Equatable {
    package let release: Digest
    package let keptAt: Instant
    package let person: String
    /// What the person wrote of it.
    package let text: String?

    package init(release: Digest, keptAt: Instant, person: String, text: String?) {
        self.release = release
        self.keptAt = keptAt
        self.person = person
        self.text = text
    }

    package var json: JSON {
        [
            "release": .string(release.hex), "kept_at": .string(keptAt.rfc3339),
            "person": .string(person), "note": text.map(JSON.string) ?? .null,
        ]
    }
}

/// The removal of a release: by whom and when.
///
/// Its files are gone from the store then; what was decided under it stays explained by the log.
package struct ReleaseRemoval: Sendable, Equatable {
    package let release: Digest
    package let at: Instant
    package let person: String

    package init(release: Digest, at: Instant, person: String) {
        self.release = release
        self.at = at
        self.person = person
    }

    package var json: JSON {
        [
            "release": .string(release.hex), "removed_at": .string(at.rfc3339),
            "person": .string(person),
        ]
    }
}
