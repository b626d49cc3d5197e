package import Values

/// Who may come in by which secret; the secret itself is nowhere, only its digest.
package struct AccessToken: Sendable, Equatable {
    package let id: Identifier
    /// Who it is, as decisions and reviews name them.
    package let name: String
    package let role: Role
    /// The policies it may ask about, and by `flow:NAME`, `work:KIND` and `event:TYPE` what else it may;
    /// nothing means all.
    package let policies: [String]?
    /// SHA-256 of the secret, which has 256 random bits and so needs no slow hash.
    package let digest: Digest
    package let createdAt: Instant
    package let expiresAt: Instant?
    package var revokedAt: Instant?
    /// How often it may ask; nothing means as often as the server's own rate lets everyone.
    package let rate: Rate?

    /// What every secret begins with, so that scanners of leaked text find it.
    package static let prefix = "sgt_"

    package init(
        id: Identifier,
        name: String,
        role: Role,
        policies: [String]?,
        digest: Digest,
        createdAt: Instant,
        expiresAt: Instant?,
        revokedAt: Instant? = nil,
        rate: Rate? = nil
    ) {
        self.id = id
        self.name = name
        self.role = role
        self.policies = policies
        self.digest = digest
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
        self.rate = rate
    }

    /// The secret that 32 random bytes spell, to be shown once.
    package static func secret(_ bytes: [UInt8]) -> String {
        precondition(bytes.count == 32, "a secret has 256 bits")
        return prefix + bytes.hex
    }

    /// What a secret is found by.
    package static func digest(of secret: String) -> Digest { Digest(of: Array(secret.utf8)) }

    /// Whether it is neither revoked nor expired.
    package func isValid(at now: Instant) -> Bool {
        revokedAt == nil && (expiresAt.map { now < $0 } ?? true)
    }

    /// Whether it may ask about a policy; a flow's questions to people, `FLOW/STEP`, go with the flow.
    package func covers(_ policy: String) -> Bool {
        guard let policies else { return true }
        if policies.contains(policy) { return true }
        return policy.firstIndex(of: "/").map { covers(flow: String(policy[..<$0])) } ?? false
    }

    /// Whether it may start and see runs of a flow: by `flow:NAME` among its policies.
    package func covers(flow: String) -> Bool { names("flow:\(flow)") }

    /// Whether it may claim work of a kind: by `work:KIND` among its policies.
    package func covers(work kind: String) -> Bool { names("work:\(kind)") }

    /// Whether it may send events of a type: by `event:TYPE` among its policies.
    package func covers(event type: String) -> Bool { names("event:\(type)") }

    private func names(_ scope: String) -> Bool { policies?.contains(scope) ?? true }

    /// All but the digest.
    package var json: JSON {
        [
            "id": .string(id.description), "name": .string(name), "role": .string(role.rawValue),
            "policies": policies.map { .array($0.map(JSON.string)) } ?? .null,
            "created_at": .string(createdAt.rfc3339),
            "expires_at": (expiresAt?.rfc3339).map(JSON.string) ?? .null,
            "revoked_at": (revokedAt?.rfc3339).map(JSON.string) ?? .null,
            "rate": (rate?.text).map(JSON.string) ?? .null,
        ]
    }
}
