package import Access
internal import Decisions
internal import Models
package import Storage
package import Values
package import Webhooks

/// Where tokens are made and revoked; each act is an entry of the log.
///
/// It needs no engine lock, so it works beside a running server, which asks the store about a token
/// anew after a second.
package struct TokenDesk: Sendable {
    private let store: any Store
    private let surroundings: Surroundings

    package init(store: any Store, surroundings: Surroundings) {
        self.store = store
        self.surroundings = surroundings
    }

    /// Makes a token and returns its secret, which is nowhere else and cannot be shown again.
    package func create(
        name: String,
        role: Role,
        policies: [String]?,
        lasting: Duration?,
        rate: Rate? = nil,
        by person: String
    ) async throws(EngineError) -> (secret: String, token: AccessToken) {
        let now = surroundings.clock.now
        let secret = AccessToken.secret(surroundings.chance.salt() + surroundings.chance.salt())
        let token = AccessToken(
            id: surroundings.chance.identifier(at: now),
            name: name,
            role: role,
            policies: policies,
            digest: AccessToken.digest(of: secret),
            createdAt: now,
            expiresAt: lasting.map { now + $0 },
            rate: rate
        )
        try await commit(token, "token_created", by: person)
        return (secret, token)
    }

    /// Revokes a token for good, and within a second wherever it is used; throws `.unknown` when there is none.
    package func revoke(
        _ id: Identifier,
        by person: String
    ) async throws(EngineError) -> AccessToken {
        guard var token = try await all().first(where: { $0.id == id }) else {
            throw EngineError(
                .unknown,
                "there is no token \(id); 'stepgate token list' lists them"
            )
        }
        guard token.revokedAt == nil else { return token }
        token.revokedAt = surroundings.clock.now
        try await commit(token, "token_revoked", by: person)
        return token
    }

    /// All tokens, oldest first.
    package func all() async throws(EngineError) -> [AccessToken] {
        do {
            return try await store.tokens()
        } catch {
            throw EngineError(error)
        }
    }

    /// What messages to a token's holder are signed with; for that holder's eyes only.
    package func webhookSecret(of token: Identifier) async throws(EngineError) -> WebhookSecret {
        do {
            return WebhookSecret(store: try await store.secret(), token: token)
        } catch {
            throw EngineError(error)
        }
    }

    private func commit(
        _ token: AccessToken,
        _ act: String,
        by person: String
    ) async throws(EngineError) {
        let entry = Entry(
            .administered,
            decision: nil,
            at: surroundings.clock.now,
            facts: JSONObject(uniqueMembers: [
                .init("act", .string(act)), .init("person", .string(person)),
                .init("token", .string(token.id.description)), .init("name", .string(token.name)),
                .init("role", .string(token.role.rawValue)),
                .init("policies", token.policies.map { .array($0.map(JSON.string)) } ?? .null),
                .init("expires_at", (token.expiresAt?.rfc3339).map(JSON.string) ?? .null),
                .init("rate", (token.rate?.text).map(JSON.string) ?? .null),
            ])
        )
        do {
            _ = try await store.commit([Change(entries: [entry], token: token)])
        } catch {
            throw EngineError(error)
        }
    }
}
